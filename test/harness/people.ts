/** People for tests: inserted directly, because hashing a password takes a tenth of a second; each call makes new ones. */
import { env } from 'cloudflare:workers'
import { members, organisations, sessions, users } from '../../src/accounts/schema.ts'
import { signAccessToken } from '../../src/accounts/token.ts'
import { type Ctx, createContext } from '../../src/core/context.ts'
import { newId } from '../../src/core/ids.ts'
import { readSettings, type Settings } from '../../src/core/settings.ts'

export interface Person {
  id: string
  email: string
  name: string
  sessionId: string
  /** An access token of the person's session. */
  token: string
}

export interface Organisation {
  id: string
  name: string
  operator: Person
}

/** Where a password is needed, register through the door; this is no hash of anything. */
const NO_PASSWORD = 'scrypt$14$8$5$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const AN_HOUR_MS = 3_600_000

export function testSettings(): Settings {
  const result = readSettings({ ...env })
  if (!result.ok) throw new Error(result.problems.join('. '))
  return result.settings
}

/** A context as a request has it, for calling a verb directly. */
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
}

/** A user who is signed in and a member of nothing. */
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
    createdAt: now,
    updatedAt: now,
  }
  await db.batch([db.insert(users).values(user), db.insert(sessions).values(session)])
  return { id, email, name, sessionId: session.id, token: await tokenOf(session) }
}

export const signedInAdmin = (): Promise<Person> => registerPlayer({ name: 'Ada Admin', role: 'admin' })

/** An organisation of its own, and a signed-in operator of it. */
export async function organisationWithOperator(): Promise<Organisation> {
  const { db, now } = testContext()
  const id = newId('organisation')
  const name = `Organisation ${id.slice(-6)}`
  await db.insert(organisations).values({ id, slug: id, name, createdAt: now, updatedAt: now })
  return { id, name, operator: await addOperator(id) }
}

/** One more member of an organisation; `role` may be one that this version does not know. */
export async function addOperator(organisationId: string, role = 'operator'): Promise<Person> {
  const { db, now } = testContext()
  const person = await registerPlayer({ name: 'Otieno Operator' })
  await db.insert(members).values({ organisationId, userId: person.id, role, createdAt: now })
  return person
}

/** A session of a user, and an access token of it. */
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

function tokenOf({ id: sessionId, userId, createdAt: now }: ReturnType<typeof newSession>): Promise<string> {
  const { settings } = testContext()
  const terms = { secret: settings.JWT_SECRET, now }
  return signAccessToken({ userId, sessionId }, terms, settings.ACCESS_TOKEN_SECONDS)
}

/** An access token of a new session. */
export const withUserToken = async (userId: string): Promise<string> => (await signIn(userId)).token
