/**
 * Keeps the pool of a capacity group in step with a ticket type, because the group offers seats for it: before the type's
 * pool takes new terms, and after. A crash in between leaves the type's row due, so both are repeated.
 */
import type { Ctx } from '../../core/context.ts'
import { askPool, orThrow } from '../../tickets/client.ts'
import { seatsUntil } from '../../tickets/pool/terms-row.ts'
import type { PoolState, Refusal } from '../../tickets/pool-contract.ts'
import { poolNameOf } from '../../tickets/reservation-id.ts'
import { seatTypeOf } from '../../tickets/seat-type.ts'
import type { Terms, TicketTypeTerms } from '../../tickets/terms.ts'

/**
 * Before the type gets fewer tickets, another price, or leaves its group: the group gives out no seat that the type will no
 * longer have, and none under terms that change. Returns the group's refusal; null: go on.
 */
export async function keepGroupWithin(
  ctx: Ctx,
  itemId: string,
  present: PoolState | null,
  wanted: TicketTypeTerms,
  until: number,
): Promise<Refusal | null> {
  if (present === null || present.terms.kind === 'raffle') return null
  const { groupId } = present.terms
  if (groupId === undefined) return null
  const total = seatsUntil(present.terms, wanted)
  if (total === present.terms.total) return null
  const seatType = { ...seatTypeOf(itemId, present.termsVersion, present.terms), total }
  const outcome = await askPool(ctx, poolNameOf(groupId), (pool) => pool.keepWithin(seatType, until))
  return outcome.ok || isUnknown(outcome) ? null : outcome
}

/** The terms that the type has now. */
export async function tellGroup(ctx: Ctx, itemId: string, version: number, terms: Terms): Promise<void> {
  if (terms.kind === 'raffle' || terms.groupId === undefined) return
  const seatType = seatTypeOf(itemId, version, terms)
  const outcome = await askPool(ctx, poolNameOf(terms.groupId), (pool) => pool.setSeatType(seatType))
  if (!outcome.ok && !isUnknown(outcome)) orThrow(outcome)
}

/** Nobody waits in a group that is not on sale yet. Who joins first tells it of the type. */
const isUnknown = ({ code }: Refusal): boolean => code === 'not_found'
