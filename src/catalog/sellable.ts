/**
 * Throws unless the organisation sells in the currency of this price, and one of the providers that it names can take it.
 * `isNew`: whether the price is; one that a product has already is nobody's mistake now.
 */
import type { Ctx } from '../core/context.ts'
import { validationFailed } from '../core/errors.ts'
import type { Money } from '../core/money.ts'
import { whyNoneTakes } from '../money/providers/index.ts'
import { sellingOf, whyNotOffered } from '../money/selling-terms.ts'

export async function requireSellable(
  ctx: Ctx,
  organisationId: string,
  price: Money,
  isNew: boolean,
): Promise<void> {
  const selling = await sellingOf(ctx, organisationId)
  const currencies = { 'price.currency': price.currency }
  const errors = whyNotOffered(selling, { currencies, providers: [], countries: null })
  const why = isNew ? whyNoneTakes(selling.providers ?? [], ctx.settings, price) : null
  if (why !== null) errors.push({ path: 'price.amount', message: why })
  if (errors.length > 0) throw validationFailed(errors)
}
