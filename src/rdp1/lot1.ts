// lot1: the numbers of an official lottery draw decide a raffle. Its rules, the chain of its results, and the pick. Pure.

import { concat, hash32, LP, sha256, u32 } from './encoding.ts'
import { indexFrom, type TicketList } from './list.ts'
import type { Rules } from './rules.ts'

export type LotteryDraw = Extract<Rules['draw'], { method: 'lottery' }>

/** Stands for the hash of a beacon's chain in the commitment. */
export const NO_CHAIN = '00'.repeat(32)
/** Stands for the round of a beacon in the commitment. */
export const NO_ROUND = 0

/** Null: a beacon draws. */
export const lotteryDrawOf = ({ draw }: Pick<Rules, 'draw'>): LotteryDraw | null =>
  draw.method === 'lottery' ? draw : null

/** Numbers run from 0 to one less than this. */
export const numbersOf = ({ digits }: Pick<LotteryDraw, 'digits'>): number => 10 ** digits

/** A ticket's number as people read it: with leading zeros if an official lottery decides. */
export const ticketLabel = (draw: Rules['draw'], number: number): string =>
  draw.method === 'lottery' ? String(number).padStart(draw.digits, '0') : String(number)

type FixedRules = Pick<Rules, 'draw' | 'chain' | 'totalTickets' | 'winPolicy' | 'onUnclaimed' | 'maxRedraws'>

/** Each rule that lot1 fixes and these rules break, with what it must be; empty if a beacon draws. */
export function brokenLotteryRules(rules: FixedRules): { rule: keyof FixedRules; must: string }[] {
  const draw = lotteryDrawOf(rules)
  if (draw === null) return []
  const total = numbersOf(draw)
  const broken: { rule: keyof FixedRules; must: string; holds: boolean }[] = [
    { rule: 'chain', must: 'be null', holds: rules.chain === null },
    { rule: 'totalTickets', must: `be ${total}`, holds: rules.totalTickets === total },
    { rule: 'winPolicy', must: 'be perTicket', holds: rules.winPolicy === 'perTicket' },
    { rule: 'onUnclaimed', must: 'be keep', holds: rules.onUnclaimed === 'keep' },
    { rule: 'maxRedraws', must: 'be 0', holds: rules.maxRedraws === 0 },
  ]
  return broken.filter(({ holds }) => !holds).map(({ rule, must }) => ({ rule, must }))
}

/** What a lottery published, as it was confirmed: the first result, or a correction of it. */
export interface OfficialResult {
  /** In the lottery's own order, each a text of decimal digits with its leading zeros. */
  numbers: readonly string[]
  /** The URL of the source. */
  source: string
  /** Empty for the first result. */
  reason: string
}

export interface ResultInput extends OfficialResult {
  /** The commitment for the first result, otherwise the hash of the previous one. */
  previous: Uint8Array
  attempt: number
  draw: Pick<LotteryDraw, 'lotteryId' | 'date'>
}

/** A_k of lot1. */
export function resultHash({ previous, attempt, draw, numbers, source, reason }: ResultInput): Uint8Array {
  return sha256(
    concat(
      LP('lot1/result'),
      hash32(previous),
      u32(attempt),
      LP(draw.lotteryId),
      LP(draw.date),
      LP(numbers.join(',')),
      LP(source),
      LP(reason),
    ),
  )
}

/** What became of a prize unit. */
export interface ResultWinner {
  unit: string
  /** The official number; null: the lottery published fewer numbers than there are units. */
  official: string | null
  /** The last digits of the official number. */
  target: number | null
  /** Null: nobody won. */
  ticket: number | null
}

/** Gives each unit to the ticket that its official number names, or to nobody. */
export function pickByResult(
  list: TicketList,
  units: readonly string[],
  numbers: readonly string[],
  { digits, ifNobody }: Pick<LotteryDraw, 'digits' | 'ifNobody'>,
): ResultWinner[] {
  const tickets = new UnwonTickets(list)
  return units.map((unit, index) => {
    const official = numbers[index]
    if (official === undefined) return { unit, official: null, target: null, ticket: null }
    const target = Number(official.slice(-digits))
    const ticket = ifNobody === 'next' ? tickets.takeFrom(target) : tickets.take(target)
    return { unit, official, target, ticket }
  })
}

/** The tickets of a list that have won nothing yet. */
class UnwonTickets {
  readonly #list: TicketList
  #left: number
  /** For the index of a ticket that has won: an index at or before the next one that has not. */
  readonly #next = new Map<number, number>()

  constructor(list: TicketList) {
    this.#list = list
    this.#left = list.numbers.length
  }

  /** This number wins, if it is on the list and has won nothing. */
  take(number: number): number | null {
    const index = indexFrom(this.#list, number)
    return this.#list.numbers[index] === number && !this.#next.has(index) ? this.#win(index) : null
  }

  /** This number wins, or the next higher one that has won nothing. After the highest comes the lowest. */
  takeFrom(number: number): number | null {
    if (this.#left === 0) return null
    const start = indexFrom(this.#list, number) % this.#list.numbers.length
    const passed: number[] = []
    let index = start
    for (let next = this.#next.get(index); next !== undefined; next = this.#next.get(index)) {
      passed.push(index)
      index = next
    }
    // Later searches skip what this one passed, so that many winners side by side are not passed again and again.
    for (const each of passed) this.#next.set(each, index)
    return this.#win(index)
  }

  #win(index: number): number {
    this.#left--
    this.#next.set(index, (index + 1) % this.#list.numbers.length)
    return this.#list.numbers[index] as number
  }
}
