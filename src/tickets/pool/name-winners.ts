/** Who holds the tickets that have won. */
import type { DrawnWinner } from '../pool-contract.ts'
import type { Pool } from './pool.ts'
import type { PoolStore } from './store.ts'
import { eachSale } from './ticket-list.ts'

/** Finds the holders of the winning tickets in one pass over the log, as there is no index by number. */
export function nameWinners(
  pool: Pool,
  store: PoolStore,
  won: readonly { unit: string; ticket: number }[],
): DrawnWinner[] {
  const wanted = new Set(won.map((winner) => winner.ticket))
  const holders = new Map<number, number>()
  eachSale(store, ({ numbers, reservation }, issued) => {
    if (issued) for (const number of numbers) if (wanted.has(number)) holders.set(number, reservation)
  })
  return won.map(({ unit, ticket }) => {
    const { reservation } = pool.fold(store.reservation(holders.get(ticket)!)!)
    return { unit, number: ticket, holder: reservation.holder, reservationId: reservation.id }
  })
}
