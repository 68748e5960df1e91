/** From the fields of a request to the columns of the table. */
import type { CreateRaffle, UpdateRaffle } from './contract.ts'
import type { RaffleRow } from './schema.ts'

type Columns = Omit<
  RaffleRow,
  | 'id'
  | 'pool'
  | 'slug'
  | 'organisationId'
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

/** All columns of a new raffle; a free one lets each person enter once unless it says otherwise. */
export function toNewColumns({
  organisationId: _,
  ticketPrice,
  maxPerUser,
  ...fields
}: CreateRaffle): Columns {
  const free = ticketPrice.amount === 0
  return {
    ...fields,
    priceAmount: ticketPrice.amount,
    priceCurrency: ticketPrice.currency,
    maxPerUser: maxPerUser === undefined ? (free ? 1 : null) : maxPerUser,
  }
}
