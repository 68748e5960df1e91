/**
 * A peer as a process: Fastify before one database, with the routes, tokens and answers of our own API as far as the bench
 * calls them. Prints its URL as a line of JSON, and runs until SIGTERM.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Fastify, { type FastifyRequest } from 'fastify'
import { openPostgres } from './postgres-store.ts'
import { addRaffle, listRaffles, type RafflePage, readAvailability, readRaffle } from './raffles.ts'
import { enter, order, settle } from './sales.ts'
import { openSqlite } from './sqlite-store.ts'
import { Refused } from './store.ts'
import type { Wanted } from './take-numbers.ts'

/** How to open the peer's database, whose tables do not exist yet. */
export type PeerOptions = { secret: string } & (
  | { kind: 'postgres'; socketFolder: string; database: string; synchronousCommit: boolean }
  | { kind: 'sqlite'; file: string; synchronous: 'NORMAL' | 'FULL' }
)

const MAX_VERIFIED = 5_000

const options = JSON.parse(process.argv[2]!) as PeerOptions
const store =
  options.kind === 'postgres'
    ? openPostgres(options.socketFolder, options.database, options.synchronousCommit)
    : openSqlite(options.file, options.synchronous)
await store.script(readFileSync(join(import.meta.dirname, 'schema.sql'), 'utf8'))

const app = Fastify({ bodyLimit: 16 * 1024 * 1024 })
app.setErrorHandler((error, _request, reply) => {
  const status =
    error instanceof Refused ? error.status : ((error as { statusCode?: number }).statusCode ?? 500)
  if (status >= 500) console.error(error)
  return reply.code(status).send({ error: status < 500 ? (error as Error).message : 'internal' })
})
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
  done(null, Object.fromEntries(new URLSearchParams(body as string))),
)

const Purchase = {
  type: 'object',
  required: ['raffleId', 'quantity'],
  additionalProperties: false,
  properties: {
    raffleId: { type: 'string', maxLength: 100 },
    quantity: { type: 'integer', minimum: 1, maximum: 1_000 },
    payment: {
      type: 'object',
      required: ['provider'],
      additionalProperties: false,
      properties: { provider: { enum: ['sandbox'] } },
    },
  },
}

app.post<{ Body: Wanted & { payment?: object } }>(
  '/api/v1/tickets/purchase',
  { schema: { body: Purchase } },
  async (request, reply) => {
    const { payment, ...wanted } = request.body
    const key = request.headers['idempotency-key']
    if (typeof key !== 'string' || key.length > 200) throw new Refused(400, 'An Idempotency-Key is needed.')
    const buyer = { userId: userOf(request), key }
    reply.code(201)
    return payment === undefined ? enter(store, wanted, buyer) : order(store, wanted, buyer)
  },
)
app.post<{ Params: { paymentId: string }; Body: { action: string } }>(
  '/sandbox/checkout/:paymentId',
  async (request, reply) => {
    if (request.body.action !== 'approve') throw new Refused(400, 'The peer only approves.')
    await settle(store, request.params.paymentId)
    return reply.type('text/html').send('<p>Paid.</p>')
  },
)
app.get('/api/v1/raffles', () => listRaffles(store))
app.get<{ Params: { id: string } }>('/api/v1/raffles/:id', ({ params }) => readRaffle(store, params.id))
app.get<{ Params: { id: string } }>('/api/v1/raffles/:id/availability', ({ params }) =>
  readAvailability(store, params.id),
)
/** For the bench: adds raffles in the API's shape. */
app.put<{ Body: { data: RafflePage[] } }>('/bench/raffles', async (request, reply) => {
  for (const page of request.body.data) await addRaffle(store, page)
  return reply.code(204).send()
})

/** Users by verified token. A client sends the same token many times, as with our own worker. */
const verified = new Map<string, { userId: string; expiresAt: number }>()

function userOf({ headers }: FastifyRequest): string {
  const token = headers.authorization?.replace(/^Bearer /, '') ?? ''
  const known = verified.get(token) ?? verify(token)
  if (known === undefined || known.expiresAt < Date.now()) throw new Refused(401, 'The token is invalid.')
  if (verified.size >= MAX_VERIFIED) verified.clear()
  verified.set(token, known)
  return known.userId
}

function verify(token: string) {
  const [header, payload, signature] = token.split('.')
  const mac = createHmac('sha256', options.secret).update(`${header}.${payload}`).digest()
  const given = Buffer.from(signature ?? '', 'base64url')
  if (given.length !== mac.length || !timingSafeEqual(given, mac)) return undefined
  const { sub, exp } = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as {
    sub: string
    exp: number
  }
  return { userId: sub, expiresAt: exp * 1_000 }
}

console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }), pid: process.pid }))
process.once('SIGTERM', () => process.exit(0))
