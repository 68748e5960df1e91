// Suspensions for tests: an admin suspends people through the API, and their things are read as they are stored.
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { askPool } from '../../src/tickets/client.ts'
import { poolNameOf, reservationAddress } from '../../src/tickets/reservation-id.ts'
import type { Answer } from '../harness/client.ts'
import { type Person, signedInAdmin, testContext } from '../harness/people.ts'
import { as, newKey, poolState } from '../raffles/scenario.ts'
import { ANYONE } from '../tickets/entrant.ts'

type Someone = Pick<Person, 'id'>

export async function setStatus(
  { id }: Someone,
  status: string,
  bindings: Partial<Bindings> = {},
): Promise<Answer> {
  return as(await signedInAdmin(), 'PUT', `/users/${id}/status`, { status }, { bindings })
}

export async function suspend(person: Someone, bindings: Partial<Bindings> = {}): Promise<void> {
  expect((await setStatus(person, 'suspended', bindings)).body).toMatchObject({ status: 'suspended' })
}

/** The count in the pool itself. */
export const sold = async (raffleId: string): Promise<number> => (await poolState(poolNameOf(raffleId)))!.sold

export async function reservationOf(id: string) {
  const { pool, seq } = reservationAddress(id)
  return (await askPool(testContext(), pool, (stub) => stub.reservation(seq, id)))!.reservation
}

/** Takes a free ticket as a process does that does not know of the suspension yet. */
export async function takeUnaware(holder: Someone, raffleId: string): Promise<string> {
  const outcome = await askPool(testContext(), poolNameOf(raffleId), (pool) =>
    pool.reserve({
      itemId: raffleId,
      holder: holder.id,
      entrant: ANYONE,
      key: newKey(),
      request: '',
      quantity: 1,
      numbers: null,
      payment: null,
    }),
  )
  if (!outcome.ok) throw new Error(outcome.detail)
  return outcome.reservation.id
}

export interface Stored {
  status: string
  refunded_amount: number
  history: string
  lines: string
  /** The sum that was sent back and arrived. */
  returned: number
}

/** An order as it is stored, because its buyer can no longer read it. */
export async function storedOrder(id: string): Promise<Stored> {
  const row = await env.DB.prepare(
    `SELECT status, refunded_amount,
       (SELECT group_concat(text, char(10)) FROM (SELECT text FROM order_events WHERE order_id = ?1 ORDER BY seq)) AS history,
       (SELECT group_concat(state, ' ') FROM (SELECT state FROM order_lines WHERE order_id = ?1 ORDER BY line)) AS lines,
       (SELECT coalesce(sum(amount), 0) FROM refunds WHERE order_id = ?1 AND status = 'paid') AS returned
     FROM orders WHERE id = ?1`,
  )
    .bind(id)
    .first<Stored>()
  return row!
}

export const dueOf = ({ id }: Someone): Promise<number | null> =>
  env.DB.prepare('SELECT due_at FROM suspensions WHERE user_id = ?').bind(id).first<number | null>('due_at')
