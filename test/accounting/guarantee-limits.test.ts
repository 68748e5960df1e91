// By how much an organisation's guarantees may exceed its balance: administrators set it, members read it.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { MAX_AMOUNT } from '../../src/core/money.ts'
import { protectedRoutes } from '../harness/auth-battery.ts'
import { addOperator, organisationWithOperator, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { as, useClock } from '../raffles/scenario.ts'

useClock()

const path = (id: string, currency = 'KES') => `/organisations/${id}/guarantee-limits/${currency}`
protectedRoutes([{ method: 'PUT', path: `/api/v1${path(newId('organisation'))}`, body: { amount: 1 } }])

const set = (person: { id: string }, id: string, amount: unknown, currency?: string) =>
  as(person, 'PUT', path(id, currency), { amount })
const balance = async (person: { id: string }, id: string) =>
  as(person, 'GET', `/organisations/${id}/balance`)
const audited = async (id: string) =>
  (
    await env.DB.prepare(
      `SELECT actor, fields FROM audit WHERE subject_id = ? AND action = 'guarantee_limit.set' ORDER BY id`,
    )
      .bind(id)
      .all()
  ).results

it('is set by an administrator, per currency, and shown beside the balance', async () => {
  const { id, operator } = await organisationWithOperator()
  const admin = await signedInAdmin()
  const { status, body } = await set(admin, id, 8_000)
  expect([status, body]).toEqual([200, { organisationId: id, limit: { amount: 8_000, currency: 'KES' } }])
  expect((await set(admin, id, 50, 'USD')).status).toBe(200)
  const nothing = (currency: string) => ({ amount: 0, currency })
  expect((await balance(operator, id)).body.data).toEqual(
    [
      ['KES', 8_000],
      ['USD', 50],
    ].map(([currency, amount]) => ({
      balance: nothing(String(currency)),
      left: nothing(String(currency)),
      setAside: nothing(String(currency)),
      guaranteeLimit: { amount, currency },
    })),
  )
  expect((await set(admin, id, 0)).status).toBe(200)
  expect((await balance(operator, id)).body.data).toHaveLength(1)
})

it('is audited once for each change', async () => {
  const { id } = await organisationWithOperator()
  const [admin, other] = [await signedInAdmin(), await signedInAdmin()]
  await Promise.all([set(admin, id, 5), set(admin, id, 5)])
  await set(other, id, 5)
  await set(other, id, 6)
  expect(await audited(id)).toEqual([
    { actor: admin.id, fields: '["KES"]' },
    { actor: other.id, fields: '["KES"]' },
  ])
})

it('is never set by members; for others the organisation does not exist', async () => {
  const { id, operator } = await organisationWithOperator()
  const { operator: stranger } = await organisationWithOperator()
  const janitor = await addOperator(id, 'janitor')
  for (const [person, status] of [
    [operator, 403],
    [janitor, 403],
    [stranger, 404],
    [await registerPlayer(), 404],
  ] as const) {
    expect((await set(person, id, 8_000)).status).toBe(status)
  }
  expect((await set(await signedInAdmin(), newId('organisation'), 1)).status).toBe(404)
  expect(await audited(id)).toEqual([])
  expect((await balance(janitor, id)).status).toBe(403)
})

it.each([
  ['amount', -1],
  ['amount', 1.5],
  ['amount', '5'],
  ['amount', MAX_AMOUNT + 1],
])('is refused if it is invalid: %s (%#)', async (field, amount) => {
  const { id } = await organisationWithOperator()
  const answer = await set(await signedInAdmin(), id, amount)
  expect(answer.status).toBe(422)
  expect(answer.body.errors[0].path).toBe(field)
})

it('exists only for a currency that is in use', async () => {
  const { id } = await organisationWithOperator()
  for (const currency of ['KSH', 'kes'])
    expect((await set(await signedInAdmin(), id, 5, currency)).status).toBe(404)
})
