// An organisation whose guaranteed prizes cost more than the takings: its winners are paid and its debt is visible. Once
// it has paid in, its other raffles are paid out.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { MAX_AMOUNT } from '../../src/core/money.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { type Answer, operations } from '../harness/client.ts'
import { addOperator, organisationWithOperator, registerPlayer, signedInAdmin } from '../harness/people.ts'
import {
  approve,
  cash,
  claimCash,
  payoutsOf,
  request,
  stageDrawn,
  stageSettled,
} from '../payouts/payout-stage.ts'
import { as, at, HOUR, iso, KES, NOW, readAll, useClock } from '../raffles/scenario.ts'

useClock()

const BODY = { reference: 'FT 26-1187', amount: KES(9_000) }
const path = (organisationId: string, what = 'top-ups') => `/organisations/${organisationId}/${what}`
const ROUTES: readonly Route[] = ['balance', 'top-ups']
  .map((what): Route => ({ method: 'GET', path: `/api/v1${path(newId('organisation'), what)}` }))
  .concat({ method: 'POST', path: `/api/v1${path(newId('organisation'))}`, body: BODY })
protectedRoutes(ROUTES)

const record = (person: { id: string }, organisationId: string, body: unknown = BODY): Promise<Answer> =>
  as(person, 'POST', path(organisationId), body)
const list = async (person: { id: string }, organisationId: string) =>
  (await as(person, 'GET', path(organisationId))).body.data
const balance = async (person: { id: string }, organisationId: string) =>
  (await as(person, 'GET', path(organisationId, 'balance'))).body.data.map(
    ({ balance: sum, left }: Record<string, unknown>) => ({ balance: sum, left }),
  )

describe('the routes of balances', () => {
  it('are all in this file', () => {
    const known = ROUTES.map((route) => `${route.method} ${route.path.replace(/org_\w+/, ':id')}`)
    const declared = operations
      .filter((each) => /\/organisations\/:id\/(balance|top-ups)/.test(each.path))
      .map((each) => `${each.method} ${each.path}`)
    expect(known.sort()).toEqual([...new Set(declared)].sort())
  })

  it('let members read and administrators record; others get not_found', async () => {
    const { id, operator } = await organisationWithOperator()
    const admin = await signedInAdmin()
    const janitor = await addOperator(id, 'janitor')
    const callAll = (person: { id: string }, organisationId: string) =>
      Promise.all([
        as(person, 'GET', path(organisationId, 'balance')),
        as(person, 'GET', path(organisationId)),
        record(person, organisationId),
      ])
    const statuses = async (person: { id: string }) => (await callAll(person, id)).map(({ status }) => status)
    expect(await statuses(janitor)).toEqual([403, 403, 403])
    expect(await statuses(operator)).toEqual([200, 200, 403])
    const { operator: stranger } = await organisationWithOperator()
    for (const person of [stranger, await registerPlayer()]) {
      const unknown = await callAll(person, newId('organisation'))
      for (const [index, theirs] of (await callAll(person, id)).entries()) {
        expect(theirs.status).toBe(404)
        expect({ ...theirs.body, requestId: '' }).toEqual({ ...unknown[index]!.body, requestId: '' })
      }
    }
    expect((await callAll(admin, newId('organisation'))).map(({ status }) => status)).toEqual([404, 404, 404])
    expect(await list(operator, id)).toEqual([])
    expect(await statuses(admin)).toEqual([200, 200, 201])
    await env.DB.prepare(`UPDATE users SET status = 'suspended' WHERE id = ?`).bind(admin.id).run()
    expect(await statuses(admin)).toEqual([401, 401, 401])
  })
})

describe('an organisation that owes', () => {
  /** A raffle with 4,500 left, and one whose prize exceeds its prize pool by 9,000. */
  async function stageOwing() {
    const rich = await stageSettled()
    const poor = await stageDrawn({ prizes: [cash(13_500)], rakeBps: 1_000 }, 5, rich.organisation)
    return { rich, poor, id: rich.organisation.id, operator: rich.operator }
  }

  it('sees its debt, pays it in, has its winner paid, and is paid out', async () => {
    const { rich, poor, id, operator } = await stageOwing()
    const [won] = poor.won
    await claimCash(won!)
    const [prize] = await payoutsOf(poor)
    expect((await approve(operator, prize.id)).body.detail).toContain('Held: sandbox KES 90.00.')

    expect(await balance(operator, id)).toEqual([{ balance: KES(-4_500), left: KES(-4_500) }])
    expect((await request(operator, rich.id)).body).toMatchObject({
      code: 'invalid_state',
      detail:
        'The organisation owes KES 90.00 to prizes of other raffles, or for disputed or refunded payments, has it set aside for guaranteed raffles, or has already requested that sum. This can be paid out once the organisation has paid it in and an administrator has recorded the top-up.',
    })

    const admin = await signedInAdmin()
    const half = await record(admin, id, { reference: 'cash 1', amount: KES(4_500), provider: 'sandbox' })
    expect(half.status).toBe(201)
    expect((await approve(operator, prize.id)).body).toMatchObject({ status: 'paid', amount: KES(13_500) })
    expect(await balance(operator, id)).toEqual([{ balance: KES(0), left: KES(0) }])
    expect((await request(operator, rich.id)).body.detail).toContain('owes KES 45.00 to prizes')
    await record(admin, id, { reference: 'cash 2', amount: KES(4_500), provider: 'sandbox' })
    const requested = await request(operator, rich.id)
    expect(requested).toMatchObject({ status: 201, body: { amount: KES(4_500) } })
    expect(await balance(operator, id)).toEqual([{ balance: KES(4_500), left: KES(0) }])
    expect((await approve(operator, requested.body.id)).body.status).toBe('paid')
    expect(await balance(operator, id)).toEqual([{ balance: KES(0), left: KES(0) }])
  })

  it('sees its debt also if the payout was requested before it owed', async () => {
    const rich = await stageSettled()
    const { operator, organisation } = rich
    const { body: requested } = await request(operator, rich.id)
    await stageDrawn({ prizes: [cash(5_700)], rakeBps: 1_000 }, 5, organisation)
    expect(await balance(operator, organisation.id)).toEqual([{ balance: KES(3_300), left: KES(-1_200) }])
    expect((await approve(operator, requested.id)).body.detail).toContain('owes KES 12.00 to prizes')
    await record(await signedInAdmin(), organisation.id, { reference: 'cash', amount: KES(1_200) })
    expect((await approve(operator, requested.id)).body.status).toBe('paid')
  })

  it('may owe in one currency and have money in another', async () => {
    const { rich, id, operator } = await stageOwing()
    const dollars = { amount: 100_000, currency: 'USD' }
    await record(await signedInAdmin(), id, { reference: 'wire', amount: dollars })
    expect(await balance(operator, id)).toEqual([
      { balance: KES(-4_500), left: KES(-4_500) },
      { balance: dollars, left: dollars },
    ])
    expect((await request(operator, rich.id)).body.code).toBe('invalid_state')
  })
})

