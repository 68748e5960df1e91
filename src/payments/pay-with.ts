/** The schema of how a buyer wants to pay: the provider and the data that it needs. */
import * as z from 'zod'
import { Phone } from '../accounts/contract.ts'
import { Provider } from '../money/provider-name.ts'

/**
 * `phone`: for a provider that prompts on the phone. `returnUrl`: where the provider's page sends the buyer afterwards.
 */
export const PayWith = z
  .strictObject({
    provider: Provider,
    phone: Phone.optional(),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional(),
  })
  .meta({ id: 'PayWith' })

export type PayWith = z.infer<typeof PayWith>
