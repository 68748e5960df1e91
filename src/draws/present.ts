/** Winners as they are answered. */
import { displayName } from '../accounts/display-name.ts'
import type { UserRow } from '../accounts/schema.ts'
import { toInstant } from '../core/time.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import type { Winner } from './contract.ts'
import type { WinnerRow } from './schema.ts'

export interface FoundWinner {
  winner: WinnerRow
  raffle: Pick<RaffleRow, 'id' | 'slug' | 'title' | 'prizes'>
  user: Pick<UserRow, 'name' | 'winnerDisplay'>
}

export function presentWinner({ winner, raffle, user }: FoundWinner): Winner {
  const prize = raffle.prizes[rankOf(winner.unit) - 1]!
  return {
    id: winner.id,
    raffle: { id: raffle.id, slug: raffle.slug, title: raffle.title },
    unit: winner.unit,
    prize: { title: prize.title, kind: prize.kind },
    number: winner.number,
    name: displayName(user),
    status: winner.status,
    attempt: winner.attempt,
    announcedAt: toInstant(winner.announcedAt),
    claimBy: toInstant(winner.claimBy),
    reason: winner.reason,
  }
}

export const rankOf = (unit: string): number => Number(unit.split('#')[0])
