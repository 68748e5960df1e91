/**
 * The bare worker: the least that the platform needs for a purchase or a read. `hello` shows the speed of the runtime and
 * Hono alone. `one row` is the plain way to sell numbers at the edge: a Durable Object that writes one row for each call,
 * without group commit, checks, log or projection. The platform holds its answer back until the row is durable. Its
 * request and its answer have the shape of a purchase. `one query` is the least that a list costs: one query to D1 by its
 * primary key, without a router's middleware, validation, joins or times, whose rows have the size of a list's rows.
 * `five writes` is the least that the trips of a paid order cost: five batches of one row to D1, each after the last.
 */
import { DurableObject } from 'cloudflare:workers'
import { Hono } from 'hono'

interface Bindings {
  POOL: DurableObjectNamespace<OneRowPool>
  DB: D1Database
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

/** Stores the rows that `/one-query` reads: the items of a list as the API shows them. */
app.put('/one-query', async (c) => {
  const { data } = await c.req.json<{ data: unknown[] }>()
  await c.env.DB.batch([
    c.env.DB.prepare('DROP TABLE IF EXISTS items'),
    c.env.DB.prepare('CREATE TABLE items (id INTEGER PRIMARY KEY, item TEXT NOT NULL)'),
    ...data.map((item) => c.env.DB.prepare('INSERT INTO items (item) VALUES (?)').bind(JSON.stringify(item))),
  ])
  return c.body(null, 204)
})

app.get('/one-query', async (c) => {
  const { results } = await c.env.DB.prepare('SELECT id, item FROM items ORDER BY id LIMIT ?').bind(20).all()
  return c.json({ data: results })
})

const WRITES = 5

app.put('/five-writes', async (c) => {
  await c.env.DB.prepare(
    'CREATE TABLE IF NOT EXISTS writes (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)',
  ).run()
  return c.body(null, 204)
})

app.post('/five-writes', async (c) => {
  for (let write = 0; write < WRITES; write++) {
    await c.env.DB.batch([c.env.DB.prepare('INSERT INTO writes (at) VALUES (?)').bind(Date.now())])
  }
  return c.body(null, 204)
})

export default app
