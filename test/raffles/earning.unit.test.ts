import { describe, expect, it } from 'vitest'
import { Earning, entriesOf, wrongEarning } from '../../src/raffles/earning.ts'

const anOrder = (more = {}) => Earning.parse({ per: 'order', ...more })
const anAmount = (more = {}) => Earning.parse({ per: 'amount', amountPerEntry: 100, ...more })

describe('an order earns', () => {
  it.each([
    ['one entry', anOrder(), 1, 1],
    ['one entry, however much it is', anOrder(), 1_000_000, 1],
    ['nothing below the minimum', anOrder({ minAmount: 500 }), 499, 0],
    ['one at the minimum', anOrder({ minAmount: 500 }), 500, 1],
    ['nothing below the amount of one', anAmount(), 99, 0],
    ['one for the amount', anAmount(), 100, 1],
    ['whole ones only', anAmount(), 299, 2],
    ['nothing below the minimum, for all its amount', anAmount({ minAmount: 300 }), 299, 0],
    ['all of them from the minimum on', anAmount({ minAmount: 300 }), 300, 3],
    ['as many as an order may', anAmount({ maxPerOrder: 4 }), 10_000, 4],
    ['as many as one call takes', anAmount(), 1_000_000, 1_000],
  ])('%s', (_, earning, amount, entries) => {
    expect(entriesOf(earning, amount)).toBe(entries)
  })
})

describe('a rule', () => {
  const free = { entry: 'order', earning: anOrder(), priceAmount: 0, numbering: 'random' } as const
  it.each([
    ['belongs to earned entries', free, []],
    ['is needed for them', { ...free, earning: null }, ['earning']],
    ['is nothing for sold ones', { ...free, entry: 'purchase' as const }, ['earning']],
    ['is not needed for sold ones', { ...free, entry: 'purchase' as const, earning: null }, []],
    ['goes with a price of nothing', { ...free, priceAmount: 100 }, ['ticketPrice.amount']],
    ['goes with numbers that nobody chooses', { ...free, numbering: 'chosen' as const }, ['numbering']],
  ])('%s', (_, raffle, paths) => {
    expect(wrongEarning(raffle).map(({ path }) => path)).toEqual(paths)
  })

  it('has no parts that it does not know, nor amounts of nothing', () => {
    for (const rule of [
      {},
      { per: 'order', amountPerEntry: 5 },
      { per: 'amount' },
      { per: 'amount', amountPerEntry: 0 },
      { per: 'amount', amountPerEntry: 1, maxPerOrder: 1_001 },
      { per: 'order', minAmount: 1.5 },
    ]) {
      expect(Earning.safeParse(rule).success, JSON.stringify(rule)).toBe(false)
    }
  })
})
