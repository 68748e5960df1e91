/** Examples for the API document. */
import { EXAMPLE_ORGANISATION, EXAMPLE_RAFFLE_ID } from '../../core/examples.ts'
import { EXAMPLE_TEMPLATE } from '../templates/examples.ts'

const { id: _, organisation: __, name: ___, colour: ____, ...template } = EXAMPLE_TEMPLATE
const { title, timeZone, economics, createdAt, updatedAt, ...terms } = template
const prizes = [{ kind: 'item', title: 'A reading lamp', quantity: 1, value: null }]

const series = {
  title: 'Daily lucky draw',
  cadence: { every: 'day' },
  time: '20:00',
  timeZone: 'Africa/Nairobi',
  opensBefore: 1_440,
  closesBefore: 5,
  startsOn: '2026-11-20',
  endsOn: null,
  terms: { ...terms, ticketPrice: { amount: 0, currency: 'KES' }, maxPerUser: 1, providers: [], prizes },
}

export const EXAMPLE_SERIES = {
  id: 'series_01kaf1q7v8fmk9m2q0c8w1g6ne',
  organisation: EXAMPLE_ORGANISATION,
  status: 'active',
  ...series,
  createdAt: '2026-11-19T16:00:00.000Z',
  updatedAt: '2026-11-19T16:00:00.000Z',
}

export const EXAMPLE_REWARD = { date: '2026-11-21', prizes, imageUrl: null }

export const EXAMPLE_OCCURRENCE = {
  date: '2026-11-21',
  skipped: false,
  opensAt: '2026-11-20T17:00:00.000Z',
  closesAt: '2026-11-21T16:55:00.000Z',
  drawAt: '2026-11-21T17:00:00.000Z',
  localDrawAt: '2026-11-21T20:00:00+03:00',
  prizes,
  imageUrl: null,
  raffleId: EXAMPLE_RAFFLE_ID,
  status: 'open',
  problem: null,
}

/** Request bodies, by schema name. */
export const BODIES = {
  CreateSeries: { organisationId: EXAMPLE_ORGANISATION.id, ...series },
  UpdateSeries: { time: series.time, status: EXAMPLE_SERIES.status },
  PutReward: { prizes, imageUrl: null },
}
