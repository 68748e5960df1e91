/** What follows from the way in which a raffle is drawn: by a beacon, or by an official lottery. Pure. */
import { SECOND_MS } from '../core/time.ts'
import { brokenLotteryRules, type LotteryDraw, numbersOf } from '../rdp1/lot1.ts'
import { DEFAULT_REDRAWS, type Draw } from './draw-contract.ts'
import type { RulesColumns } from './terms.ts'

/** A late freeze cancels the raffle, so there is time to spare beyond the longest wait for the last payments. */
export const SPARE_BEFORE_OFFICIAL_DRAW_MS = 15 * SECOND_MS

/** How many digits a raffle's numbers are shown with; null: no leading zeros. */
export const digitsOf = (draw: Draw): number | null => (draw.method === 'lottery' ? draw.digits : null)

/** The rules that lot1 fixes. */
export const fixedByLottery = (draw: LotteryDraw) =>
  ({
    totalTickets: numbersOf(draw),
    winPolicy: 'perTicket',
    onUnclaimed: 'keep',
    maxRedraws: 0,
  }) as const

export const redrawsByDefault = (draw: Draw) =>
  draw.method === 'lottery' ? fixedByLottery(draw) : DEFAULT_REDRAWS

type FixedRules = Pick<RulesColumns, 'draw' | 'totalTickets' | 'winPolicy' | 'onUnclaimed' | 'maxRedraws'>

/** The rules that a lottery does not allow, by field; empty if a beacon draws. */
export const wrongLotteryRules = (raffle: FixedRules): { path: string; message: string }[] =>
  brokenLotteryRules({ ...raffle, chain: null }).map(({ rule, must }) => ({
    path: rule,
    message: `must ${must}, because an official lottery decides`,
  }))
