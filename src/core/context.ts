/** What every verb receives: the request's database, clock, actor and log, made once at the edge. */
import type { Context as HonoContext } from 'hono'
import { type Database, openDatabase } from './database.ts'
import type { Problem } from './errors.ts'
import { Logger } from './logging.ts'
import type { Settings } from './settings.ts'

/** Bindings and variables of the worker, as `wrangler.toml` declares them. */
export interface Bindings {
  DB: D1Database
  TICKET_POOL: DurableObjectNamespace
  ASSETS: Fetcher
  RATE_SIGN_IN: RateLimit
  RATE_REGISTER: RateLimit
  RATE_PURCHASE: RateLimit
}

/** Who asks. Claims of a verified access token; what must count at once is looked up where it is needed. */
export interface Actor {
  userId: string
  /** The session that the access token belongs to. */
  sessionId: string
}

/** An API key as it was presented: that it is one which counts is looked up by `accounts/require-api-key.ts`. */
export interface PresentedKey {
  id: string
  secretHash: string
}

export interface Ctx {
  env: Bindings
  settings: Settings
  readonly db: Database
  /** Milliseconds since 1970; read once, so that one request sees one time. */
  now: number
  requestId: string
  log: Logger
  /** Null for anybody. */
  actor: Actor | null
  /** Null unless the request came with an API key, which is nobody: no user, no session. */
  apiKey: PresentedKey | null
  /** What was wrong with the Authorization header, for the doors that mind. */
  badToken: Problem | null
}

export type AppEnv = { Bindings: Bindings; Variables: { ctx: Ctx } }
export type AppContext = HonoContext<AppEnv>

/** Makes a context outside a request: the sweep, or a test. */
export function createContext(env: Bindings, settings: Settings, now: number, requestId: string): Ctx {
  let db: Database | undefined
  return {
    env,
    settings,
    // The hot path never opens it.
    get db() {
      db ??= openDatabase(env.DB)
      return db
    },
    now,
    requestId,
    log: new Logger(settings.LOG_LEVEL, { requestId }),
    actor: null,
    apiKey: null,
    badToken: null,
  }
}

/** A request's id: the platform's own where there is one, so that both logs can be joined. */
export const requestIdOf = (headers: Headers): string => headers.get('cf-ray') ?? crypto.randomUUID()
