/** The shapes of an organisation's balance and top-ups on the wire. */
import * as z from 'zod'
import { OrganisationParams } from '../accounts/contract.ts'
import { EXAMPLE_ORGANISATION } from '../core/examples.ts'
import { Id } from '../core/ids.ts'
import { CurrencyIn, MAX_AMOUNT, Money, MoneyAboveZeroIn, Sum } from '../core/money.ts'
import { Page } from '../core/paging.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { Provider } from '../money/provider-name.ts'
import { ProviderIn } from '../money/providers/offered.ts'

export const Balance = z
  .strictObject({
    data: z.array(
      z.strictObject({
        balance: Sum.describe(
          'The sum of its raffles, settled events and top-ups; if negative, the organisation owes it.',
        ),
        left: Sum.describe('`balance` less its unpaid payouts; if negative, those payouts lack this sum.'),
        setAside: Sum.describe(
          'What the guarantees of its raffles may cost, until their draws. Payouts leave what exceeds the limit.',
        ),
        guaranteeLimit: Sum.describe('By how much an administrator lets guarantees exceed the balance.'),
      }),
    ),
  })
  .meta({ id: 'Balance' })
export type Balance = z.infer<typeof Balance>

export const RecordTopUp = z
  .strictObject({
    reference: Line(1, 100).describe('The bank’s reference, or the number of the receipt.'),
    amount: MoneyAboveZeroIn,
    provider: ProviderIn.default('manual').describe(
      'The provider where the platform received it; `manual` for cash or a bank transfer. Its till then pays it out.',
    ),
  })
  .meta({ id: 'RecordTopUp' })
export type RecordTopUp = z.infer<typeof RecordTopUp>

export const TopUp = z.lazy(() =>
  z
    .strictObject({
      organisationId: Id('organisation'),
      reference: z.string(),
      amount: Money,
      provider: Provider,
      recordedAt: Instant,
    })
    .meta({ id: 'TopUp' }),
)
export type TopUp = z.infer<typeof TopUp>

export const TopUpPage = Page(TopUp)

export const EXAMPLE_TOP_UP = {
  organisationId: EXAMPLE_ORGANISATION.id,
  reference: 'KCB-884213',
  amount: { amount: 400_000, currency: 'KES' },
  provider: 'manual',
  recordedAt: '2026-11-28T09:00:00.000Z',
}

export const GuaranteeLimitParams = OrganisationParams.extend({ currency: CurrencyIn })
export type GuaranteeLimitParams = z.infer<typeof GuaranteeLimitParams>

export const SetGuaranteeLimit = z
  .strictObject({
    amount: z
      .number()
      .int()
      .min(0)
      .max(MAX_AMOUNT)
      .describe('Minor units of the currency; 0: guarantees must be covered in full.'),
  })
  .meta({ id: 'SetGuaranteeLimit' })
export type SetGuaranteeLimit = z.infer<typeof SetGuaranteeLimit>

export const GuaranteeLimit = z.lazy(() =>
  z.strictObject({ organisationId: Id('organisation'), limit: Money }).meta({ id: 'GuaranteeLimit' }),
)
export type GuaranteeLimit = z.infer<typeof GuaranteeLimit>

export const EXAMPLE_LIMIT = {
  organisationId: EXAMPLE_ORGANISATION.id,
  limit: { amount: 800_000, currency: 'KES' },
}

/** Request bodies, by schema name. */
export const BODIES = {
  RecordTopUp: { reference: EXAMPLE_TOP_UP.reference, amount: EXAMPLE_TOP_UP.amount },
  SetGuaranteeLimit: { amount: EXAMPLE_LIMIT.limit.amount },
}
