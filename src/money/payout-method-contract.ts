/** The shapes of payout methods on the wire: where a user receives money. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Page } from '../core/paging.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { Provider } from './provider-name.ts'
import { ProviderIn } from './providers/offered.ts'

/** What the provider pays to: an account, a phone number or a name. */
export const Destination = Line(3, 120)

export const NewPayoutMethod = z
  .strictObject({ provider: ProviderIn, destination: Destination })
  .meta({ id: 'NewPayoutMethod' })

export type NewPayoutMethod = z.infer<typeof NewPayoutMethod>

export const PayoutMethod = z
  .strictObject({
    id: Id('payoutMethod'),
    provider: Provider,
    destination: z.string().describe('Where it pays to, of which only the end is shown.'),
    createdAt: Instant,
  })
  .meta({ id: 'PayoutMethod' })

export type PayoutMethod = z.infer<typeof PayoutMethod>

export const PayoutMethodPage = Page(PayoutMethod)

export const PayoutMethodParams = z.object({ id: Id('payoutMethod') })
