/** Finishes changes of ticket types that a crash left between the database and the pool. */
import { asc, lte } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { type Swept, sweepRows } from '../../core/sweep-rows.ts'
import { ticketTypes } from '../schema.ts'
import { bringIntoStep } from './step.ts'

export const sweepTicketTypes = (ctx: Ctx): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'ticket type',
    page: (limit) =>
      ctx.db
        .select({ id: ticketTypes.id })
        .from(ticketTypes)
        .where(lte(ticketTypes.dueAt, ctx.now))
        .orderBy(asc(ticketTypes.dueAt))
        .limit(limit),
    one: async ({ id }) => {
      try {
        await bringIntoStep(ctx, id)
      } catch (error) {
        // The pool has refused the change, and the row has dropped it: nothing is left to do.
        if (!(error instanceof Problem) || error.code === 'conflict') throw error
        ctx.log.info('change of a ticket type refused', { ticketTypeId: id, reason: error.message })
      }
    },
  })
