/** The shapes of payout methods on the wire: where a user receives money. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Page } from '../core/paging.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { BankAccount } from './bank-account.ts'
import { Provider } from './provider-name.ts'
import { normalised } from './providers/index.ts'
import { ProviderIn } from './providers/offered.ts'

/** What the provider pays to: an account, a phone number or a name. */
export const Destination = Line(3, 120)

/** Equal destinations become equal texts. */
export const inStoredForm = <To extends { provider: Provider; destination?: string | undefined }>(
  to: To,
): To => (to.destination === undefined ? to : { ...to, destination: normalised(to.provider, to.destination) })

export const NewPayoutMethod = z
  .strictObject({
    provider: ProviderIn,
    destination: Destination.optional().describe(
      'What the provider pays to: a phone number or an account. Not for `manual`.',
    ),
    bank: BankAccount.optional().describe('The bank account, for `manual` only.'),
  })
  .overwrite(inStoredForm)
  .refine(({ provider, bank }) => provider !== 'manual' || bank !== undefined, {
    path: ['bank'],
    message: 'is required for manual',
  })
  .refine(({ provider, destination }) => provider !== 'manual' || destination === undefined, {
    path: ['destination'],
    message: 'is not for manual: send bank',
  })
  .refine(({ provider, destination }) => provider === 'manual' || destination !== undefined, {
    path: ['destination'],
    message: 'is required',
  })
  .refine(({ provider, bank }) => provider === 'manual' || bank === undefined, {
    path: ['bank'],
    message: 'is only for manual',
  })
  .meta({ id: 'NewPayoutMethod' })

export type NewPayoutMethod = z.infer<typeof NewPayoutMethod>

export const PayoutMethod = z
  .strictObject({
    id: Id('payoutMethod'),
    provider: Provider,
    destination: z.string().describe('Where it pays to, of which only the end is shown.'),
    bank: z
      .strictObject({
        holder: z.string().describe('The holder of the account.'),
        bank: z.string().describe('The bank, with its branch or code.'),
      })
      .nullable()
      .describe('The bank account without its number; null for other methods.'),
    proof: z.enum(['not_needed', 'missing', 'proved']).meta({
      description:
        '`missing`: a prize can be claimed to it once you have paid from this phone, or have used `…/proof`.',
    }),
    payableFrom: Instant.describe('No money goes there before: a new method waits a day.'),
    createdAt: Instant,
  })
  .meta({ id: 'PayoutMethod' })

export type PayoutMethod = z.infer<typeof PayoutMethod>

export const PayoutMethodPage = Page(PayoutMethod)

export const PayoutMethodParams = z.object({ id: Id('payoutMethod') })
