/** Throws the reasons why a ticket type cannot be sold at this event. */
import { and, eq } from 'drizzle-orm'
import { requireApproval } from '../../accounts/priced-sales.ts'
import type { Ctx } from '../../core/context.ts'
import { invalid, validationFailed } from '../../core/errors.ts'
import { whyNotProvider } from '../../money/providers/index.ts'
import { sellingOf, whyNotOffered } from '../../money/selling-terms.ts'
import { capacityGroups, type EventRow, type TicketTypeRow } from '../schema.ts'
import { whyNotSell } from './terms.ts'

/** A draft may still lack providers, and the organisation the approval. Publication asks for both. */
export async function mustBeSellable(ctx: Ctx, event: EventRow, type: TicketTypeRow): Promise<void> {
  if (type.capacityGroupId !== null) await mustBeGroupOf(ctx, event, type.capacityGroupId)
  const errors = whyNotSell(event, type, {
    whyNotProvider: (provider) =>
      whyNotProvider(provider, ctx.settings, { amount: type.priceAmount, currency: type.priceCurrency }),
  })
  if (event.status === 'published' && type.priceAmount > 0) {
    const currencies = { 'price.currency': type.priceCurrency }
    const selling = await sellingOf(ctx, event.organisationId)
    errors.push(...whyNotOffered(selling, { currencies, providers: [], countries: null }))
  }
  if (errors.length > 0) throw validationFailed(errors)
  if (event.status === 'published' && type.priceAmount > 0) await requireApproval(ctx, event.organisationId)
}

async function mustBeGroupOf(ctx: Ctx, { id: eventId }: EventRow, groupId: string): Promise<void> {
  const found = await ctx.db
    .select({ id: capacityGroups.id })
    .from(capacityGroups)
    .where(and(eq(capacityGroups.id, groupId), eq(capacityGroups.eventId, eventId)))
    .get()
  if (found === undefined) throw invalid('capacityGroupId', 'is not a capacity group of this event')
}
