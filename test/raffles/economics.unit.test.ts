import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coverOf, type EconomicRules, leastForOrganiser, settleTakings } from '../../src/raffles/economics.ts'
import type { Prize } from '../../src/raffles/prize-contract.ts'

const item = (quantity = 1): Prize => ({ kind: 'item', title: 'A bicycle', quantity, value: null })
const cash = (amount: number, quantity = 1): Prize => ({
  kind: 'cash',
  title: 'Cash',
  quantity,
  value: { amount, currency: 'KES' },
})
const share = (shareBps: number, quantity = 1): Prize => ({
  kind: 'share',
  title: 'A share',
  quantity,
  value: { shareBps },
})

const rules = (changes: Partial<EconomicRules>): EconomicRules => ({
  priceAmount: 100,
  rakeBps: 0,
  guaranteed: false,
  providers: [],
  prizes: [item()],
  ...changes,
})

const unitsOf = (settlement: { units: Map<string, number> }) => [...settlement.units]

describe('takings', () => {
  it('are price times sold tickets, all for the organisation if nobody else has a part', () => {
    expect(settleTakings(rules({}), 7)).toMatchObject({ takings: 700, rake: 0, prizes: 0, organiser: 700 })
  })

  it('are divided into rake, cash and shares, one amount per unit; items get nothing', () => {
    const settled = settleTakings(
      rules({ rakeBps: 1_000, prizes: [cash(50, 2), item(3), share(2_000, 2)] }),
      10,
    )
    expect(settled).toMatchObject({ takings: 1_000, rake: 100, prizes: 500, organiser: 400 })
    expect(unitsOf(settled)).toEqual([
      ['1#1', 50],
      ['1#2', 50],
      ['3#1', 200],
      ['3#2', 200],
    ])
  })

  it('leave their last units to the largest remainders, a prize before the rake', () => {
    // A third of 100 each: 33.33 and 33.33 for the prizes, 33.34 for the rake.
    const thirds = settleTakings(rules({ rakeBps: 3_334, prizes: [share(3_333, 2)] }), 1)
    expect([thirds.rake, ...thirds.units.values(), thirds.organiser]).toEqual([34, 33, 33, 0])
    const halves = settleTakings(rules({ priceAmount: 1, rakeBps: 5_000, prizes: [share(5_000)] }), 1)
    expect([halves.rake, ...halves.units.values()]).toEqual([0, 1])
  })

  it('give M-Pesa shares and a rake of whole shillings, and the rest of each to the organisation', () => {
    const given = rules({ priceAmount: 5_000, rakeBps: 1_000, prizes: [share(3_333), cash(500)] })
    expect(settleTakings(given, 7)).toMatchObject({ rake: 3_500, prizes: 12_166, organiser: 19_334 })
    const rounded = settleTakings({ ...given, providers: ['sandbox', 'mpesa'] }, 7)
    expect(rounded).toMatchObject({ rake: 3_500, prizes: 12_100, organiser: 19_400 })
    expect(unitsOf(rounded)).toEqual([
      ['1#1', 11_600],
      ['2#1', 500],
    ])
    // 3.33 % of KES 350.00 are KES 11.66.
    const rake = settleTakings({ ...given, rakeBps: 333, prizes: [cash(500)], providers: ['mpesa'] }, 7)
    expect(rake).toMatchObject({ rake: 1_100, organiser: 33_400 })
  })

  it('below the guaranteed prizes leave the organisation in debt', () => {
    const settled = settleTakings(rules({ guaranteed: true, rakeBps: 1_000, prizes: [cash(5_000)] }), 10)
    expect(settled).toMatchObject({ rake: 100, prizes: 5_000, organiser: -4_100 })
    const free = settleTakings(rules({ priceAmount: 0, guaranteed: true, prizes: [cash(5_000)] }), 10)
    expect(free).toMatchObject({ takings: 0, rake: 0, prizes: 5_000, organiser: -5_000 })
  })

  it('are exact at the largest possible sums', () => {
    const settled = settleTakings(
      rules({ priceAmount: 1_000_000_000, rakeBps: 3_333, prizes: [share(6_667)] }),
      999_999,
    )
    const takings = 1_000_000_000n * 999_999n
    expect(BigInt(settled.rake)).toBe((takings * 3_333n) / 10_000n)
    expect(settled.rake + settled.units.get('1#1')!).toBe(Number(takings))
  })
})

describe('the unwon part of the prizes', () => {
  const three = rules({ prizes: [cash(10, 2), share(1_000)] })

  it('does not depend on the order of the won units, or on duplicates', () => {
    expect(settleTakings(three, 10).unwon).toBe(120)
    expect(settleTakings(three, 10, ['1#2', '2#1']).unwon).toBe(10)
    expect(settleTakings(three, 10, ['2#1', '1#2', '2#1', '9#9']).unwon).toBe(10)
    expect(settleTakings(three, 10, ['2#1', '1#2', '1#1']).unwon).toBe(0)
  })
})

