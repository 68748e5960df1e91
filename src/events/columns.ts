/** Converts the fields of requests to columns of the tables. */
import type { Ctx } from '../core/context.ts'
import { invalid } from '../core/errors.ts'
import type { CreateTicketType, UpdateEvent, UpdateTicketType } from './contract.ts'
import type { EventRow, TicketTypeRow, TypeColumns } from './schema.ts'

type Place = NonNullable<UpdateEvent['place']>
type PlaceColumns = Pick<EventRow, 'venue' | 'address' | 'city' | 'country' | 'latitude' | 'longitude'>

const ONLINE: PlaceColumns = {
  venue: null,
  address: null,
  city: null,
  country: null,
  latitude: null,
  longitude: null,
}

export const placeColumns = (place: Place | null): PlaceColumns =>
  place === null
    ? ONLINE
    : {
        venue: place.venue,
        address: place.address,
        city: place.city,
        country: place.country,
        latitude: place.coordinates?.latitude ?? null,
        longitude: place.coordinates?.longitude ?? null,
      }

/** An event that is over could never be published. */
export function mustBeAhead({ now }: Ctx, endsAt: number): void {
  if (endsAt <= now) throw invalid('endsAt', 'must lie in the future')
}

/** Only an event without a place has a link. */
export function mustBeOnline({ venue, onlineUrl }: Pick<EventRow, 'venue' | 'onlineUrl'>): void {
  if (venue !== null && onlineUrl !== null)
    throw invalid('onlineUrl', 'must be null for an event that has a place')
}

/** The columns of the fields that were sent. */
export function typeColumns({ price, hidden, ...fields }: UpdateTicketType): TypeColumns {
  return {
    ...fields,
    ...(price === undefined ? {} : { priceAmount: price.amount, priceCurrency: price.currency }),
    ...(hidden === undefined ? {} : { isHidden: hidden }),
  } as TypeColumns
}

/** All columns that an organiser sets. */
export function newTypeColumns({
  price,
  hidden,
  ...fields
}: CreateTicketType): Pick<TicketTypeRow, keyof Required<TypeColumns>> {
  return { ...fields, priceAmount: price.amount, priceCurrency: price.currency, isHidden: hidden }
}
