/** Throws the reasons why a ticket type cannot be sold at this event. */
import { requireApproval } from '../../accounts/priced-sales.ts'
import type { Ctx } from '../../core/context.ts'
import { validationFailed } from '../../core/errors.ts'
import { whyNotProvider } from '../../money/providers/index.ts'
import type { EventRow, TicketTypeRow } from '../schema.ts'
import { whyNotSell } from './terms.ts'

/** A draft may still lack providers, and the organisation the approval. Publication asks for both. */
export async function mustBeSellable(ctx: Ctx, event: EventRow, type: TicketTypeRow): Promise<void> {
  const errors = whyNotSell(event, type, {
    whyNotProvider: (provider) =>
      whyNotProvider(provider, ctx.settings, { amount: type.priceAmount, currency: type.priceCurrency }),
  })
  if (errors.length > 0) throw validationFailed(errors)
  if (event.status === 'published' && type.priceAmount > 0) await requireApproval(ctx, event.organisationId)
}
