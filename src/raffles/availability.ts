/** Reads how many tickets are left, and which numbers are free. */
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { askPool } from '../tickets/client.ts'
import { type Ticket, TicketNumber } from '../tickets/contract.ts'
import { labelOf } from '../tickets/number-label.ts'
import { digitsOf } from './draw-method.ts'
import { findPublishedRaffle, findShownRaffle } from './find-raffle.ts'
import { isCancelled, ticketCounts } from './present.ts'

/** Reads the projected row, so that spectators never reach the pool. */
export async function readAvailability(ctx: Ctx, id: string) {
  const found = await findShownRaffle(ctx, id)
  if (found.raffle.status === 'draft' || found.pool === null) throw notFound('raffle')
  return { total: found.raffle.totalTickets, ...ticketCounts(found, ctx.now) }
}

/** The free numbers in ascending order, if players choose. Queries the pool, because a buyer needs the current numbers. */
export async function listFreeNumbers(
  ctx: Ctx,
  id: string,
  query: { limit: number; cursor?: string | undefined },
): Promise<PageOf<Ticket>> {
  const found = await findPublishedRaffle(ctx, id)
  const { raffle } = found
  if (raffle.numbering !== 'chosen')
    throw new Problem('invalid_state', 'In this raffle players cannot choose numbers.')
  if (isCancelled(found, ctx.now)) return { data: [], nextCursor: null }
  const [after = -1] = readCursor(query.cursor, z.tuple([TicketNumber])) ?? []
  const numbers = await askPool(ctx, raffle.pool, (pool) => pool.freeNumbers(after + 1, query.limit + 1))
  const digits = digitsOf(raffle.draw)
  return toPage(
    numbers,
    query.limit,
    (number) => [number],
    (number) => ({ number, label: labelOf(number, digits) }),
  )
}
