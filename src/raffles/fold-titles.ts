/** Folds the titles of raffles that have no folded text. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { fold } from '../core/fold.ts'
import { foldRows } from '../core/folded.ts'
import { raffles } from './schema.ts'

export const foldRaffles = (ctx: Ctx) =>
  foldRows<{ title: string }>(ctx, {
    table: raffles,
    name: 'raffle',
    source: sql`title`,
    foldedOf: ({ title }) => fold(title),
  })
