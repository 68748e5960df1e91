import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSettings, type Settings } from '../../src/core/settings.ts'
import type { Provider } from '../../src/money/provider-name.ts'
import { providers } from '../../src/money/providers/index.ts'
import { manual } from '../../src/money/providers/manual.ts'
import { mpesa } from '../../src/money/providers/mpesa/index.ts'
import { paymentSpanSeconds } from '../../src/money/providers/payment-span.ts'
import { RULES_FIELDS } from '../../src/raffles/contract.ts'
import type { RaffleRow } from '../../src/raffles/schema.ts'
import { columnsOf, termsOf } from '../../src/raffles/terms.ts'
import { dev, quicknet } from '../../src/rdp1/chains.ts'
import { parseRules } from '../../src/rdp1/rules.ts'
import { raffleRow } from './raffle-row.ts'

function settings(changes: Partial<Settings> = {}): Settings {
  const result = readSettings({ DRAW_LEAD_SECONDS: '60' })
  if (!result.ok) throw new Error(result.problems.join())
  return { ...result.settings, ...changes }
}

const VARIED: Partial<RaffleRow> = {
  title: 'Rifa del año “ÿ” 🎟️ \\ "quoted" \u0000',
  priceAmount: 1_000_000_000,
  totalTickets: 1_000_000,
  maxPerUser: 5,
  numbering: 'chosen',
  prizes: [
    { kind: 'cash', title: 'Pesa', quantity: 2, value: { amount: 5_000, currency: 'KES' } },
    { kind: 'share', title: 'A share', quantity: 1, value: { shareBps: 500 } },
    { kind: 'item', title: 'A book', quantity: 3, value: { amount: 900, currency: 'USD' } },
    { kind: 'item', title: 'A kiss', quantity: 1, value: null },
  ],
  winPolicy: 'perHolder',
  minTickets: 7,
  rakeBps: 250,
  guaranteed: true,
  providers: ['mpesa', 'manual'],
  entry: 'order',
  claimDays: 3,
  onUnclaimed: 'keep',
  maxRedraws: 0,
  earlyClose: 'no',
}

describe('terms', () => {
  it.each([
    ['plain', raffleRow()],
    ['varied', raffleRow(VARIED)],
    ['free', raffleRow({ priceAmount: 0, maxPerUser: 1 })],
  ])('keep every column of the rules of a %s raffle: from the row and back', (_, row) => {
    const columns = columnsOf(termsOf(row, settings()))
    expect({ ...row, ...columns }).toEqual(row)
    const { ticketPrice: _price, ...rest } = Object.fromEntries(RULES_FIELDS.map((field) => [field, true]))
    expect(Object.keys(columns).sort()).toEqual([...Object.keys(rest), 'priceAmount', 'priceCurrency'].sort())
  })

  it('are the same, byte for byte, after a round trip through the columns', () => {
    const row = raffleRow(VARIED)
    const terms = termsOf(row, settings())
    const again = termsOf({ ...columnsOf(terms), id: row.id, organisationId: row.organisationId }, settings())
    expect(again).toEqual(terms)
  })

  it('are canonical, whatever order the fields of the row have', () => {
    const row = raffleRow(VARIED)
    const reversed = Object.fromEntries(Object.entries(row).reverse()) as RaffleRow
    const { rules } = termsOf(row, settings())
    expect(termsOf(reversed, settings()).rules).toBe(rules)
    expect(() => parseRules(rules)).not.toThrow()
  })

  it('fix the lead and the chain of the deployment', () => {
    const read = (changes: Partial<Settings>) => parseRules(termsOf(raffleRow(), settings(changes)).rules)
    expect(read({ BEACON: 'dev', DRAW_LEAD_SECONDS: 5 })).toMatchObject({ chain: dev.hash, leadSeconds: 5 })
    expect(read({ BEACON: 'quicknet' })).toMatchObject({ chain: quicknet.hash, leadSeconds: 60 })
  })

  it('leave out the descriptive fields, which can change at any time', () => {
    const described = raffleRow({
      description: 'Two wheels',
      imageUrl: 'https://example.com/a.jpg',
      tags: ['bicycles'],
      location: 'Nairobi',
      timeZone: 'Africa/Nairobi',
    })
    expect(termsOf(described, settings())).toEqual(termsOf(raffleRow(), settings()))
  })
})

describe('the longest payment span', () => {
  beforeAll(() => {
    providers.mpesa = { ...manual, name: 'mpesa', spanSeconds: () => 180 }
  })
  afterAll(() => {
    providers.mpesa = mpesa
  })

  const HOLD = 600
  const span = (accepted: Provider[], priceAmount = 100, hold = HOLD) =>
    paymentSpanSeconds({ priceAmount, providers: accepted }, hold)

  it.each<[Provider[], number]>([
    [[], HOLD],
    [['sandbox'], HOLD],
    [['manual'], HOLD],
    [['mpesa'], 180],
    [['stripe'], 1_860],
    [['sandbox', 'mpesa'], HOLD],
    [['mpesa', 'stripe', 'sandbox'], 1_860],
  ])('with %j is %d seconds', (accepted, seconds) => {
    expect(span(accepted)).toBe(seconds)
    expect(span([...accepted].reverse())).toBe(seconds)
  })

  it('is the hold time if a provider has no span of its own', () => {
    expect(span(['sandbox'], 100, 86_400)).toBe(86_400)
    expect(span(['stripe'], 100, 86_400)).toBe(1_860)
    expect(span(['stripe', 'manual'], 100, 86_400)).toBe(86_400)
  })

  it('is 0 if entries are free, whatever the providers', () => {
    expect(span([], 0)).toBe(0)
    expect(span(['stripe', 'sandbox'], 0)).toBe(0)
  })
})