describe('whatever the rules', () => {
  const quantity = fc.integer({ min: 1, max: 12 })
  const anyPrize: fc.Arbitrary<Prize> = fc.oneof(
    quantity.map(item),
    fc
      .tuple(fc.integer({ min: 0, max: 1_000_000 }), quantity)
      .map(([amount, copies]) => cash(amount, copies)),
    fc.tuple(fc.integer({ min: 1, max: 500 }), quantity).map(([bps, copies]) => share(bps, copies)),
  )
  const bpsOf = (prizes: Prize[]) =>
    prizes.reduce(
      (bps, prize) => bps + (prize.kind === 'share' ? prize.value.shareBps * prize.quantity : 0),
      0,
    )
  const cashOf = (prizes: Prize[]) =>
    prizes.reduce(
      (total, prize) => total + (prize.kind === 'cash' ? prize.value.amount * prize.quantity : 0),
      0,
    )
  const anyRules = fc
    .record({
      priceAmount: fc.integer({ min: 0, max: 1_000_000_000 }),
      rakeBps: fc.integer({ min: 0, max: 10_000 }),
      guaranteed: fc.boolean(),
      providers: fc.constantFrom<EconomicRules['providers']>(['sandbox'], ['mpesa', 'manual']),
      prizes: fc.array(anyPrize, { minLength: 1, maxLength: 8 }),
    })
    .filter(({ rakeBps, prizes }) => rakeBps + bpsOf(prizes) <= 10_000)
  const anySold = fc.integer({ min: 0, max: 1_000_000 })

  it('no draw costs a guaranteed raffle’s organisation more than its cover', () => {
    fc.assert(
      fc.property(anyRules, anySold, anySold, (given, minTickets, more) => {
        const cover = coverOf({ ...given, minTickets })
        const { organiser } = settleTakings(given, minTickets + more)
        if (given.guaranteed) expect(organiser + cover).toBeGreaterThanOrEqual(0)
        else expect(cover).toBe(0)
      }),
    )
  })

  it('the parts are whole numbers that sum to the takings, each its exact portion to within one unit', () => {
    fc.assert(
      fc.property(anyRules, anySold, (given, sold) => {
        const { takings, rake, units, prizes, organiser } = settleTakings(given, sold)
        expect(rake + prizes + organiser).toBe(takings)
        for (const amount of [rake, ...units.values()]) {
          expect(Number.isSafeInteger(amount) && amount >= 0).toBe(true)
        }
        const within = (amount: number, bps: number) => {
          const off = BigInt(amount) * 10_000n - BigInt(takings) * BigInt(bps)
          expect(off > -10_000n && off < 10_000n).toBe(true)
        }
        const cut = (whole: number) => (given.providers.includes('mpesa') ? whole - (whole % 100) : whole)
        const { rake: exactRake, units: exact } = settleTakings({ ...given, providers: [] }, sold)
        within(exactRake, given.rakeBps)
        expect(rake).toBe(cut(exactRake))
        for (const [unit, amount] of units) {
          const prize = given.prizes[Number(unit.split('#')[0]) - 1]!
          if (prize.kind === 'share') {
            const whole = exact.get(unit)!
            within(whole, prize.value.shareBps)
            expect(amount).toBe(cut(whole))
          } else expect(amount).toBe(prize.kind === 'cash' ? prize.value.amount : null)
        }
      }),
    )
  })

  it('the organisation owes nothing if the cash fits the rest after rake and shares', () => {
    fc.assert(
      fc.property(anyRules, anySold, (given, sold) => {
        const { takings } = settleTakings(given, sold)
        const organiser = leastForOrganiser(given, sold)
        expect(settleTakings(given, sold).organiser).toBeGreaterThanOrEqual(organiser)
        const rest = (BigInt(takings) * BigInt(10_000 - given.rakeBps - bpsOf(given.prizes))) / 10_000n
        expect(organiser < 0).toBe(BigInt(cashOf(given.prizes)) > rest)
      }),
    )
  })

  it('cash that fits at some number of tickets fits at every larger one', () => {
    fc.assert(
      fc.property(anyRules, anySold, anySold, (given, sold, more) => {
        fc.pre(leastForOrganiser(given, sold) >= 0)
        expect(settleTakings(given, sold + more).organiser).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  it('the order of the prizes changes no sum', () => {
    fc.assert(
      fc.property(anyRules, anySold, (given, sold) => {
        const { rake: _, units, ...sums } = settleTakings(given, sold)
        const turned = settleTakings({ ...given, prizes: [...given.prizes].reverse() }, sold)
        expect(turned).toMatchObject(sums)
        const amounts = (map: Map<string, number>) => [...map.values()].sort((a, b) => a - b)
        expect(amounts(turned.units)).toEqual(amounts(units))
      }),
    )
  })
})
