/**
 * Divides a raffle's takings to the last minor unit: the platform's rake, every cash prize and share, and the
 * organisation's rest. Pure. Publishing and the draw use the same rule, except that the draw rounds shares and rake down to
 * what each provider of the raffle can pay. So the organisation gets at least what publishing promised, and that is whole
 * for each provider too, if the fixed prizes are.
 */
import { smallestUnitOf } from '../money/providers/index.ts'
import type { RaffleRow } from './schema.ts'

export type EconomicRules = Pick<RaffleRow, 'priceAmount' | 'prizes' | 'rakeBps' | 'guaranteed' | 'providers'>

export interface Settlement {
  /** Price × sold tickets. */
  takings: number
  rake: number
  /** The amount of each cash and share unit (`<rank>#<copy>`), won or not; items are not included. */
  units: Map<string, number>
  /** The sum of `units`. */
  prizes: number
  /** The organisation's part. If negative, it owes that amount to the prizes, which only `guaranteed` allows. */
  organiser: number
  /** The part of `prizes` that nobody won: it returns to the organisation. */
  unwon: number
}

const ALL_BPS = 10_000

/** `wonUnits`: the units that were won and paid, in any order. */
export function settleTakings(
  rules: EconomicRules,
  soldTickets: number,
  wonUnits: Iterable<string> = [],
): Settlement {
  return settle(rules, soldTickets, wonUnits, smallestUnitOf(rules.providers))
}

/**
 * What is left for the organisation if no share and no rake is rounded: it never falls as more tickets are sold. After rounding it may,
 * but stays at least this much.
 */
export const leastForOrganiser = (rules: EconomicRules, soldTickets: number): number =>
  settle(rules, soldTickets, [], 1).organiser

function settle(
  rules: EconomicRules,
  soldTickets: number,
  wonUnits: Iterable<string>,
  smallest: number,
): Settlement {
  const takings = rules.priceAmount * soldTickets
  const { rake, units } = parts(rules, takings, smallest)
  const prizes = sum(units.values())
  const won = sum([...new Set(wonUnits)].map((unit) => units.get(unit) ?? 0))
  return { takings, rake, units, prizes, organiser: takings - rake - prizes, unwon: prizes - won }
}

/**
 * The cash that a guaranteed raffle promises beyond its prize pool, in minor units. It is the most that the draw can book to
 * the organisation: a raffle below `minTickets` is cancelled, and more tickets only make the pool larger.
 */
export const coverOf = (rules: EconomicRules & Pick<RaffleRow, 'minTickets'>): number =>
  rules.guaranteed ? Math.max(0, -leastForOrganiser(rules, rules.minTickets)) : 0

interface Part {
  /** The prize unit; null for the rake. */
  unit: string | null
  amount: number
  /** The remainder of the division by 10,000. */
  remainder: number
}

/**
 * Rounds up the sum of rake and shares once: then fixed cash that fits at some number of tickets fits at every larger
 * number. Each part is rounded down; the units left over go to the largest remainders, a prize before the rake. At last
 * each share and the rake are cut to a multiple of `smallest`, for the organisation.
 */
function parts({ prizes, rakeBps }: EconomicRules, takings: number, smallest: number) {
  const units = new Map<string, number>()
  const shares: Part[] = []
  let bps = rakeBps
  for (const [index, prize] of prizes.entries()) {
    if (prize.kind === 'item') continue
    for (let copy = 1; copy <= prize.quantity; copy++) {
      const unit = `${index + 1}#${copy}`
      // Cash has its amount already; a share keeps its place among the units.
      units.set(unit, prize.kind === 'cash' ? prize.value.amount : 0)
      if (prize.kind !== 'share') continue
      bps += prize.value.shareBps
      shares.push({ unit, ...portion(takings, prize.value.shareBps) })
    }
  }
  const all = [...shares, { unit: null, ...portion(takings, rakeBps) }]
  const together = portion(takings, bps)
  let left = together.amount + (together.remainder > 0 ? 1 : 0) - sum(all.map(({ amount }) => amount))
  for (const part of [...all].sort(byRemainder)) {
    if (left-- <= 0) break
    part.amount++
  }
  const cut = ({ amount }: Part): number => amount - (amount % smallest)
  for (const each of shares) units.set(each.unit!, cut(each))
  return { rake: cut(all.at(-1)!), units }
}

/** The largest remainder first; if equal, a prize before the rake, then the larger amount. */
const byRemainder = (a: Part, b: Part): number =>
  b.remainder - a.remainder || Number(a.unit === null) - Number(b.unit === null) || b.amount - a.amount

/** `takings × bps ÷ 10,000` in integers, in two parts, because the whole product may exceed the safe integers. */
function portion(takings: number, bps: number): Omit<Part, 'unit'> {
  const rest = (takings % ALL_BPS) * bps
  return {
    amount: Math.floor(takings / ALL_BPS) * bps + Math.floor(rest / ALL_BPS),
    remainder: rest % ALL_BPS,
  }
}

const sum = (amounts: Iterable<number>): number => {
  let total = 0
  for (const amount of amounts) total += amount
  return total
}