describe('a top-up', () => {
  const inLedger = async (organisationId: string) =>
    (
      await env.DB.prepare('SELECT * FROM transfers WHERE credit = ?')
        .bind(`organiser:${organisationId}`)
        .all()
    ).results

  it('is one transfer from cash to the organisation', async () => {
    const { id, operator } = await organisationWithOperator()
    const { status, body, headers } = await record(await signedInAdmin(), id)
    expect(status).toBe(201)
    expect(body).toEqual({ organisationId: id, ...BODY, provider: 'manual', recordedAt: iso(NOW) })
    expect(headers.get('location')).toBe(`/api/v1/organisations/${id}/top-ups`)
    expect(await list(operator, id)).toEqual([body])
    expect(await inLedger(id)).toMatchObject([
      {
        transaction_id: `top-up:${id}:FT 26-1187`,
        debit: `cash:manual:${id}`,
        amount: 9_000,
        currency: 'KES',
      },
    ])
  })

  it('is recorded once per reference, even if other administrators repeat it', async () => {
    const { id, operator } = await organisationWithOperator()
    const [admin, other] = [await signedInAdmin(), await signedInAdmin()]
    const answers = await Promise.all([record(admin, id), record(other, id), record(admin, id)])
    at(NOW + HOUR)
    answers.push(await record(other, id, { ...BODY, reference: ' FT 26-1187 ' }))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    for (const { body } of answers) expect(body).toEqual(answers[0]!.body)
    expect(await inLedger(id)).toHaveLength(1)
    expect(await balance(operator, id)).toEqual([{ balance: KES(9_000), left: KES(9_000) }])
  })

  it('with another amount is a conflict; another organisation may use the same reference', async () => {
    const { id, operator } = await organisationWithOperator()
    const { id: theirs } = await organisationWithOperator()
    const admin = await signedInAdmin()
    const { body } = await record(admin, id)
    for (const amount of [KES(9_001), { amount: 9_000, currency: 'USD' }]) {
      expect((await record(admin, id, { ...BODY, amount })).body).toMatchObject({
        code: 'conflict',
        detail: 'This reference is already recorded with another amount or provider.',
      })
    }
    expect((await record(admin, theirs, { ...BODY, amount: KES(1) })).status).toBe(201)
    expect(await list(operator, id)).toEqual([body])
  })

  it('is listed in pages, the newest first, with its exact reference', async () => {
    const { id, operator } = await organisationWithOperator()
    const admin = await signedInAdmin()
    const references = ['zeta', 'a:b;c', '１００ 円', 'alpha', '~']
    for (const [hours, reference] of references.entries()) {
      at(NOW + Math.floor(hours / 2) * HOUR)
      expect((await record(admin, id, { reference, amount: KES(1) })).status).toBe(201)
    }
    const all = await readAll(path(id), 2, operator)
    expect(all.map(({ reference }) => reference)).toEqual(['~', '１００ 円', 'alpha', 'zeta', 'a:b;c'])
    expect(await list(operator, id)).toEqual(all)
    const bad = await as(operator, 'GET', `${path(id)}?cursor=bm9uZQ`)
    expect(bad.body.code).toBe('malformed_request')
  })

  it.each([
    ['reference', { amount: KES(1) }],
    ['reference', { ...BODY, reference: '  ' }],
    ['reference', { ...BODY, reference: 'x'.repeat(101) }],
    ['reference', { ...BODY, reference: 'two\nlines' }],
    ['amount', { reference: 'x' }],
    ['amount.amount', { ...BODY, amount: KES(0) }],
    ['amount.amount', { ...BODY, amount: KES(-5) }],
    ['amount.amount', { ...BODY, amount: KES(1.5) }],
    ['amount.amount', { ...BODY, amount: KES(MAX_AMOUNT + 1) }],
    ['amount.currency', { ...BODY, amount: { amount: 1, currency: 'kes' } }],
    ['note', { ...BODY, note: 'thanks' }],
  ])('is refused if it is invalid: %s (%#)', async (field, body) => {
    const { id } = await organisationWithOperator()
    const answer = await record(await signedInAdmin(), id, body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].path).toBe(field)
  })
})
