/** The route that proves a payout method, under /api/v1/users/me/payout-methods. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { describe } from '../core/openapi.ts'
import { actorKey, rateLimit } from '../core/rate-limit.ts'
import { validate } from '../core/validation.ts'
import { PayoutMethodParams } from '../money/payout-method-contract.ts'
import { EXAMPLE_PAYMENT } from '../orders/examples.ts'
import { MethodProof } from './proof-contract.ts'
import { provePayoutMethod } from './prove-payout-method.ts'

const EXAMPLE = {
  method: {
    id: 'method_01kaf1q7v8fmk9m2q0c8w1g6ne',
    provider: 'sandbox',
    destination: '••••0112',
    bank: null,
    proof: 'missing',
    payableFrom: '2026-11-21T17:00:00.000Z',
    createdAt: '2026-11-20T17:00:00.000Z',
  },
  payment: { ...EXAMPLE_PAYMENT, amount: { amount: 100, currency: 'KES' }, next: 'check_phone' },
}

export const payoutMethodProofs = new Hono<AppEnv>().post(
  '/:id/proof',
  describe({
    operation: 'provePayoutMethod',
    summary: 'Prove that a phone is mine',
    description:
      'Asks the phone for a payment of one shilling, which goes back. Once it has arrived, prizes can be claimed to this phone. A repeat returns the payment that is under way. At most five a day. Not needed for a phone from which you have paid for something.',
    tag: 'Payouts',
    auth: 'user',
    success: {
      status: 200,
      schema: MethodProof,
      example: EXAMPLE,
      description: 'The payment to confirm on the phone.',
    },
    limits: ['RATE_PURCHASE'],
    errors: ['not_found', 'invalid_state', 'limit_reached'],
  }),
  rateLimit('RATE_PURCHASE', actorKey),
  validate('param', PayoutMethodParams),
  async (c) => c.json(await provePayoutMethod(c.get('ctx'), c.req.valid('param').id)),
)
