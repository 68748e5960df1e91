/** The mails to the winners of an attempt: one mail per person with all prizes, and the end of the claim window. */
import type { MailOfMany } from '../accounts/mail/enqueue-mail.ts'
import { DAY_MS } from '../core/time.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import type { DrawnWinner } from '../tickets/pool-contract.ts'
import { prizeOf } from './present.ts'

type Raffle = Pick<RaffleRow, 'id' | 'title' | 'prizes' | 'claimDays' | 'timeZone'>

export const claimByOf = ({ claimDays }: Pick<Raffle, 'claimDays'>, announcedAt: number): number =>
  announcedAt + claimDays * DAY_MS

/** A prize in a mail. */
export const prizeText = (title: string, isEventCancelled: boolean): string =>
  isEventCancelled ? `${title} (its event was cancelled)` : title

/** `lost`: the units that are admissions to cancelled events. */
export function winnerMails(
  raffle: Raffle,
  attempt: number,
  drawn: DrawnWinner[],
  announcedAt: number,
  lost: ReadonlySet<string>,
): MailOfMany<'won'>[] {
  const { id: raffleId, title, timeZone } = raffle
  const claimBy = claimByOf(raffle, announcedAt)
  const prizesOf = new Map<string, string[]>()
  for (const { holder, unit } of drawn) {
    const { title: prize } = prizeOf({ winner: { unit }, raffle })
    const prizes = prizesOf.get(holder) ?? []
    prizesOf.set(holder, [...prizes, prizeText(prize, lost.has(unit))])
  }
  return [...prizesOf].map(([to, prizes]) => ({
    to,
    subject: `${raffleId}:${attempt}:${to}`,
    data: { raffleId, title, prizes, claimBy, timeZone },
  }))
}
