/**
 * What becomes of a raffle's takings, to the last minor unit: the platform's rake, every cash prize and share, and the
 * rest, which is the organisation's. Pure; the rule at publish and at the draw alike.
 */
import type { RaffleRow } from './schema.ts'

export type EconomicRules = Pick<RaffleRow, 'priceAmount' | 'prizes' | 'rakeBps' | 'guaranteed'>

export interface Settlement {
  /** Price × sold tickets. */
  takings: number
  rake: number
  /** What each cash and share unit is worth (`<rank>#<copy>`), whether somebody wins it or not; items are not among them. */
  units: Map<string, number>
  /** The sum of `units`. */
  prizes: number
  /** What is left for the organisation; below zero it owes that to the prizes, which only guaranteed ones may lead to. */
  organiser: number
  /** Of `prizes`, what nobody has won: it goes back to the organisation. */
  unwon: number
}

const ALL_BPS = 10_000

/** `wonUnits`: the units that were won and are paid; in any order. */
export function settleTakings(
  rules: EconomicRules,
  soldTickets: number,
  wonUnits: Iterable<string> = [],
): Settlement {
  const takings = rules.priceAmount * soldTickets
  const { rake, units } = parts(rules, takings)
  const prizes = sum(units.values())
  const won = sum([...new Set(wonUnits)].map((unit) => units.get(unit) ?? 0))
  return { takings, rake, units, prizes, organiser: takings - rake - prizes, unwon: prizes - won }
}

interface Part {
  /** Null: the rake. */
  unit: string | null
  amount: number
  /** Of the division by 10,000: what was cut off. */
  remainder: number
}

/**
 * Rake and shares together are rounded up once, so that fixed cash that fits at some number of tickets fits at every
 * larger one; what that leaves over the parts rounded down goes to those that lost most, a prize before the rake.
 */
function parts({ prizes, rakeBps }: EconomicRules, takings: number) {
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
  for (const part of [...all].sort(byLoss)) {
    if (left-- <= 0) break
    part.amount++
  }
  for (const { unit, amount } of shares) units.set(unit!, amount)
  return { rake: all.at(-1)!.amount, units }
}

/** Who lost most first; of those who lost the same a prize before the rake, and the larger before the smaller. */
const byLoss = (a: Part, b: Part): number =>
  b.remainder - a.remainder || Number(a.unit === null) - Number(b.unit === null) || b.amount - a.amount

/** `takings × bps ÷ 10,000` in whole numbers: the product itself would not always fit into one. */
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
