/** Throws unless the organisation sells in this currency. */
import type { Ctx } from '../core/context.ts'
import { validationFailed } from '../core/errors.ts'
import { sellingOf, whyNotOffered } from '../money/selling-terms.ts'

export async function requireOwnCurrency(ctx: Ctx, organisationId: string, currency: string): Promise<void> {
  const selling = await sellingOf(ctx, organisationId)
  const currencies = { 'price.currency': currency }
  const errors = whyNotOffered(selling, { currencies, providers: [], countries: null })
  if (errors.length > 0) throw validationFailed(errors)
}
