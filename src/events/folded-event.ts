/**
 * The folded text of an event: the words of its title and place, and its city after a line feed. `q` looks through all of
 * it, and `city` compares the end.
 */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { fold } from '../core/fold.ts'
import { foldRows } from '../core/folded.ts'
import { type EventRow, events } from './schema.ts'

export const foldEvent = ({ title, venue, city }: Pick<EventRow, 'title' | 'venue' | 'city'>): string =>
  `${fold(`${title} ${venue ?? ''}`)}\n${fold(city ?? '')}`

/** Folds the events that have no folded text. */
export const foldEvents = (ctx: Ctx) =>
  foldRows<Pick<EventRow, 'title' | 'venue' | 'city'>>(ctx, {
    table: events,
    name: 'event',
    source: sql`title, venue, city`,
    foldedOf: foldEvent,
  })
