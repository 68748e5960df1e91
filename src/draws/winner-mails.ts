/** The mails to the winners of an attempt: one mail per person with all prizes, and the end of the claim window. */
import type { MailOfMany } from '../accounts/mail/enqueue-mail.ts'
import { DAY_MS } from '../core/time.ts'
import { digitsOf } from '../raffles/draw-method.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { labelOf } from '../tickets/number-label.ts'
import type { DrawnWinner } from '../tickets/pool-contract.ts'
import { prizeOf } from './present.ts'
import type { SeatProblem } from './seat-of-winner.ts'

type Raffle = Pick<RaffleRow, 'id' | 'title' | 'prizes' | 'claimDays' | 'timeZone' | 'draw'>

export const claimByOf = ({ claimDays }: Pick<Raffle, 'claimDays'>, announcedAt: number): number =>
  announcedAt + claimDays * DAY_MS

/** A prize in a mail. */
export const prizeText = (title: string, problem: SeatProblem | null): string =>
  problem === null ? title : `${title} (${PROBLEMS[problem]})`

const PROBLEMS: Record<SeatProblem, string> = {
  cancelled: 'its event was cancelled',
  over: 'its event is over',
}

/** `problems`: of the units that are admissions. */
export function winnerMails(
  raffle: Raffle,
  attempt: number,
  drawn: DrawnWinner[],
  announcedAt: number,
  problems: ReadonlyMap<string, SeatProblem | null>,
): MailOfMany<'won'>[] {
  const { id: raffleId, title, timeZone } = raffle
  const claimBy = claimByOf(raffle, announcedAt)
  const prizesOf = new Map<string, string[]>()
  const digits = digitsOf(raffle.draw)
  for (const { holder, unit, number } of drawn) {
    const { title: prize } = prizeOf({ winner: { unit }, raffle })
    const prizes = prizesOf.get(holder) ?? []
    // Who waits for the numbers of a lottery wants to see the own one.
    const which = digits === null ? '' : ` (№ ${labelOf(number, digits)})`
    prizesOf.set(holder, [...prizes, prizeText(prize, problems.get(unit) ?? null) + which])
  }
  return [...prizesOf].map(([to, prizes]) => ({
    to,
    subject: `${raffleId}:${attempt}:${to}`,
    data: { raffleId, title, prizes, claimBy, timeZone },
  }))
}
