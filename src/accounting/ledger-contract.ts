/** The shapes of the ledger on the wire. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Currency, Sum } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { Instant } from '../core/time.ts'
import { Provider } from '../money/provider-name.ts'

/** One raffle; if left out, the whole ledger, for admins only. */
export const LedgerQuery = z.object({ raffleId: Id('raffle').optional() })
export type LedgerQuery = z.infer<typeof LedgerQuery>

export const ListTransfers = PageQuery.extend(LedgerQuery.shape)
export type ListTransfers = z.infer<typeof ListTransfers>

export const TrialBalance = z
  .strictObject({
    data: z.array(
      z.strictObject({
        account: z.string(),
        currency: Currency,
        debit: z.number().int().describe('The sum of all debits, in minor units.'),
        credit: z.number().int(),
      }),
    ),
    balanced: z.boolean().describe('Whether the sums of debits and credits are equal in every currency.'),
  })
  .meta({ id: 'TrialBalance' })
export type TrialBalance = z.infer<typeof TrialBalance>

export const Transfer = z
  .strictObject({
    transactionId: z.string().describe('The event and its subject, such as `payout:<id>:paid`.'),
    part: z.number().int(),
    debit: z.string(),
    credit: z.string(),
    amount: Sum,
    orderId: Id('order').nullable(),
    raffleId: Id('raffle').nullable(),
    organisationId: Id('organisation')
      .nullable()
      .describe(
        'The organisation whose claim on the till of `provider` it changes; null, like `provider`, if it changes none.',
      ),
    provider: Provider.nullable(),
    at: Instant,
  })
  .meta({ id: 'Transfer' })
export type Transfer = z.infer<typeof Transfer>

export const TransferPage = Page(Transfer)
