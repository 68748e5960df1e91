import { describe, expect, it } from 'vitest'
import { Earning, entriesOf, wrongEarning } from '../../src/raffles/earning.ts'

const anOrder = (more = {}) => Earning.parse({ per: 'order', ...more })
const anAmount = (more = {}) => Earning.parse({ per: 'amount', amountPerEntry: 100, ...more })

describe('an order earns', () => {
  it.each([
    ['one entry', anOrder(), 1, 1],
    ['one entry, whatever its amount', anOrder(), 1_000_000, 1],
    ['nothing below the minimum', anOrder({ minAmount: 500 }), 499, 0],
    ['one at the minimum', anOrder({ minAmount: 500 }), 500, 1],
    ['nothing below the amount of one entry', anAmount(), 99, 0],
    ['one at the amount of one entry', anAmount(), 100, 1],
    ['only whole entries', anAmount(), 299, 2],
    ['nothing below the minimum, even above the amount of one entry', anAmount({ minAmount: 300 }), 299, 0],
    ['one for each full amount from the minimum on', anAmount({ minAmount: 300 }), 300, 3],
    ['at most the maximum per order', anAmount({ maxPerOrder: 4 }), 10_000, 4],
    ['at most the maximum per call', anAmount(), 1_000_000, 1_000],
  ])('%s', (_, earning, amount, entries) => {
    expect(entriesOf(earning, amount)).toBe(entries)
  })
})

describe('a rule', () => {
  const free = { entry: 'order', earning: anOrder(), priceAmount: 0, numbering: 'random' } as const
  it.each([
    ['belongs to earned entries', free, []],
    ['is needed for earned entries', { ...free, earning: null }, ['earning']],
    ['is refused for sold entries', { ...free, entry: 'purchase' as const }, ['earning']],
    ['is not needed for sold entries', { ...free, entry: 'purchase' as const, earning: null }, []],
    ['needs a ticket price of 0', { ...free, priceAmount: 100 }, ['ticketPrice.amount']],
    ['needs numbers that nobody chooses', { ...free, numbering: 'chosen' as const }, ['numbering']],
  ])('%s', (_, raffle, paths) => {
    expect(wrongEarning(raffle).map(({ path }) => path)).toEqual(paths)
  })

  it('refuses unknown fields and amounts of 0', () => {
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
