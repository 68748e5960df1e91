/** Events and ticket types in their wire shape. */
import { toInstant, toInstantOrNull, toWallClock } from '../core/time.ts'
import type { Event, EventSummary, TicketType } from './contract.ts'
import type { FoundEvent, FoundType } from './find-event.ts'
import { availableOf, closesAtOf, opensAtOf, saleStateAt, statusAt } from './life-cycle.ts'
import type { EventRow } from './schema.ts'

export function presentType({ type, pool, group }: FoundType, event: EventRow, now: number): TicketType {
  const sale = saleStateAt({ event, type, pool, group }, now)
  const isCancelled = sale === 'cancelled'
  const { sold = 0, held = 0, waiting = 0 } = isCancelled ? {} : (pool ?? {})
  return {
    id: type.id,
    eventId: type.eventId,
    name: type.name,
    description: type.description,
    price: { amount: type.priceAmount, currency: type.priceCurrency },
    capacity: type.capacity,
    sold,
    held,
    waiting,
    available: isCancelled ? 0 : availableOf({ type, pool, group }),
    maxPerUser: type.maxPerUser,
    opensAt: toInstantOrNull(opensAtOf(type, event)),
    closesAt: toInstant(closesAtOf(type, event)),
    hidden: type.isHidden,
    position: type.position,
    capacityGroupId: type.capacityGroupId,
    sale,
  }
}

/** `isMember`: the reader may edit the event. Others see neither hidden ticket types nor where it takes place online. */
export function presentEvent(
  { event, organisation }: FoundEvent,
  types: FoundType[],
  { isMember, now }: { isMember: boolean; now: number },
): Event {
  const { startsAt, endsAt, timeZone } = event
  return {
    id: event.id,
    slug: event.slug,
    status: statusAt(event, now),
    organisation,
    title: event.title,
    description: event.description,
    images: event.images,
    categoryId: event.categoryId,
    tags: event.tags,
    place: placeOf(event),
    onlineUrl: isMember ? event.onlineUrl : null,
    startsAt: toInstant(startsAt),
    endsAt: toInstant(endsAt),
    timeZone,
    local: { startsAt: toWallClock(startsAt, timeZone), endsAt: toWallClock(endsAt, timeZone) },
    postponed:
      event.postponedAt === null
        ? null
        : {
            at: toInstant(event.postponedAt),
            startsAt: toInstant(event.firstStartsAt!),
            endsAt: toInstant(event.firstEndsAt!),
            reason: event.postponeReason!,
            refundUntil: toInstantOrNull(event.refundUntil),
          },
    transferable: event.transferable,
    providers: event.providers,
    countries: event.countries,
    attendeeNames: event.attendeeNames,
    cancellation:
      event.cancelledAt === null ? null : { at: toInstant(event.cancelledAt), reason: event.cancelReason! },
    ticketTypes: types
      .filter(({ type }) => isMember || !type.isHidden)
      .map((type) => presentType(type, event, now)),
    createdAt: toInstant(event.createdAt),
    updatedAt: toInstant(event.updatedAt),
  }
}

/** An event as its tickets show it. */
export const presentSummary = (event: EventRow, now: number): EventSummary => ({
  id: event.id,
  status: statusAt(event, now),
  title: event.title,
  place: placeOf(event),
  startsAt: toInstant(event.startsAt),
  endsAt: toInstant(event.endsAt),
  timeZone: event.timeZone,
})

function placeOf({ venue, address, city, country, latitude, longitude }: EventRow): Event['place'] {
  if (venue === null) return null
  return {
    venue,
    address,
    city: city!,
    country: country!,
    coordinates: latitude === null ? null : { latitude, longitude: longitude! },
  }
}
