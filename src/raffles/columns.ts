/** Converts the fields of a request to columns of the table. */
import { fold } from '../core/fold.ts'
import {
  type CreateRaffle,
  NEW_ENTRY_TERMS,
  type RaffleTimes,
  type SavedTerms,
  type UpdateRaffle,
} from './contract.ts'
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
  | 'cover'
  | 'createdAt'
  | 'updatedAt'
>

/** The columns of the fields that were sent. */
export function toColumns({ ticketPrice, ...sent }: UpdateRaffle): Partial<Columns & { folded: string }> {
  const fields = sent.title === undefined ? sent : { ...sent, folded: fold(sent.title) }
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

/** All columns except the times. `maxPerUser` is 1 by default if entries are free and not earned by orders. */
export function toTermColumns({
  ticketPrice,
  maxPerUser,
  ...fields
}: SavedTerms): Omit<Columns, keyof RaffleTimes> {
  const isOnceEach = ticketPrice.amount === 0 && fields.entry === 'purchase'
  return {
    ...NEW_ENTRY_TERMS,
    ...fields,
    priceAmount: ticketPrice.amount,
    priceCurrency: ticketPrice.currency,
    maxPerUser: maxPerUser === undefined ? (isOnceEach ? 1 : null) : maxPerUser,
  }
}
