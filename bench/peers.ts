/**
 * The two endpoints that purchases are compared with. `hello` shows the speed of the runtime and Hono alone. `one row`
 * is the plain way to sell numbers at the edge: a Durable Object that writes one row for each call, without group
 * commit, checks, log or projection. The platform holds its answer back until the row is durable. Its request and its
 * answer have the shape of a purchase.
 */
import { DurableObject } from 'cloudflare:workers'
import { Hono } from 'hono'

interface Bindings {
  POOL: DurableObjectNamespace<OneRowPool>
}

export class OneRowPool extends DurableObject<Bindings> {
  #last: number

  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env)
    const { sql } = ctx.storage
    sql.exec(
      'CREATE TABLE IF NOT EXISTS tickets (number INTEGER PRIMARY KEY, key TEXT NOT NULL, at INTEGER NOT NULL)',
    )
    this.#last = sql.exec<{ last: number }>('SELECT coalesce(max(number), 0) AS last FROM tickets').one().last
  }

  async take(key: string): Promise<{ number: number; at: number }> {
    const ticket = { number: ++this.#last, at: Date.now() }
    this.ctx.storage.sql.exec('INSERT INTO tickets VALUES (?, ?, ?)', ticket.number, key, ticket.at)
    return ticket
  }
}

const app = new Hono<{ Bindings: Bindings }>()

app.post('/hello', (c) => c.text('hello'))

app.post('/api/v1/tickets/purchase', async (c) => {
  const { raffleId, quantity } = await c.req.json<{ raffleId: string; quantity: number }>()
  const { number, at } = await c.env.POOL.getByName(raffleId).take(c.req.header('idempotency-key')!)
  const createdAt = new Date(at).toISOString()
  const id = `res_${String(number).padStart(26, '0')}`
  const reservation = {
    id,
    raffleId,
    state: 'sold',
    quantity,
    createdAt,
    issuedAt: createdAt,
    heldUntil: null,
  }
  return c.json({ reservation, tickets: [{ number }], order: null }, 201)
})

export default app
