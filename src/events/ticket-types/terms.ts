/** The terms that a ticket type's pool sells under, and whether they can be sold here. Pure. */
import type { FieldError } from '../../core/errors.ts'
import type { Provider } from '../../money/provider-name.ts'
import { longestSpanSeconds } from '../../money/providers/payment-span.ts'
import { OPEN_TO_ALL } from '../../tickets/entry-terms.ts'
import type { TicketTypeTerms } from '../../tickets/terms.ts'
import { closesAtOf, opensAtOf } from '../life-cycle.ts'
import type { EventRow, TicketTypeRow } from '../schema.ts'

/** The terms of a published event's ticket type. */
export function termsOf(event: EventRow, type: TicketTypeRow, holdSeconds: number): TicketTypeTerms {
  return {
    kind: 'ticketType',
    title: `${event.title}: ${type.name}`,
    organisationId: event.organisationId,
    unitAmount: type.priceAmount,
    currency: type.priceCurrency,
    total: type.capacity,
    maxPerUser: type.maxPerUser,
    ...(type.capacityGroupId === null ? {} : { groupId: type.capacityGroupId }),
    opensAt: opensAtOf(type, event)!,
    closesAt: closesAtOf(type, event),
    // A free admission too may be held, beside others in one order.
    paymentSpanSeconds: longestSpanSeconds(event.providers, holdSeconds),
    providers: type.priceAmount === 0 ? [] : event.providers,
    ...OPEN_TO_ALL,
    countries: event.countries,
  }
}

export interface SaleFacts {
  /** Why a provider cannot take the price of this ticket type here; null if it can. */
  whyNotProvider: (provider: Provider, type: TicketTypeRow) => string | null
}

/** Every reason why this ticket type cannot be sold, by field; empty if it can. */
export function whyNotSell(event: EventRow, type: TicketTypeRow, facts: SaleFacts): FieldError[] {
  return [...wrongTimes(event, type), ...wrongProviders(event, type, facts)]
}

function wrongTimes(event: EventRow, type: TicketTypeRow): FieldError[] {
  const closesAt = closesAtOf(type, event)
  const errors: FieldError[] = []
  if (type.closesAt !== null && type.closesAt > event.endsAt)
    errors.push({ path: 'closesAt', message: 'must not come after the end of the event' })
  if (type.opensAt !== null && type.opensAt >= closesAt)
    errors.push({ path: 'opensAt', message: 'must come before the end of the sale' })
  return errors
}

function wrongProviders(event: EventRow, type: TicketTypeRow, { whyNotProvider }: SaleFacts): FieldError[] {
  if (type.priceAmount === 0) return []
  if (event.status !== 'draft' && event.providers.length === 0)
    return [{ path: 'price', message: 'the event names no payment provider' }]
  return event.providers.flatMap((provider) => {
    const why = whyNotProvider(provider, type)
    return why === null ? [] : [{ path: 'price', message: why }]
  })
}
