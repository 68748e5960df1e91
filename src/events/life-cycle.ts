/** What an event and its sales show at an instant: pure functions of stored facts, the pool's projection and the time. */
import type { EventStatus, SaleState } from './contract.ts'
import type { CapacityGroupRow, EventRow, TicketTypeRow } from './schema.ts'

/** An instant belongs to the status that begins at it: at `endsAt` the event is over. */
export function statusAt(
  { status, endsAt, postponedAt }: Pick<EventRow, 'status' | 'endsAt' | 'postponedAt'>,
  now: number,
): EventStatus {
  if (status !== 'published') return status
  if (now >= endsAt) return 'over'
  return postponedAt === null ? 'published' : 'postponed'
}

type TypeTimes = Pick<TicketTypeRow, 'opensAt' | 'closesAt' | 'createdAt'>
type EventTimes = Pick<EventRow, 'publishedAt' | 'endsAt'>

/** When sales open: at their own time, or when the event or the ticket type appeared. Null: the event is a draft. */
export function opensAtOf(type: TypeTimes, { publishedAt }: EventTimes): number | null {
  if (type.opensAt !== null) return type.opensAt
  return publishedAt === null ? null : Math.max(publishedAt, type.createdAt)
}

/** When sales close: at their own time, but never after the event. */
export const closesAtOf = (type: TypeTimes, { endsAt }: EventTimes): number =>
  Math.min(type.closesAt ?? endsAt, endsAt)

export interface SaleFacts {
  event: Pick<EventRow, 'status' | 'publishedAt' | 'endsAt'>
  type: TypeTimes & Pick<TicketTypeRow, 'capacity' | 'termsVersion'>
  /** The last projection; null: nothing was ever on sale. */
  pool: { sold: number; held: number; cancelled: boolean } | null
  /** Its capacity group; null: none. */
  group: {
    group: Pick<CapacityGroupRow, 'capacity' | 'termsVersion'>
    pool: { sold: number; held: number } | null
  } | null
}

/** How many tickets are left now: no more than the capacity group has seats, if there is one. */
export function availableOf({ type, pool, group }: Pick<SaleFacts, 'type' | 'pool' | 'group'>): number {
  const left = ({ capacity }: { capacity: number }, taken: { sold: number; held: number } | null) =>
    Math.max(0, capacity - (taken?.sold ?? 0) - (taken?.held ?? 0))
  const own = left(type, pool)
  return group === null ? own : Math.min(own, left(group.group, group.pool))
}

export function saleStateAt(facts: SaleFacts, now: number): SaleState {
  const { event, type, pool, group } = facts
  if (event.status === 'cancelled' || pool?.cancelled) return 'cancelled'
  const opensAt = opensAtOf(type, event)
  if (event.status === 'draft' || opensAt === null) return 'not_on_sale'
  if (now >= closesAtOf(type, event)) return 'ended'
  if (now < opensAt) return 'upcoming'
  if (type.termsVersion === 0 || pool === null) return 'not_on_sale'
  if (group !== null && (group.group.termsVersion === 0 || group.pool === null)) return 'not_on_sale'
  return availableOf(facts) === 0 ? 'sold_out' : 'open'
}
