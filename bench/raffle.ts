/** The bench's raffles and players: an organiser creates and publishes through the API, and players enter. */
import { randomUUID } from 'node:crypto'
import { signAccessToken } from '../src/accounts/token.ts'
import { DEVELOPMENT_SECRETS } from '../src/core/settings.ts'
import type { Call } from './connection.ts'
import { callsOf, type Door } from './load.ts'
import { playerId } from './players.ts'
import type { HostOptions } from './runtime.ts'

/** Longer than the bench runs. */
const TOKEN_SECONDS = 3_600
const PLAYERS = 2_000

const ORGANISER = playerId(9_999_999)
const SESSION = `session_01k${'7'.repeat(23)}`
/** The organiser's membership revokes tokens that were issued before it. */
const REVISION = 1
const ORGANISATION = `org_01k${'7'.repeat(23)}`

const tokenOf = (userId: string): Promise<string> =>
  signAccessToken(
    { userId, sessionId: SESSION, isProved: true, staffOf: [], revision: REVISION },
    { secret: DEVELOPMENT_SECRETS.JWT_SECRET, now: Date.now() },
    TOKEN_SECONDS,
  )

/** A purchase does not query the database, so players need only tokens. The organiser needs rows. */
export function organiserRows(): HostOptions['seed'] {
  const now = Date.now()
  return [
    {
      sql: `INSERT INTO users (id, email, name, password_hash, created_at, updated_at)
            VALUES (?, 'organiser@bench.example', 'Organiser', 'none', ?, ?)`,
      values: [ORGANISER, now, now],
    },
    {
      sql: `INSERT INTO sessions (id, user_id, family_hash, refresh_hash, created_at, refreshed_at, expires_at)
            VALUES (?, ?, 'none', 'none', ?, ?, ?)`,
      values: [SESSION, ORGANISER, now, now, now + TOKEN_SECONDS * 1_000],
    },
    {
      sql: "INSERT INTO organisations (id, slug, name, created_at, updated_at) VALUES (?, 'bench', 'Bench', ?, ?)",
      values: [ORGANISATION, now, now],
    },
    {
      sql: "INSERT INTO members (organisation_id, user_id, role, created_at) VALUES (?, ?, 'operator', ?)",
      values: [ORGANISATION, ORGANISER, now],
    },
  ]
}

export interface People {
  organiser: string
  players: string[]
}

export async function signIn(): Promise<People> {
  const ids = Array.from({ length: PLAYERS }, (_, index) => playerId(index))
  return { organiser: await tokenOf(ORGANISER), players: await Promise.all(ids.map(tokenOf)) }
}

export interface RaffleTerms {
  prizes: number
  winPolicy: 'perTicket' | 'perHolder'
  /** In minor units; absent: free. */
  price?: number
  /** Default: `random`. */
  numbering?: 'random' | 'chosen'
  /** Default: a million. */
  totalTickets?: number
}

/** Creates and publishes a raffle, and returns its id. */
export async function publishRaffle(url: string, people: People, terms: RaffleTerms): Promise<string> {
  const day = 86_400_000
  const at = (ms: number) => new Date(Date.now() + ms).toISOString()
  const raffle = await post<{ id: string }>(`${url}/api/v1/raffles`, people.organiser, {
    title: 'Bench',
    ticketPrice: { amount: terms.price ?? 0, currency: 'KES' },
    providers: terms.price === undefined ? [] : ['sandbox'],
    totalTickets: terms.totalTickets ?? 1_000_000,
    maxPerUser: null,
    numbering: terms.numbering ?? 'random',
    opensAt: at(-day),
    closesAt: at(day),
    drawAt: at(2 * day),
    prizes: [{ title: 'A prize', quantity: terms.prizes }],
    winPolicy: terms.winPolicy,
  })
  await post(`${url}/api/v1/raffles/${raffle.id}/publish`, people.organiser)
  return raffle.id
}

export async function post<Answer>(
  url: string,
  token: string | null,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<Answer> {
  const headers: Record<string, string> = { 'content-type': 'application/json', ...more }
  if (token !== null) headers.authorization = `Bearer ${token}`
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body ?? {}) })
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Answer
}

/** What a purchase asks for. */
export type Wanted = { quantity: number } | { numbers: number[] }

/** Free entries by one player after another, each with its own idempotency key. */
export function purchaseDoor(
  url: string,
  people: People,
  raffleId: string,
  wanted: () => Wanted = () => ({ quantity: 1 }),
): Door {
  const next = purchases(people, () => ({ raffleId, ...wanted() }))
  return callsOf(url, 201, next)
}

/** Purchases of `body()` by one player after another. */
export function purchases(people: People, body: () => object, path = '/api/v1/tickets/purchase'): () => Call {
  const run = randomUUID()
  let count = 0
  return () => ({
    method: 'POST',
    path,
    headers: {
      authorization: `Bearer ${people.players[count % people.players.length]}`,
      'content-type': 'application/json',
      'idempotency-key': `${run}-${count++}`,
    },
    body: JSON.stringify(body()),
  })
}
