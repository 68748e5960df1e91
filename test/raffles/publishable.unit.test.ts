import { describe, expect, it } from 'vitest'
import type { Prize } from '../../src/raffles/prize-contract.ts'
import { type PublishFacts, whyNotPublish } from '../../src/raffles/publishable.ts'
import type { RaffleRow } from '../../src/raffles/schema.ts'
import { CLOSES_AT, DRAW_AT, OPENS_AT, raffleRow } from './raffle-row.ts'

const FACTS: PublishFacts = {
  now: OPENS_AT - 1_000,
  leadSeconds: 60,
  paymentSpanSeconds: 600,
  whyNotProvider: () => null,
  hasTurnstile: false,
}

const why = (raffle: Partial<RaffleRow> = {}, facts: Partial<PublishFacts> = {}) =>
  whyNotPublish(raffleRow(raffle), { ...FACTS, ...facts })

const paths = (...args: Parameters<typeof why>) => why(...args).map(({ path }) => path)

const item = (quantity = 1): Prize => ({ kind: 'item', title: 'A bicycle', quantity, value: null })
const cash = (amount: number, quantity = 1, currency = 'KES'): Prize => ({
  kind: 'cash',
  title: 'Cash',
  quantity,
  value: { amount, currency },
})
const share = (shareBps: number, quantity = 1): Prize => ({
  kind: 'share',
  title: 'A share',
  quantity,
  value: { shareBps },
})

describe('a raffle can be published', () => {
  it('when no rule forbids it', () => {
    expect(why()).toEqual([])
  })

  it('when it opened long ago, if it has not closed', () => {
    expect(why({}, { now: CLOSES_AT - 1 })).toEqual([])
  })
})

describe('its times', () => {
  it('must leave something to sell: closesAt lies in the future, to the millisecond', () => {
    expect(paths({}, { now: CLOSES_AT - 1 })).toEqual([])
    expect(paths({}, { now: CLOSES_AT })).toEqual(['closesAt'])
    expect(paths({}, { now: CLOSES_AT + 1 })).toEqual(['closesAt'])
  })

  it('must open before they close', () => {
    expect(paths({ opensAt: CLOSES_AT - 1_000 })).toEqual([])
    expect(paths({ opensAt: CLOSES_AT })).toEqual(['opensAt'])
    expect(paths({ opensAt: CLOSES_AT + 1_000 })).toEqual(['opensAt'])
  })

  it('must leave the payments their span and the beacon its lead; the earliest fair draw is named', () => {
    const earliest = CLOSES_AT + 660_000
    expect(why({ drawAt: earliest })).toEqual([])
    expect(why({ drawAt: earliest - 1_000 })).toEqual([
      { path: 'drawAt', message: `the earliest fair draw is at ${new Date(earliest).toISOString()}` },
    ])
    expect(why({ drawAt: CLOSES_AT - 1 })[0]!.message).toContain(new Date(earliest).toISOString())
  })

  it('need only the lead if entries are free', () => {
    expect(paths({ drawAt: CLOSES_AT + 60_000 }, { paymentSpanSeconds: 0 })).toEqual([])
    expect(paths({ drawAt: CLOSES_AT + 59_000 }, { paymentSpanSeconds: 0 })).toEqual(['drawAt'])
  })

  it('are all reported at once when all are wrong', () => {
    expect(
      paths({ opensAt: CLOSES_AT, drawAt: OPENS_AT, minTickets: 101, maxPerUser: 101 }, { now: DRAW_AT }),
    ).toEqual(['closesAt', 'opensAt', 'drawAt', 'minTickets', 'maxPerUser'])
  })
})

describe('its numbers', () => {
  it('cannot exceed the number of tickets', () => {
    expect(paths({ minTickets: 100, maxPerUser: 100 })).toEqual([])
    expect(paths({ minTickets: 101 })).toEqual(['minTickets'])
    expect(paths({ maxPerUser: 101 })).toEqual(['maxPerUser'])
  })
})

