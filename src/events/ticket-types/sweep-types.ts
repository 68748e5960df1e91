/** Finishes changes of ticket types and capacity groups that a crash left between the database and the pool. */
import { asc, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { type Swept, sweepRows } from '../../core/sweep-rows.ts'
import { capacityGroups, ticketTypes } from '../schema.ts'
import type { Part } from './parts.ts'
import { bringIntoStep } from './step.ts'

export const sweepTicketTypes = (ctx: Ctx): Promise<Swept> => sweep(ctx, ticketTypes, 'ticket type')

export const sweepCapacityGroups = (ctx: Ctx): Promise<Swept> => sweep(ctx, capacityGroups, 'capacity group')

const sweep = (ctx: Ctx, table: Part['table'], name: string): Promise<Swept> =>
  sweepRows(ctx, {
    name,
    page: (limit) =>
      ctx.db
        .select({ id: sql<string>`${table.id}` })
        .from(table as typeof ticketTypes)
        .where(lte(table.dueAt, ctx.now))
        .orderBy(asc(table.dueAt))
        .limit(limit),
    one: async ({ id }) => {
      try {
        await bringIntoStep(ctx, id)
      } catch (error) {
        // The pool has refused the change, and the row has dropped it: nothing is left to do.
        if (!(error instanceof Problem) || error.code === 'conflict') throw error
        ctx.log.info(`change of a ${name} refused`, { id, reason: error.message })
      }
    },
  })
