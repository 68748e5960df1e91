// Rows of attempts and winners for the pure decisions; fields that no decision reads are empty.
import type { WinnerRow, WinnerStatus } from '../../src/draws/schema.ts'
import type { Attempt } from '../../src/tickets/pool-contract.ts'

export const DAY = 86_400_000
export const ANNOUNCED_AT = Date.parse('2031-05-06T10:00:00Z')
export const CLAIM_BY = ANNOUNCED_AT + 14 * DAY

/** An attempt for `units`: drawn, with the tickets in the order of the units, or pending. */
export const attemptRow = (
  attempt: number,
  units: string[],
  tickets: number[] | 'pending',
  round = 1_000 + attempt,
): Attempt => {
  const pending = tickets === 'pending'
  return {
    attempt,
    requestedAt: 0,
    reason: '',
    round,
    units,
    excludedTags: [],
    excludedTickets: [],
    attemptHash: '',
    attemptSignature: '',
    signature: pending ? null : 'aa',
    randomness: pending ? null : 'bb',
    seed: pending ? null : 'cc',
    winners: pending ? null : tickets.map((ticket, step) => ({ unit: units[step]!, ticket, step })),
    steps: pending ? null : tickets.length,
  }
}

export const winnerRow = (
  attempt: number,
  unit: string,
  status: WinnerStatus,
  changes: Partial<WinnerRow> = {},
): WinnerRow => ({
  id: `winner_${attempt}_${unit}`,
  raffleId: 'raffle_1',
  attempt,
  unit,
  number: 10 * (attempt + 1) + Number(unit.split('#')[1]),
  userId: 'user_1',
  reservationId: 'res_1',
  status,
  announcedAt: ANNOUNCED_AT,
  claimBy: CLAIM_BY,
  claimedAt: null,
  deliveryAddress: null,
  reason: null,
  updatedAt: ANNOUNCED_AT,
  ...changes,
})
