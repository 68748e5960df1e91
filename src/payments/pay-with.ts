/** The schema of how a buyer wants to pay: the provider and the data that it needs. */
import * as z from 'zod'
import { Phone } from '../accounts/contract.ts'
import { ProviderIn } from '../money/providers/offered.ts'

/**
 * `phone`: for a provider that prompts on the phone. `returnUrl`: where the provider's page sends the buyer afterwards. The
 * checkout refuses one on a site that this deployment does not allow.
 */
export const PayWith = z
  .strictObject({
    provider: ProviderIn,
    phone: Phone.optional(),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .meta({
        description:
          'Where the payment page sends the buyer afterwards: on this site, or on one that the setting `RETURN_ORIGINS` names.',
      })
      .optional(),
  })
  .meta({ id: 'PayWith' })

export type PayWith = z.infer<typeof PayWith>
