/** Folds the titles of events that have no folded text. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { fold } from '../core/fold.ts'
import { foldRows } from '../core/folded.ts'
import { events } from './schema.ts'

export const foldEvents = (ctx: Ctx) =>
  foldRows<{ title: string }>(ctx, {
    table: events,
    name: 'event',
    source: sql`title`,
    foldedOf: ({ title }) => fold(title),
  })
