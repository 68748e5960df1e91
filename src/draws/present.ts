/** A winner in its wire shapes. */
import { displayName } from '../accounts/display-name.ts'
import type { UserRow } from '../accounts/schema.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import type { Prize } from '../raffles/contract.ts'
import { type EconomicRules, settleTakings } from '../raffles/economics.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import type { Commitment } from '../tickets/pool-contract.ts'
import type { Winner } from './contract.ts'
import type { DisqualificationRow, WinnerRow } from './schema.ts'

export interface FoundWinner {
  winner: WinnerRow
  raffle: EconomicRules & Pick<RaffleRow, 'id' | 'slug' | 'title' | 'priceCurrency'>
  commitment: Commitment | null
  user: Pick<UserRow, 'name' | 'winnerDisplay'>
  /** The payment of its prize; null until it is paid. */
  payout: { paidAt: number; reference: string | null } | null
  /** Its prize is an admission to an event that was cancelled. */
  isEventCancelled: boolean
}

/** For the winner: with the reference of the payment. */
export const presentToWinner = (found: FoundWinner): Winner => ({
  ...presentWinner(found),
  paymentReference: found.payout?.reference ?? null,
})

/** For members who manage the winners: with the proposal that waits for a decision. */
export const presentToMember = (found: FoundWinner & { proposal: DisqualificationRow | null }): Winner => ({
  ...presentToWinner(found),
  disqualification: found.proposal === null ? null : presentProposal(found.proposal),
})

const presentProposal = ({ reason, proposedBy, proposedAt, lapsesAt }: DisqualificationRow) => ({
  reason,
  proposedBy,
  proposedAt: toInstant(proposedAt),
  lapsesAt: toInstant(lapsesAt),
})

/** For everybody: it shows neither whether a proposal waits nor the reference of a payment. */
export function presentWinner(found: FoundWinner): Winner {
  const { winner, raffle, user } = found
  const prize = prizeOf(found)
  const amount = prizeAmount(found)
  return {
    id: winner.id,
    raffle: { id: raffle.id, slug: raffle.slug, title: raffle.title },
    unit: winner.unit,
    prize: {
      title: prize.title,
      kind: prize.kind,
      amount: amount === null ? null : { amount, currency: raffle.priceCurrency },
      ticketTypeId: (prize.kind === 'item' && prize.ticketTypeId) || null,
      undeliverable: found.isEventCancelled ? UNDELIVERABLE : null,
    },
    number: winner.number,
    name: displayName(user),
    status: winner.status,
    attempt: winner.attempt,
    announcedAt: toInstant(winner.announcedAt),
    claimBy: toInstant(winner.claimBy),
    reason: winner.reason,
    paidAt: toInstantOrNull(found.payout?.paidAt),
    paymentReference: null,
    disqualification: null,
  }
}

const UNDELIVERABLE =
  'The event was cancelled, so there is no admission. The organisation decides what the winner gets instead.'

interface Drawn {
  winner: Pick<WinnerRow, 'unit'>
  raffle: Pick<RaffleRow, 'prizes'>
}

export const prizeOf = ({ winner, raffle }: Drawn): Prize => raffle.prizes[rankOf(winner.unit) - 1]!

/** The payout of cash or of a share, in minor units; null for an item. */
export function prizeAmount(found: Pick<FoundWinner, 'winner' | 'raffle' | 'commitment'>): number | null {
  const prize = prizeOf(found)
  if (prize.kind === 'item') return null
  if (prize.kind === 'cash') return prize.value.amount
  // There is a winner, so there is a commitment.
  return settleTakings(found.raffle, found.commitment!.ticketCount).units.get(found.winner.unit)!
}

const rankOf = (unit: string): number => Number(unit.split('#')[0])
