/** The schema of how a buyer wants to pay: the provider and the data that it needs. */
import * as z from 'zod'
import { normalised } from '../money/providers/index.ts'
import { ProviderIn } from '../money/providers/offered.ts'

const MAX_PHONE_LENGTH = 40
const E164 = /^\+[1-9]\d{6,14}$/

/**
 * `phone`: for a provider that prompts on the phone. `returnUrl`: where the provider's page sends the buyer afterwards. The
 * checkout refuses one on a site that this deployment does not allow.
 */
export const PayWith = z
  .strictObject({
    provider: ProviderIn,
    phone: z.string().trim().min(1).max(MAX_PHONE_LENGTH).optional(),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .meta({
        description:
          'Where the payment page sends the buyer afterwards: on this site, or on one that the setting `RETURN_ORIGINS` names.',
      })
      .optional(),
  })
  // M-Pesa takes any Kenyan form. Equal numbers become equal texts, so that a repeat with another form is the same request.
  .overwrite((pay) =>
    pay.phone === undefined ? pay : { ...pay, phone: normalised(pay.provider, pay.phone) },
  )
  .refine(({ phone }) => phone === undefined || E164.test(phone), {
    path: ['phone'],
    message: 'must be a phone number with its country, such as +254712345678',
  })
  .meta({ id: 'PayWith' })

export type PayWith = z.infer<typeof PayWith>
