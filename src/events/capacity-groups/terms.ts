/** The terms that a capacity group's pool gives seats under. Pure. */
import { longestSpanSeconds } from '../../money/providers/payment-span.ts'
import { OPEN_TO_ALL } from '../../tickets/entry-terms.ts'
import type { TicketTypeTerms } from '../../tickets/terms.ts'
import { LATEST } from '../contract.ts'
import type { CapacityGroupRow, EventRow } from '../schema.ts'

/** The ticket types decide who may buy, when and for how much. So their group gives seats at any time, to anybody, for free. */
export const groupTermsOf = (
  event: Pick<EventRow, 'title' | 'organisationId' | 'providers'>,
  group: Pick<CapacityGroupRow, 'name' | 'capacity'>,
  holdSeconds: number,
): TicketTypeTerms => ({
  kind: 'ticketType',
  title: `${event.title}: ${group.name}`,
  organisationId: event.organisationId,
  unitAmount: 0,
  // It is never paid, but terms name a currency. ISO 4217 has this one for transactions without any.
  currency: 'XXX',
  total: group.capacity,
  maxPerUser: null,
  opensAt: 0,
  closesAt: LATEST,
  paymentSpanSeconds: longestSpanSeconds(event.providers, holdSeconds),
  providers: [],
  ...OPEN_TO_ALL,
})
