/** Publishes a draft: everybody sees it, and the pools of its ticket types begin to sell. */
import { and, eq, sql } from 'drizzle-orm'
import { requireApproval } from '../accounts/priced-sales.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { type FieldError, Problem, validationFailed } from '../core/errors.ts'
import type { Provider } from '../money/provider-name.ts'
import { automaticProviders, whyNotProvider } from '../money/providers/index.ts'
import { narrowedProviders, type Selling, sellingOf, whyNotOffered } from '../money/selling-terms.ts'
import type { Event } from './contract.ts'
import { findEventFor, typesOf } from './find-event.ts'
import { readEvent } from './read-event.ts'
import { type EventRow, events, type TicketTypeRow } from './schema.ts'
import { bringAllIntoStep, makeAllDue } from './ticket-types/step.ts'
import { whyNotSell } from './ticket-types/terms.ts'

/** The status changes first. If the process dies after that, the sweep gives the terms to the pools. */
export async function publishEvent(ctx: Ctx, id: string): Promise<Event> {
  const event = await findEventFor(ctx, id, 'events:write')
  if (event.status !== 'draft') throw new Problem('invalid_state', `This event is ${event.status} already.`)
  const selling = await sellingOf(ctx, event.organisationId)
  const countries = event.countries ?? selling.countries
  const providers = await mustBePublishable(ctx, { ...event, countries }, selling)
  const publish = ctx.db
    .update(events)
    .set({
      status: 'published',
      providers,
      countries,
      filledIn: [
        ...(event.providers.length === 0 ? ['providers' as const] : []),
        ...(event.countries === null ? ['countries' as const] : []),
      ],
      publishedAt: ctx.now,
      revision: sql`${events.revision} + 1`,
      updatedAt: ctx.now,
    })
    .where(and(eq(events.id, id), eq(events.status, 'draft'), eq(events.revision, event.revision)))
    .returning({ id: events.id })
  const [published] = await ctx.db.batch([
    publish,
    insertAudit(ctx, {
      action: 'event.published',
      subject: { kind: 'event', id },
      organisationId: event.organisationId,
    }),
    ...makeAllDue(ctx, id),
  ])
  if (published.length === 0) throw new Problem('conflict', 'Someone else changed this event. Read it again.')
  await bringAllIntoStep(ctx, id)
  return readEvent(ctx, id)
}

/** Returns the payment providers of the event. */
async function mustBePublishable(ctx: Ctx, event: EventRow, selling: Selling): Promise<Provider[]> {
  const types = await typesOf(ctx, [event.id])
  const priced = types.map(({ type }) => type).filter(({ priceAmount }) => priceAmount > 0)
  const providers = narrowed(providersOf(ctx, event, priced), event, selling)
  const errors: FieldError[] = whyNotOffered(selling, {
    currencies: currenciesOf(types),
    providers: priced.length === 0 ? [] : providers,
    countries: event.countries,
  })
  if (event.endsAt <= ctx.now) errors.push({ path: 'endsAt', message: 'must lie in the future' })
  if (types.length === 0) errors.push({ path: 'ticketTypes', message: 'add at least one ticket type' })
  const sold = { ...event, providers, status: 'published' as const, publishedAt: ctx.now }
  for (const [at, { type }] of types.entries()) {
    const why = whyNotSell(sold, type, {
      whyNotProvider: (provider) =>
        whyNotProvider(provider, ctx.settings, { amount: type.priceAmount, currency: type.priceCurrency }),
    })
    errors.push(...why.map(({ path, message }) => ({ path: `ticketTypes.${at}.${path}`, message })))
  }
  if (errors.length > 0) throw validationFailed(errors)
  if (priced.length > 0) await requireApproval(ctx, event.organisationId)
  return providers
}

/** A provider that the event names stays, so that the refusal names it. */
const narrowed = (providers: Provider[], event: EventRow, selling: Selling): Provider[] =>
  event.providers.length > 0 ? providers : narrowedProviders(selling, providers)

const currenciesOf = (types: Awaited<ReturnType<typeof typesOf>>): Record<string, string> =>
  Object.fromEntries(
    types.flatMap(({ type }, at) =>
      type.priceAmount === 0 ? [] : [[`ticketTypes.${at}.price.currency`, type.priceCurrency]],
    ),
  )

/** Those that it names. Without a name: all that need no operator, and take the price of every ticket type. */
function providersOf(ctx: Ctx, { providers }: EventRow, priced: TicketTypeRow[]): Provider[] {
  if (providers.length > 0 || priced.length === 0) return providers
  return automaticProviders(ctx.settings).filter((provider) =>
    priced.every(
      ({ priceAmount: amount, priceCurrency: currency }) =>
        whyNotProvider(provider, ctx.settings, { amount, currency }) === null,
    ),
  )
}
