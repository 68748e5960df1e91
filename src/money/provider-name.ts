/** The names of the payment providers. */
import * as z from 'zod'

export const Provider = z.enum(['sandbox', 'stripe', 'mpesa', 'manual'])

export type Provider = z.infer<typeof Provider>

const WRITTEN: Record<Provider, string> = {
  sandbox: 'sandbox',
  stripe: 'Stripe',
  mpesa: 'M-Pesa',
  manual: 'hand',
}

/** Its name as people write it, after “by”. */
export const writtenName = (provider: string): string => WRITTEN[provider as Provider] ?? provider
