/** The parts of an event that have a pool: its ticket types and its capacity groups. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { ID_PREFIXES } from '../../core/ids.ts'
import { poolNameOf } from '../../tickets/reservation-id.ts'
import type { TicketTypeTerms } from '../../tickets/terms.ts'
import { groupTermsOf } from '../capacity-groups/terms.ts'
import {
  type CapacityGroupRow,
  capacityGroups,
  type EventRow,
  events,
  type TicketTypeRow,
  ticketTypes,
} from '../schema.ts'
import { termsOf } from './terms.ts'

export interface Part {
  table: typeof ticketTypes | typeof capacityGroups
  row: TicketTypeRow | CapacityGroupRow
  /** The pool of the capacity group that keeps its waiting list; null: its own pool does. */
  groupPool: string | null
  /** Whether orders name it, so that they are refunded once it is cancelled. */
  hasOrders: boolean
  /** The terms that the row wants. */
  termsOf(event: EventRow, holdSeconds: number): TicketTypeTerms
}

export interface FoundPart {
  event: EventRow
  part: Part
}

const isGroup = (id: string): boolean => id.startsWith(`${ID_PREFIXES.capacityGroup}_`)

/** The part with this id and its event; undefined: it was deleted. */
export const findPart = (ctx: Ctx, id: string): Promise<FoundPart | undefined> =>
  isGroup(id) ? findGroupPart(ctx, id) : findTypePart(ctx, id)

async function findTypePart(ctx: Ctx, id: string): Promise<FoundPart | undefined> {
  const found = await ctx.db
    .select({ event: events, row: ticketTypes })
    .from(ticketTypes)
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(eq(ticketTypes.id, id))
    .get()
  if (found === undefined) return undefined
  const { event, row } = found
  const wanted = { ...row, ...row.change }
  return {
    event,
    part: {
      table: ticketTypes,
      row,
      groupPool: row.capacityGroupId === null ? null : poolNameOf(row.capacityGroupId),
      hasOrders: true,
      termsOf: (...sold) => termsOf(sold[0], wanted, sold[1]),
    },
  }
}

async function findGroupPart(ctx: Ctx, id: string): Promise<FoundPart | undefined> {
  const found = await ctx.db
    .select({ event: events, row: capacityGroups })
    .from(capacityGroups)
    .innerJoin(events, eq(events.id, capacityGroups.eventId))
    .where(eq(capacityGroups.id, id))
    .get()
  if (found === undefined) return undefined
  const { event, row } = found
  const wanted = { ...row, ...row.change }
  return {
    event,
    part: {
      table: capacityGroups,
      row,
      groupPool: null,
      hasOrders: false,
      termsOf: (...sold) => groupTermsOf(sold[0], wanted, sold[1]),
    },
  }
}
