// Bugs in what we do with M-Pesa and Stripe: money that is credited and did not arrive, and money that leaves twice.
import { isOn, type PlantedBug } from './planted-bug.ts'

const MPESA = 'src/money/providers/mpesa'
const STRIPE = 'src/money/providers/stripe'

/** Sends a refund or payout by M-Pesa again, under a key that M-Pesa does not know, while its result is missing. */
const sendAgain = (name: string, kind: 'refund' | 'payout') => ({
  file: `${MPESA}/transfer.ts`,
  find: 'if (row.conversation !== null) return waitForResult(ctx, keys, row, reports)',
  replace: `if (row.conversation !== null && !attempt.pollOnly && key.startsWith('${kind}') && ${isOn(name)}) {
      return request(ctx, keys, { ...attempt, key: key + '.' + ctx.now }, 'b2c')
    }
    if (row.conversation !== null) return waitForResult(ctx, keys, row, reports)`,
})

export const PROVIDER_BUGS: readonly PlantedBug[] = [
  {
    name: 'credit unconfirmed callbacks of M-Pesa',
    edits: [
      {
        file: `${MPESA}/observe.ts`,
        find: "if (answer.kind === 'paid') {",
        replace: `if (answer.kind === 'paid'
          || (${isOn('credit unconfirmed callbacks of M-Pesa')} && paid.length > 0)) {`,
      },
    ],
  },
  {
    name: 'credit the sum in a callback of M-Pesa',
    edits: [
      {
        file: `${MPESA}/observe.ts`,
        find: 'if (mismatch !== undefined) return forPerson(mismatch)',
        replace: `if (mismatch !== undefined && !(${isOn('credit the sum in a callback of M-Pesa')}))
          return forPerson(mismatch)`,
      },
      {
        file: `${MPESA}/observe.ts`,
        find: 'const capture = { reference, amount, currency,',
        replace: `const sum = ${isOn('credit the sum in a callback of M-Pesa')} ? paid[0]?.amount : undefined
          const capture = { reference, amount: sum ?? amount, currency,`,
      },
    ],
  },
  {
    name: 'refund again by M-Pesa without a result',
    edits: [sendAgain('refund again by M-Pesa without a result', 'refund')],
  },
  {
    name: 'pay again by M-Pesa without a result',
    edits: [sendAgain('pay again by M-Pesa without a result', 'payout')],
  },
  {
    name: 'credit what was asked for at Stripe',
    edits: [
      {
        file: `${STRIPE}/observe.ts`,
        find: 'captures: [captureOf(charge)],',
        replace: `captures: [{ ...captureOf(charge), ...(${isOn('credit what was asked for at Stripe')}
          ? fromStripe(session.amount_total!, session.currency!) : {}) }],`,
      },
    ],
  },
  {
    name: 'refund again by Stripe without a look',
    edits: [
      {
        file: `${STRIPE}/outgoing.ts`,
        find: 'if (known !== null) return refundSent(known)',
        replace: `if (known !== null && !(${isOn('refund again by Stripe without a look')})) return refundSent(known)`,
      },
      {
        file: `${STRIPE}/outgoing.ts`,
        find: `metadata: { refundId: id } },
      { idempotencyKey: id },`,
        replace: `metadata: { refundId: id } },
      { idempotencyKey: id + (${isOn('refund again by Stripe without a look')} ? crypto.randomUUID() : '') },`,
      },
    ],
  },
  {
    name: 'pay out again by Stripe without a look',
    edits: [
      {
        file: `${STRIPE}/outgoing.ts`,
        find: 'if (known !== null) return transferSent(known)',
        replace: `if (known !== null && !(${isOn('pay out again by Stripe without a look')})) return transferSent(known)`,
      },
      {
        file: `${STRIPE}/outgoing.ts`,
        find: `metadata: { payoutId: id } },
      { idempotencyKey: id },`,
        replace: `metadata: { payoutId: id } },
      { idempotencyKey: id + (${isOn('pay out again by Stripe without a look')} ? crypto.randomUUID() : '') },`,
      },
    ],
  },
]
