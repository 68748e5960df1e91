/** How a buyer wants to pay: the provider and what it needs to know. */
import * as z from 'zod'
import { Phone } from '../accounts/contract.ts'
import { Provider } from '../money/provider-name.ts'

/** How somebody pays: a phone number where the provider prompts on the phone, an address to come back to where it has a page. */
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
