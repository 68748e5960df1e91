/** The mails to the winners of an attempt: one mail per person with all prizes, and the end of the claim window. */
import type { MailOfMany } from '../accounts/mail/enqueue-mail.ts'
import { DAY_MS } from '../core/time.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import type { DrawnWinner } from '../tickets/pool-contract.ts'
import { prizeOf } from './present.ts'

type Raffle = Pick<RaffleRow, 'id' | 'title' | 'prizes' | 'claimDays' | 'timeZone'>

export const claimByOf = ({ claimDays }: Pick<Raffle, 'claimDays'>, announcedAt: number): number =>
  announcedAt + claimDays * DAY_MS

export function winnerMails(
  raffle: Raffle,
  attempt: number,
  drawn: DrawnWinner[],
  announcedAt: number,
): MailOfMany<'won'>[] {
  const { id: raffleId, title, timeZone } = raffle
  const claimBy = claimByOf(raffle, announcedAt)
  const prizesOf = new Map<string, string[]>()
  for (const { holder, unit } of drawn) {
    const { title: prize } = prizeOf({ winner: { unit }, raffle })
    prizesOf.set(holder, [...(prizesOf.get(holder) ?? []), prize])
  }
  return [...prizesOf].map(([to, prizes]) => ({
    to,
    subject: `${raffleId}:${attempt}:${to}`,
    data: { raffleId, title, prizes, claimBy, timeZone },
  }))
}
