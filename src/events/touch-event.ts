/** Guards a change against another one at the same moment: a publication, a cancellation, another change. */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { type EventRow, events } from './schema.ts'

/** Changes columns of an event, if it still is as it was read. Returns no row otherwise. */
export const guardedUpdate = (ctx: Ctx, event: EventRow, columns: Partial<typeof events.$inferSelect>) =>
  ctx.db
    .update(events)
    .set({ ...columns, revision: sql`${events.revision} + 1`, updatedAt: ctx.now })
    .where(and(eq(events.id, event.id), eq(events.revision, event.revision)))
    .returning({ id: events.id })

/** The first statement of a batch that changes a ticket type. The next statement asks `hasChanged`. */
export const touch = (ctx: Ctx, event: EventRow) => guardedUpdate(ctx, event, {})

export const changedMeanwhile = () =>
  new Problem('conflict', 'Someone else changed this event a moment ago. Read it again.')
