/**
 * Makes the demo through the API: people, an organisation, its shop, its raffles and its events. Every step first checks what exists,
 * so that the next run finishes an interrupted one.
 */
import { call, logIn, type Stage } from './call.ts'
import { makeDailyDraw } from './daily-draw.ts'
import { EVENT_CATEGORIES, makeEvents } from './events.ts'
import { makeLotteries } from './lotteries.ts'
import { makeLotteryRaffle } from './lottery-raffle.ts'
import { makeRaffles } from './make-raffles.ts'
import { ADMIN, DEMO_PEOPLE, OPERATOR, READERS, register, SECOND_ADMIN } from './people.ts'
import { makeShop } from './shop.ts'

export { DEMO_PASSWORD } from './call.ts'
export { DEMO_PEOPLE } from './people.ts'

const ORGANISATION = 'Kilimani Books'

/**
 * Makes the demo at `origin`. `execute` runs SQL on the worker's database: nobody can appoint the first admin through the
 * API, so one wrangler command does it, here as in production. Returns when the first draws are due (ms).
 */
export async function seed(origin: string, execute: (sql: string) => Promise<void>): Promise<number> {
  await Promise.all([...DEMO_PEOPLE, ...READERS].map((person) => register(origin, person)))
  // Nobody has to read the demo's mails: its people count as owners of their addresses.
  const emails = [...DEMO_PEOPLE, ...READERS].map(({ email }) => `'${email}'`)
  await execute(
    `UPDATE users SET role = 'admin' WHERE email IN ('${ADMIN.email}', '${SECOND_ADMIN.email}');
     UPDATE users SET email_verified_at = created_at WHERE email IN (${emails})`,
  )
  const stage = await openShop(origin)
  const shop = await makeShop(stage, EVENT_CATEGORIES)
  const drawnAt = await makeRaffles(stage, shop)
  await makeDailyDraw(stage, shop)
  await makeEvents(stage, shop)
  await makeLotteries(origin)
  await makeLotteryRaffle(stage)
  return drawnAt
}

async function openShop(origin: string): Promise<Stage> {
  const admin = await logIn(origin, ADMIN.email)
  const organisations = await call(origin, 'GET', '/organisations?limit=100', { token: admin })
  const organisation =
    organisations.data.find((each: { name: string }) => each.name === ORGANISATION) ??
    (await call(origin, 'POST', '/organisations', { token: admin, body: { name: ORGANISATION } }))
  await join(origin, admin, organisation.id)
  return { origin, organisationId: organisation.id, token: await logIn(origin, OPERATOR.email) }
}

/** The operator accepts the admin's invitation, unless an earlier run did it. */
async function join(origin: string, admin: string, organisationId: string): Promise<void> {
  const operator = await logIn(origin, OPERATOR.email)
  const own = await call(origin, 'GET', '/organisations?limit=100', { token: operator })
  if (own.data.some((each: { id: string }) => each.id === organisationId)) return
  const body = { email: OPERATOR.email, role: 'operator' }
  const { id } = await call(origin, 'POST', `/organisations/${organisationId}/invitations`, {
    token: admin,
    body,
  })
  await call(origin, 'POST', `/users/me/invitations/${id}/accept`, { token: operator })
}
