/** Converts the fields of a request to columns of the table. */
import { fold } from '../core/fold.ts'
import type { CreateRaffle, RaffleTimes, UpdateRaffle } from './contract.ts'
import { redrawsByDefault } from './draw-method.ts'
import { NEW_ENTRY_TERMS } from './entry-fields.ts'
import type { RaffleRow } from './schema.ts'

/** Every field of a new raffle except its times. */
type NewTerms = Omit<CreateRaffle, 'organisationId' | keyof RaffleTimes>

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
  | 'acceptedResults'
  | 'refusedResults'
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
}: NewTerms): Omit<Columns, keyof RaffleTimes> {
  const redraws = redrawsByDefault(fields.draw)
  const isOnceEach = ticketPrice.amount === 0 && fields.entry === 'purchase'
  return {
    ...NEW_ENTRY_TERMS,
    ...fields,
    onUnclaimed: fields.onUnclaimed ?? redraws.onUnclaimed,
    maxRedraws: fields.maxRedraws ?? redraws.maxRedraws,
    priceAmount: ticketPrice.amount,
    priceCurrency: ticketPrice.currency,
    maxPerUser: maxPerUser === undefined ? (isOnceEach ? 1 : null) : maxPerUser,
  }
}
