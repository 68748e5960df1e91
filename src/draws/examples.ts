/** Examples for the API document. */
import { EXAMPLE_RAFFLE_ID, EXAMPLE_WINNER_ID } from '../core/examples.ts'

const HASH = '5f'.repeat(32)
const SIGNATURE = 'a1'.repeat(64)

export const EXAMPLE_WINNER = {
  id: EXAMPLE_WINNER_ID,
  raffle: { id: EXAMPLE_RAFFLE_ID, slug: 'signed-first-editions-9m2q0c8w1g', title: 'Signed first editions' },
  unit: '1#1',
  prize: {
    title: 'Things Fall Apart, signed',
    kind: 'item',
    amount: null,
    ticketTypeId: null,
    undeliverable: null,
  },
  number: 17,
  label: '17',
  name: 'A. W.',
  status: 'announced',
  attempt: 0,
  announcedAt: '2026-11-27T17:01:00.000Z',
  claimBy: '2026-12-11T17:01:00.000Z',
  reason: null,
  paidAt: null,
  paymentReference: null,
  disqualification: null,
}

export const EXAMPLE_CLAIM = {
  winner: { ...EXAMPLE_WINNER, status: 'claimed' },
  deliveryAddress: { name: 'Amina Wanjiru', lines: ['Ngong Road 12'], city: 'Nairobi', country: 'KE' },
  payableFrom: null,
  reservationId: null,
  updatedAt: '2026-11-28T08:30:00.000Z',
}

const REASON = 'Works for the organiser, which the rules exclude.'

export const EXAMPLE_PROPOSED_WINNER = {
  ...EXAMPLE_WINNER,
  claimBy: '2026-12-14T17:01:00.000Z',
  disqualification: {
    reason: REASON,
    proposedBy: 'user_01kaf1q7v8fmk9m2q0c8w1g6ne',
    proposedAt: '2026-11-28T09:00:00.000Z',
    lapsesAt: '2026-12-01T09:00:00.000Z',
  },
}

export const EXAMPLE_UPCOMING = {
  raffle: {
    id: EXAMPLE_RAFFLE_ID,
    slug: 'signed-first-editions-9m2q0c8w1g',
    title: 'Signed first editions',
    imageUrl: null,
    status: 'open',
  },
  series: null,
  drawAt: '2026-11-27T17:00:00.000Z',
  localDrawAt: '2026-11-27T20:00:00+03:00',
  round: null,
  prizes: [{ kind: 'item', title: 'Things Fall Apart, signed', quantity: 3, value: null }],
}

export const EXAMPLE_REDRAW = {
  attempt: 1,
  units: ['1#1'],
  reason: 'The winner has moved abroad and declined.',
  round: 34_500_000,
  drawAt: '2026-12-01T09:00:03.000Z',
}

export const EXAMPLE_RECALCULATION = {
  matches: true,
  attempts: [{ attempt: 0, matches: true }],
  takings: {
    expected: { amount: 105_000, currency: 'KES' },
    ledger: { amount: 105_000, currency: 'KES' },
    matches: true,
  },
}

export const EXAMPLE_KEYS = { keys: [{ id: '5f5f5f5f', algorithm: 'Ed25519', publicKey: HASH }] }

export const EXAMPLE_PROOF = {
  protocol: 'rdp1',
  raffleId: EXAMPLE_RAFFLE_ID,
  rules: '{"chain":"…"}',
  rulesHash: HASH,
  log: { size: 9, root: HASH },
  listHash: HASH,
  ticketCount: 7,
  closeReason: 'scheduled',
  effectiveDrawAt: 1795798800,
  committedAt: 1795798500123,
  chain: HASH,
  round: 34_331_811,
  commitment: HASH,
  commitmentSignature: SIGNATURE,
  attempts: [
    {
      attempt: 0,
      requestedAt: 1795798500123,
      reason: '',
      round: 34_331_811,
      units: ['1#1'],
      excludedTags: [],
      excludedTickets: [],
      attemptHash: HASH,
      attemptSignature: SIGNATURE,
      signature: 'b4'.repeat(48),
      randomness: HASH,
      seed: HASH,
      winners: [{ unit: '1#1', ticket: 17, step: 0 }],
      steps: 1,
    },
  ],
  cancellation: null,
}

/** Request bodies, by schema name. */
export const BODIES = {
  ClaimPrize: { deliveryAddress: EXAMPLE_CLAIM.deliveryAddress },
  Reason: { reason: REASON },
  ConfirmDisqualification: { proposedBy: EXAMPLE_PROPOSED_WINNER.disqualification.proposedBy },
  DeliverPrize: { claimUpdatedAt: EXAMPLE_CLAIM.updatedAt },
  RequestRedraw: { units: EXAMPLE_REDRAW.units, reason: EXAMPLE_REDRAW.reason },
}
