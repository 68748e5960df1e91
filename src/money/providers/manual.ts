/** Money that changes hands outside: cash or a bank transfer. An operator records what came and marks what went out. */
import type { PaymentProvider, Sent } from './port.ts'

/** Nothing is sent by itself; it stands until an operator says that it was done. */
const byHand = async (): Promise<Sent> => ({ status: 'pending', reference: null, reason: 'by hand' })

export const manual: PaymentProvider = {
  name: 'manual',
  spanSeconds: (holdSeconds) => holdSeconds,
  whyNotSum: () => null,
  whyNotPayout: () => null,
  needsPhone: false,
  startsOnce: false,
  start: async (_ctx, payment) => ({
    status: 'started',
    reference: payment.id,
    action: {
      kind: 'manual',
      checkoutUrl: null,
      message: `Pay the organiser in cash or by bank transfer, and say what it is for: ${payment.id}`,
    },
  }),
  fetch: async () => ({ status: 'pending', captures: [], reason: null }),
  stop: async () => {},
  refund: byHand,
  payout: byHand,
  webhooks: {},
}