describe('its prizes', () => {
  it('are at most a thousand in all ranks together', () => {
    expect(paths({ prizes: [item(999), item(1)] })).toEqual([])
    expect(paths({ prizes: [item(999), item(2)] })).toEqual(['prizes'])
  })

  it('of cash are in the currency of the price; the wrong one is named', () => {
    expect(paths({ minTickets: 100, prizes: [item(), cash(10, 1, 'USD')] })).toEqual([
      'prizes.1.value.currency',
    ])
  })

  it('of cash fit the rest of the takings at minTickets', () => {
    expect(paths({ minTickets: 10, prizes: [cash(1_000)] })).toEqual([])
    expect(paths({ minTickets: 10, prizes: [cash(1_001)] })).toEqual(['prizes'])
    expect(paths({ minTickets: 10, prizes: [cash(500, 2)] })).toEqual([])
    expect(paths({ minTickets: 10, prizes: [cash(500, 2), cash(1)] })).toEqual(['prizes'])
  })

  it('of cash that do not fit are reported as formatted sums of money', () => {
    const message = (price: number, currency: string) =>
      why({
        priceAmount: price,
        priceCurrency: currency,
        minTickets: 30,
        prizes: [cash(5_000, 1, currency)],
      })[0]!.message
    expect(message(100, 'KES')).toBe(
      'cash prizes of KES 50.00 do not fit the prize pool of KES 30.00 at 30 tickets; guarantee them or raise minTickets',
    )
    expect(message(100, 'JPY')).toContain('cash prizes of JPY 5,000 do not fit the prize pool of JPY 3,000 ')
  })

  it.each([
    [10_050, 'whole shillings only, and this is KES 100.50'],
    [900, 'at least KES 10.00, and this is KES 9.00'],
    [25_000_100, 'at most KES 250,000.00 at once, and this is KES 250,001.00'],
  ])('of cash can be paid by one of its providers: not %i by M-Pesa alone', (amount, whyNot) => {
    const raffle = { priceAmount: 30_000_000, minTickets: 10, prizes: [item(), cash(amount)] }
    expect(why({ ...raffle, providers: ['mpesa'] })).toEqual([
      { path: 'prizes.1.value.amount', message: `mpesa pays ${whyNot}` },
    ])
    expect(why({ ...raffle, providers: ['mpesa', 'stripe'] })).toEqual([])
    expect(why({ ...raffle, providers: ['manual', 'mpesa'] })).toEqual([])
  })

  it('of cash can be all that M-Pesa sends to a phone', () => {
    const raffle = { priceAmount: 30_000_000, minTickets: 10, providers: ['mpesa' as const] }
    expect(why({ ...raffle, prizes: [cash(1_000), cash(25_000_000)] })).toEqual([])
  })

  it('of cash need takings: without minTickets there may be none', () => {
    expect(paths({ minTickets: 0, prizes: [cash(1)] })).toEqual(['prizes'])
  })

  it('of cash need no takings if the organisation guarantees them', () => {
    expect(paths({ minTickets: 0, guaranteed: true, prizes: [cash(1_000_000)] })).toEqual([])
  })

  it('of cash come after the rake, which is rounded up', () => {
    // 250 bps of 990 are 24.75: 25 for the rake, 965 for prizes.
    const raffle = { priceAmount: 99, minTickets: 10, rakeBps: 250 }
    expect(paths({ ...raffle, prizes: [cash(965)] })).toEqual([])
    expect(paths({ ...raffle, prizes: [cash(966)] })).toEqual(['prizes'])
  })

  it('of cash come after the shares', () => {
    const raffle = { minTickets: 10, rakeBps: 1_000 }
    expect(paths({ ...raffle, prizes: [share(4_500, 2), cash(1)] })).toEqual(['prizes'])
    expect(paths({ ...raffle, prizes: [share(4_000, 2), cash(100)] })).toEqual([])
    expect(paths({ ...raffle, prizes: [share(4_000, 2), cash(101)] })).toEqual(['prizes'])
  })

  it('of shares and the rake are at most all of the takings, guaranteed or not', () => {
    expect(paths({ rakeBps: 1_000, prizes: [share(3_000, 3)] })).toEqual([])
    expect(paths({ rakeBps: 1_001, prizes: [share(3_000, 3)] })).toEqual(['prizes'])
    expect(paths({ rakeBps: 1_001, guaranteed: true, prizes: [share(3_000, 3)] })).toEqual(['prizes'])
  })

  it('add up exactly at the largest possible sums', () => {
    const raffle = { priceAmount: 1_000_000_000, totalTickets: 1_000_000, minTickets: 1_000_000 }
    expect(paths({ ...raffle, prizes: [cash(1_000_000_000, 1_000)] })).toEqual([])
    expect(paths({ ...raffle, rakeBps: 9_990, prizes: [cash(1_000_000_000, 1_000)] })).toEqual([])
    expect(paths({ ...raffle, rakeBps: 9_991, prizes: [cash(1_000_000_000, 1_000)] })).toEqual(['prizes'])
  })
})

describe('its payments', () => {
  const sandboxOnly = (provider: string) => (provider === 'sandbox' ? null : 'is not set up here')

  it('need a provider if a ticket costs money', () => {
    expect(paths({ providers: [] })).toEqual(['providers'])
    expect(paths({ providers: [], priceAmount: 0 })).toEqual([])
  })

  it('go through providers that can be used here', () => {
    const providers = ['sandbox', 'stripe'] as const
    expect(why({ providers: [...providers] }, { whyNotProvider: sandboxOnly })).toEqual([
      { path: 'providers.1', message: 'is not set up here' },
    ])
  })
})
