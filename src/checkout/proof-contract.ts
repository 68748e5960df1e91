/** The answer to a request to prove a payout method. */
import * as z from 'zod'
import { PayoutMethod } from '../money/payout-method-contract.ts'
import { Payment } from '../orders/contract.ts'

export const MethodProof = z.lazy(() =>
  z
    .strictObject({
      method: PayoutMethod.describe('The payout method. `proof` says whether the phone is proved.'),
      payment: Payment.nullable().describe(
        'The payment that the phone is asked for. It goes back. Null: the phone is proved already.',
      ),
    })
    .meta({ id: 'MethodProof' }),
)
export type MethodProof = z.infer<typeof MethodProof>
