/** Money: integer minor units beside an ISO 4217 currency; no floats, ever. */
import * as z from 'zod'

/** Largest amount of one sum, in minor units; leaves room to multiply by a raffle's tickets within 2^53. */
export const MAX_AMOUNT = 1_000_000_000

export const Currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency code such as KES')

/** `amount` is in minor units (cents); zero means free. */
export const Money = z
  .strictObject({ amount: z.number().int().min(0).max(MAX_AMOUNT), currency: Currency })
  .meta({ id: 'Money', description: 'Integer minor units of a currency.' })
export type Money = z.infer<typeof Money>

/** A sum of many amounts, as it is answered. */
export const Sum = z
  .strictObject({ amount: z.number().int(), currency: Currency })
  .meta({ id: 'Sum', description: 'Integer minor units of a currency, of many amounts together.' })
