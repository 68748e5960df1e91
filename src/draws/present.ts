/** A winner in its wire shapes. */
import { displayName } from '../accounts/display-name.ts'
import type { UserRow } from '../accounts/schema.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import { digitsOf } from '../raffles/draw-method.ts'
import { type EconomicRules, settleTakings } from '../raffles/economics.ts'
import type { Prize } from '../raffles/prize-contract.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { labelOf } from '../tickets/number-label.ts'
import type { Commitment } from '../tickets/pool-contract.ts'
import type { Winner } from './contract.ts'
import type { DisqualificationRow, WinnerRow } from './schema.ts'
import type { SeatProblem } from './seat-of-winner.ts'

export interface FoundWinner {
  winner: WinnerRow
  raffle: EconomicRules & Pick<RaffleRow, 'id' | 'slug' | 'title' | 'priceCurrency' | 'draw'>
  commitment: Commitment | null
  user: Pick<UserRow, 'name' | 'winnerDisplay'>
  /** The payment of its prize; null until it is paid. */
  payout: { paidAt: number; reference: string | null } | null
  /** Why its winner cannot get the admission; null: nothing is wrong, or the prize is none. */
  seatProblem: SeatProblem | null
  /** Whether the prize is an admission of a type that is not listed; null: it is no admission. */
  isTypeHidden: boolean | null
}

/** For the winner: with the reference of the payment, and a ticket type that is not listed. */
export function presentToWinner(found: FoundWinner): Winner {
  const winner = presentWinner(found)
  return {
    ...winner,
    prize: { ...winner.prize, ticketTypeId: ticketTypeOf(found) },
    paymentReference: found.payout?.reference ?? null,
  }
}

function ticketTypeOf(found: FoundWinner): string | null {
  const prize = prizeOf(found)
  return (prize.kind === 'item' && prize.ticketTypeId) || null
}

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
      // Whoever has the id of a type that is not listed can buy it.
      ticketTypeId: found.isTypeHidden === true ? null : ticketTypeOf(found),
      undeliverable: found.seatProblem === null ? null : UNDELIVERABLE[found.seatProblem],
    },
    number: winner.number,
    label: labelOf(winner.number, digitsOf(raffle.draw)),
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

const INSTEAD = 'so there is no admission. The organisation decides what the winner gets instead.'
const UNDELIVERABLE: Record<SeatProblem, string> = {
  cancelled: `The event was cancelled, ${INSTEAD}`,
  over: `The event is over, ${INSTEAD}`,
}

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
