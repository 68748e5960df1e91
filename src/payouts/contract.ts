/** The shapes of payouts and payout methods on the wire. */
import * as z from 'zod'
import { EXAMPLE_RAFFLE_ID } from '../core/examples.ts'
import { Id } from '../core/ids.ts'
import { Currency, MoneyAboveZero, Sum } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { AnyOf } from '../core/query.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { Destination, inStoredForm } from '../money/payout-method-contract.ts'
import { Provider } from '../money/provider-name.ts'
import { ProviderIn } from '../money/providers/offered.ts'
import { PAYOUT_KINDS, PAYOUT_STATUSES } from '../money/schema.ts'

const payoutTo = {
  provider: ProviderIn,
  destination: Destination,
  amount: MoneyAboveZero.optional().describe(
    'A part of the money, if several providers hold it. If left out, all that is left and the provider can pay: M-Pesa pays whole shillings.',
  ),
}

/** The organisation's part of a settled raffle, or the takings of a settled event or its shop's earnings in one currency. */
export const RequestPayout = z
  .union(
    [
      z
        .strictObject({ raffleId: Id('raffle'), ...payoutTo })
        .overwrite(inStoredForm)
        .meta({ id: 'RequestRafflePayout' }),
      z
        .strictObject({ eventId: Id('event'), currency: Currency, ...payoutTo })
        .overwrite(inStoredForm)
        .meta({ id: 'RequestEventPayout' }),
      z
        .strictObject({ organisationId: Id('organisation'), currency: Currency, ...payoutTo })
        .overwrite(inStoredForm)
        .meta({ id: 'RequestShopPayout' }),
    ],
    {
      error:
        'must have a provider and a destination, and either a raffleId, or an eventId or organisationId with a currency',
    },
  )
  .meta({ id: 'RequestPayout' })
export type RequestPayout = z.infer<typeof RequestPayout>

export const ApprovePayout = z.object({
  updatedAt: Instant.optional().describe(
    'The `updatedAt` of the payout that you saw. If it has changed since, for example to another destination, nothing is approved.',
  ),
})
export type ApprovePayout = z.infer<typeof ApprovePayout>

export const MarkPaid = z
  .strictObject({
    reference: Line(1, 120).describe(
      'The proof of the payment, such as the number of a bank transfer or a receipt.',
    ),
  })
  .meta({ id: 'MarkPaid' })
export type MarkPaid = z.infer<typeof MarkPaid>

export const Payout = z
  .strictObject({
    id: Id('payout'),
    kind: z
      .enum(PAYOUT_KINDS)
      .describe('A winner’s prize, an organisation’s part of a raffle or event, or its shop’s earnings.'),
    raffleId: Id('raffle').nullable().describe('The raffle; null for a payout of an event or a shop.'),
    eventId: Id('event')
      .nullable()
      .describe('The event whose takings it pays out; null for any other payout.'),
    organisationId: Id('organisation'),
    winnerId: Id('winner').nullable().describe('The winner; null for an organisation’s or a shop’s payout.'),
    provider: Provider,
    destination: z
      .string()
      .describe('Where it is paid to: whole if a person must pay it by hand; else only its end.'),
    amount: Sum,
    status: z.enum(PAYOUT_STATUSES),
    requestedBy: Id('user'),
    approvedBy: Id('user').nullable(),
    reference: z.string().nullable().describe('The reference from the provider or from the operator.'),
    attempt: z.number().int().describe('How often it was retried after the provider reported a failure.'),
    attention: z.string().nullable().describe('Why a person must check it; null if nobody must.'),
    payableFrom: Instant.nullable().describe(
      'An approved payout waits until then, because its payout method is new. Null: it does not wait.',
    ),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Payout' })
export type Payout = z.infer<typeof Payout>

export const PayoutPage = Page(Payout)
export const PayoutParams = z.object({ id: Id('payout') })
export const ListPayouts = PageQuery.extend({
  needs: z.enum(['attention']).optional().describe('`attention`: only payouts that a person must check.'),
  status: AnyOf(z.enum(PAYOUT_STATUSES)).optional(),
  raffleId: Id('raffle').optional(),
  eventId: Id('event').optional(),
})
export type ListPayouts = z.infer<typeof ListPayouts>

export const EXAMPLE_PAYOUT_METHOD = {
  id: 'method_01kaf1q7v8fmk9m2q0c8w1g6ne',
  provider: 'sandbox',
  destination: '••••0112',
  bank: null,
  proof: 'not_needed',
  payableFrom: '2026-11-28T17:05:00.000Z',
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
