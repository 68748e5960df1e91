/** Payments in cash or by bank transfer. An operator records each receipt, and marks each refund and payout as paid. */
import type { PaymentAction, PaymentRow } from '../schema.ts'
import type { PaymentProvider, Sent } from './port.ts'

/** Nothing is sent automatically. The transfer stays pending until an operator records it. */
const byHand = async (): Promise<Sent> => ({ status: 'pending', reference: null, reason: 'by hand' })

const started = ({ id }: PaymentRow): { reference: string; action: PaymentAction } => ({
  reference: id,
  action: {
    kind: 'manual',
    checkoutUrl: null,
    message: `Pay the organiser in cash or by bank transfer. Give this reference: ${id}`,
  },
})

export const manual: PaymentProvider = {
  name: 'manual',
  isSetUp: () => true,
  spanSeconds: (holdSeconds) => holdSeconds,
  whyNotSum: () => null,
  whyNotPayout: () => null,
  whyNotDestination: () => null,
  needsPhone: false,
  startsOnce: false,
  start: async (_ctx, payment) => ({ status: 'started', ...started(payment) }),
  startLocally: (_ctx, payment) => ({ ...started(payment), statements: [] }),
  fetch: async () => ({ status: 'pending', captures: [], reason: null }),
  stop: async () => 'stopped',
  refund: byHand,
  payout: byHand,
  webhooks: {},
}
