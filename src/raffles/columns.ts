/** From the fields of a request to the columns of the table. */
import type { CreateRaffle, RaffleTimes, SavedTerms, UpdateRaffle } from './contract.ts'
import type { RaffleRow } from './schema.ts'

type Columns = Omit<
  RaffleRow,
  | 'id'
  | 'pool'
  | 'slug'
  | 'organisationId'
  | 'seriesId'
  | 'status'
  | 'termsVersion'
  | 'revision'
  | 'closeNote'
  | 'drawnAttempts'
  | 'dueAt'
  | 'createdAt'
  | 'updatedAt'
>

/** The columns of the fields that were sent. */
export function toColumns({ ticketPrice, ...fields }: UpdateRaffle): Partial<Columns> {
  if (ticketPrice === undefined) return fields
  return { ...fields, priceAmount: ticketPrice.amount, priceCurrency: ticketPrice.currency }
}

/** All columns of a new raffle. */
export function toNewColumns({
  organisationId: _,
  opensAt,
  closesAt,
  drawAt,
  ...terms
}: CreateRaffle): Columns {
  return { ...toTermColumns(terms), opensAt, closesAt, drawAt }
}

/** All columns but the times; a free raffle lets each person enter once unless it says otherwise or orders earn its entries. */
export function toTermColumns({
  ticketPrice,
  maxPerUser,
  ...fields
}: SavedTerms): Omit<Columns, keyof RaffleTimes> {
  const isOnceEach = ticketPrice.amount === 0 && fields.entry === 'purchase'
  return {
    ...fields,
    priceAmount: ticketPrice.amount,
    priceCurrency: ticketPrice.currency,
    maxPerUser: maxPerUser === undefined ? (isOnceEach ? 1 : null) : maxPerUser,
  }
}
