// A raffle's row as it would stand in the table, without a database.
import type { RaffleRow } from '../../src/raffles/schema.ts'

export const OPENS_AT = Date.parse('2031-05-05T09:00:00Z')
export const CLOSES_AT = Date.parse('2031-05-06T09:00:00Z')
export const DRAW_AT = Date.parse('2031-05-06T10:00:00Z')

export const raffleRow = (changes: Partial<RaffleRow> = {}): RaffleRow => ({
  id: 'raffle_01kaf1q7v8fmk9m2q0c8w1g6ne',
  pool: '2c0c8w1g6ne',
  slug: 'a-bicycle-2c0c8w1g6ne',
  organisationId: 'org_01kaf1q7v8fmk9m2q0c8w1g6ne',
  status: 'draft',
  termsVersion: 0,
  revision: 1,
  title: 'A bicycle',
  description: '',
  imageUrl: null,
  tags: [],
  location: null,
  timeZone: 'UTC',
  priceAmount: 100,
  priceCurrency: 'KES',
  totalTickets: 100,
  maxPerUser: null,
  numbering: 'random',
  opensAt: OPENS_AT,
  closesAt: CLOSES_AT,
  drawAt: DRAW_AT,
  prizes: [{ kind: 'item', title: 'A bicycle', quantity: 1, value: null }],
  winPolicy: 'perTicket',
  minTickets: 0,
  rakeBps: 0,
  guaranteed: false,
  providers: ['sandbox'],
  entry: 'purchase',
  draw: { method: 'beacon' },
  claimDays: 14,
  onUnclaimed: 'redraw',
  maxRedraws: 3,
  earlyClose: 'operator',
  closeNote: null,
  drawnAttempts: 0,
  dueAt: null,
  createdAt: OPENS_AT,
  updatedAt: OPENS_AT,
  ...changes,
})
