/** Users and organisations for tests. They are inserted directly, because hashing a password takes 0.1 seconds. */
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { members, organisations, sessions, users } from '../../src/accounts/schema.ts'
import { signAccessToken, type TokenFacts } from '../../src/accounts/token.ts'
import { selectTokenFacts } from '../../src/accounts/token-facts.ts'
import { type Ctx, createContext } from '../../src/core/context.ts'
import { newId } from '../../src/core/ids.ts'
import { readSettings, type Settings } from '../../src/core/settings.ts'

export interface Person {
  id: string
  email: string
  name: string
  sessionId: string
  /** The access token of the person's session. */
  token: string
}

export interface Organisation {
  id: string
  name: string
  operator: Person
}

/** No password has this hash. A test that needs a password must register through the API. */
const NO_PASSWORD = 'scrypt$14$8$5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const AN_HOUR_MS = 3_600_000

export function testSettings(): Settings {
  const result = readSettings({ ...env })
  if (!result.ok) throw new Error(result.problems.join('. '))
  return result.settings
}

/** A context like a request's, for calling a verb directly. */
export function testContext(now = Date.now()): Ctx {
  return createContext(env, testSettings(), now, crypto.randomUUID())
}

export const uniqueEmail = (): string => `${newId('user').replace('_', '-')}@example.com`

export interface PersonOptions {
  name?: string
  email?: string
  phone?: string
  role?: 'user' | 'admin'
  status?: 'active' | 'suspended'
  winnerDisplay?: 'name' | 'initials' | 'anonymous'
  /** Whether the address is proved. Default: it is. */
  isProved?: boolean
}

/** A new signed-in user who belongs to no organisation. */
export async function registerPlayer(options: PersonOptions = {}): Promise<Person> {
  const { db, now } = testContext()
  const id = newId('user')
  const email = options.email ?? uniqueEmail()
  const name = options.name ?? 'Amina Wanjiru'
  const session = newSession(id, now)
  const user = {
    id,
    email,
    name,
    phone: options.phone,
    passwordHash: NO_PASSWORD,
    role: options.role,
    status: options.status,
    winnerDisplay: options.winnerDisplay,
    emailVerifiedAt: options.isProved === false ? null : now,
    createdAt: now,
    updatedAt: now,
  }
  await db.batch([db.insert(users).values(user), db.insert(sessions).values(session)])
  return { id, email, name, sessionId: session.id, token: await tokenOf(session) }
}

/** The id of the user who has an address. A registration does not answer it. */
export async function userIdOf(email: string): Promise<string> {
  const id = await env.DB.prepare('SELECT id FROM users WHERE email = ?').bind(email).first<string>('id')
  if (id === null) throw new Error(`no user has ${email}`)
  return id
}

export const signedInAdmin = (): Promise<Person> => registerPlayer({ name: 'Ada Admin', role: 'admin' })

/** A new organisation with a signed-in operator. */
export async function organisationWithOperator(): Promise<Organisation> {
  const { db, now } = testContext()
  const id = newId('organisation')
  const name = `Organisation ${id.slice(-6)}`
  await db.insert(organisations).values({ id, slug: id, name, createdAt: now, updatedAt: now })
  return { id, name, operator: await addOperator(id) }
}

/** Adds a member to an organisation. `role` may be one that this version does not know. */
export async function addOperator(organisationId: string, role = 'operator'): Promise<Person> {
  const { db, now } = testContext()
  const person = await registerPlayer({ name: 'Otieno Operator' })
  await db.insert(members).values({ organisationId, userId: person.id, role, createdAt: now })
  // The membership has revoked the earlier token.
  return { ...person, ...(await signIn(person.id)) }
}

/** Opens a session for a user and returns its access token. */
export async function signIn(userId: string): Promise<{ sessionId: string; token: string }> {
  const { db, now } = testContext()
  const session = newSession(userId, now)
  await db.insert(sessions).values(session)
  return { sessionId: session.id, token: await tokenOf(session) }
}

function newSession(userId: string, now: number) {
  const id = newId('session')
  const expiresAt = now + AN_HOUR_MS
  return { id, userId, familyHash: id, refreshHash: id, createdAt: now, refreshedAt: now, expiresAt }
}

/** The token that a refresh would return. */
async function tokenOf({ id, createdAt: now }: ReturnType<typeof newSession>): Promise<string> {
  const ctx = testContext()
  const [facts] = await selectTokenFacts(ctx, eq(sessions.id, id))
  const terms = { secret: ctx.settings.JWT_SECRET, now }
  return signAccessToken(facts!, terms, ctx.settings.ACCESS_TOKEN_SECONDS)
}

/** What the token of a user without rows in the database says. */
export const strangerFacts = (userId: string): TokenFacts => ({
  userId,
  sessionId: newId('session'),
  isProved: true,
  staffOf: [],
  revision: 0,
})

/** The access token of a new session. */
export const withUserToken = async (userId: string): Promise<string> => (await signIn(userId)).token
