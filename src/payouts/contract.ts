/** The shapes of payouts and payout methods on the wire. */
import * as z from 'zod'
import { EXAMPLE_RAFFLE_ID } from '../core/examples.ts'
import { Id } from '../core/ids.ts'
import { Currency, MoneyAboveZero, Sum } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { Destination } from '../money/payout-method-contract.ts'
import { Provider } from '../money/provider-name.ts'
import { PAYOUT_KINDS, PAYOUT_STATUSES } from '../money/schema.ts'

const payoutTo = {
  provider: Provider,
  destination: Destination,
  /** A part of the money, if several providers hold it. If left out, all that is left. */
  amount: MoneyAboveZero.optional(),
}

/** The organisation's part of a settled raffle, or its shop's earnings in one currency. */
export const RequestPayout = z
  .union(
    [
      z.strictObject({ raffleId: Id('raffle'), ...payoutTo }),
      z.strictObject({ organisationId: Id('organisation'), currency: Currency, ...payoutTo }),
    ],
    {
      error:
        'must have a provider and a destination, and either a raffleId or an organisationId with a currency',
    },
  )
  .meta({ id: 'RequestPayout' })
export type RequestPayout = z.infer<typeof RequestPayout>

export const MarkPaid = z
  .strictObject({
    /** The proof of the payment, such as the number of a bank transfer or a receipt. */
    reference: Line(1, 120),
  })
  .meta({ id: 'MarkPaid' })
export type MarkPaid = z.infer<typeof MarkPaid>

export const Payout = z.lazy(() =>
  z
    .strictObject({
      id: Id('payout'),
      /** A winner's prize, an organisation's part of a raffle, or its shop's earnings. */
      kind: z.enum(PAYOUT_KINDS),
      /** Null for a shop's payout. */
      raffleId: Id('raffle').nullable(),
      organisationId: Id('organisation'),
      /** Null for an organisation's or a shop's payout. */
      winnerId: Id('winner').nullable(),
      provider: Provider,
      /** Whole if a person must pay it by hand; else only its end. */
      destination: z.string(),
      amount: Sum,
      status: z.enum(PAYOUT_STATUSES),
      requestedBy: Id('user'),
      approvedBy: Id('user').nullable(),
      /** The reference from the provider or from the operator. */
      reference: z.string().nullable(),
      /** How often it was retried after the provider reported a failure. */
      attempt: z.number().int(),
      /** Why a person must check it; null if nobody must. */
      attention: z.string().nullable(),
      createdAt: Instant,
      updatedAt: Instant,
    })
    .meta({ id: 'Payout' }),
)
export type Payout = z.infer<typeof Payout>

export const PayoutPage = Page(Payout)
export const PayoutParams = z.object({ id: Id('payout') })
export const ListPayouts = PageQuery.extend({
  status: z.enum(PAYOUT_STATUSES).optional(),
  raffleId: Id('raffle').optional(),
})
export type ListPayouts = z.infer<typeof ListPayouts>

export const EXAMPLE_PAYOUT_METHOD = {
  id: 'method_01kaf1q7v8fmk9m2q0c8w1g6ne',
  provider: 'sandbox',
  destination: '••••0112',
  createdAt: '2026-11-27T17:05:00.000Z',
}

const DESTINATION = 'KCB 1180230112'

/** Request bodies, by schema name. */
export const BODIES = {
  NewPayoutMethod: { provider: 'sandbox', destination: DESTINATION },
  RequestPayout: { raffleId: EXAMPLE_RAFFLE_ID, provider: 'manual', destination: DESTINATION },
  MarkPaid: { reference: 'KCB-884213' },
  Reason: { reason: 'The provider’s statement does not list this payout.' },
}
