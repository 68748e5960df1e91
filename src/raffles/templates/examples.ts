/** Examples for the API document. */
import { EXAMPLE_ORGANISATION } from '../../core/examples.ts'

export const EXAMPLE_TEMPLATE = {
  id: 'template_01kaf1q7v8fmk9m2q0c8w1g6ne',
  organisation: EXAMPLE_ORGANISATION,
  name: 'Half the pot',
  colour: '#1e90ff',
  title: 'Half the pot',
  description: 'Half of what comes in goes to one of you.',
  imageUrl: null,
  categoryId: null,
  tags: ['cash'],
  location: null,
  timeZone: 'Africa/Nairobi',
  ticketPrice: { amount: 10_000, currency: 'KES' },
  totalTickets: 1_000,
  maxPerUser: 20,
  numbering: 'random',
  prizes: [{ kind: 'share', title: 'Half the pot', quantity: 1, value: { shareBps: 5_000 } }],
  winPolicy: 'perTicket',
  minTickets: 0,
  rakeBps: 500,
  guaranteed: false,
  providers: ['sandbox'],
  entry: 'purchase',
  entrants: 'anyone',
  staffMayEnter: false,
  challenge: 'none',
  countries: null,
  earning: null,
  poolLocation: null,
  draw: { method: 'beacon' },
  claimDays: 14,
  onUnclaimed: 'redraw',
  maxRedraws: 3,
  earlyClose: 'operator',
  economics: {
    totalTakings: { amount: 10_000_000, currency: 'KES' },
    rake: { amount: 500_000, currency: 'KES' },
    prizePool: { amount: 9_500_000, currency: 'KES' },
    prizePerWinner: [{ title: 'Half the pot', winners: 1, amount: { amount: 5_000_000, currency: 'KES' } }],
    organiser: { amount: 4_500_000, currency: 'KES' },
  },
  createdAt: '2026-11-20T16:00:00.000Z',
  updatedAt: '2026-11-20T16:30:00.000Z',
}

const { id: _, organisation, economics, createdAt, updatedAt, ...saved } = EXAMPLE_TEMPLATE

/** Request bodies, by schema name. */
export const BODIES = {
  CreateTemplate: { organisationId: organisation.id, ...saved },
  UpdateTemplate: { name: saved.name, colour: saved.colour },
}
