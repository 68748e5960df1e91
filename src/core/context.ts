/** The context that every verb receives: database, clock, actor and log, made once per request. */
import type { Context as HonoContext } from 'hono'
import { type Database, openDatabase } from './database.ts'
import type { Problem } from './errors.ts'
import { Logger } from './logging.ts'
import { Position } from './position.ts'
import type { Settings } from './settings.ts'
import type { DatabaseBindings } from './writer/contract.ts'
import { databaseOf } from './writer/writing-database.ts'

/** Bindings and variables of the worker, as `wrangler.toml` declares them. */
export interface Bindings extends DatabaseBindings {
  TICKET_POOL: DurableObjectNamespace
  /** The search index; `src/search/` alone uses it. */
  SEARCH: D1Database
  ASSETS: Fetcher
  RATE_SIGN_IN: RateLimit
  RATE_SIGN_IN_TOTAL: RateLimit
  RATE_REGISTER: RateLimit
  RATE_PURCHASE: RateLimit
}

/**
 * The user who sent the request, from a verified access token that was not revoked. What the token says of the user is as
 * of its issue: a change revokes it.
 */
export interface Actor {
  userId: string
  /** The session that the access token belongs to. */
  sessionId: string
  /** Whether the user has proved to read mail at the address. */
  isProved: boolean
  /** The organisations whose staff the user is: a member, or a former member for some days (`accounts/staff.ts`). */
  staffOf: readonly string[]
  /** Whether the list of revoked tokens was read a moment ago. False while D1 does not answer. */
  isChecked: boolean
}

/** An API key as it was sent. `accounts/require-api-key.ts` checks that it exists and is not revoked. */
export interface PresentedKey {
  id: string
  secretHash: string
}

export interface Ctx {
  env: Bindings
  settings: Settings
  readonly db: Database
  /** Which state of the database a request reads and has seen. */
  readonly position: Position
  /** Milliseconds since 1970; read once, so that a whole request uses one time. */
  now: number
  requestId: string
  log: Logger
  /** Null if nobody is signed in. */
  actor: Actor | null
  /** From where the client connects (ISO 3166-1 alpha-2, or `XX` or `T1`); null: nobody sees it. See `countries.ts`. */
  country: string | null
  /** Null unless the request carries an API key. A key has no user and no session. */
  apiKey: PresentedKey | null
  /** What is wrong with the Authorization header; routes that need no user ignore it. */
  badToken: Problem | null
}

/**
 * `requestId` is set first: a worker that is not configured has no `ctx`. `keptAs`: the key of an answer that a crowd may
 * share; see `core/cache.ts`.
 */
export type AppEnv = { Bindings: Bindings; Variables: { requestId: string; ctx: Ctx; keptAs?: string } }
export type AppContext = HonoContext<AppEnv>

/** Makes a context; also for work outside a request, such as the sweep or a test. */
export function createContext(env: Bindings, settings: Settings, now: number, requestId: string): Ctx {
  let db: Database | undefined
  return {
    env,
    settings,
    // Opened at first use, so that the hot path does not pay for it.
    get db() {
      db ??= openDatabase(databaseOf(env, settings))
      return db
    },
    position: new Position(),
    now,
    requestId,
    log: new Logger(settings.LOG_LEVEL, { requestId }),
    actor: null,
    country: null,
    apiKey: null,
    badToken: null,
  }
}

/** A request's id: Cloudflare's ray id if there is one, so that our logs can be joined with theirs. */
export const requestIdOf = (headers: Headers): string => headers.get('cf-ray') ?? crypto.randomUUID()
