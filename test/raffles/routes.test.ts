import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { call, operations } from '../harness/client.ts'
import { addOperator, organisationWithOperator, registerPlayer, signedInAdmin } from '../harness/people.ts'
import {
  as,
  drawOnTime,
  enter,
  raffleBody,
  stageDraft,
  stageRaffle,
  useClock,
  winnersOf,
} from './scenario.ts'

const RAFFLE = newId('raffle')
const WINNER = newId('winner')
const RESERVATION = newId('reservation')
const TRANSFER = newId('transfer')
const KEY = { 'idempotency-key': 'a-key' }
const ADDRESS = { name: 'Amina', lines: ['1 Road'], city: 'Nairobi', country: 'KE' }

/** Every protected route of raffles, tickets and draws, with a valid body. */
const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/api/v1/raffles', body: raffleBody() },
  { method: 'PUT', path: `/api/v1/raffles/${RAFFLE}`, body: { title: 'Books' } },
  { method: 'DELETE', path: `/api/v1/raffles/${RAFFLE}` },
  { method: 'POST', path: `/api/v1/raffles/${RAFFLE}/publish` },
  { method: 'POST', path: `/api/v1/raffles/${RAFFLE}/close`, body: {} },
  { method: 'POST', path: `/api/v1/raffles/${RAFFLE}/cancel`, body: { reason: 'rain' } },
  { method: 'POST', path: `/api/v1/raffles/${RAFFLE}/recalculate` },
  { method: 'POST', path: `/api/v1/raffles/${RAFFLE}/rebuild` },
  { method: 'GET', path: `/api/v1/raffles/${RAFFLE}/refund-run` },
  { method: 'GET', path: `/api/v1/raffles/${RAFFLE}/reservations` },
  { method: 'GET', path: `/api/v1/raffles/${RAFFLE}/reservations.csv` },
  {
    method: 'POST',
    path: `/api/v1/raffles/${RAFFLE}/redraws`,
    body: { units: ['1#1'], reason: 'declined' },
    headers: KEY,
  },
  {
    method: 'POST',
    path: '/api/v1/tickets/purchase',
    body: { raffleId: RAFFLE, quantity: 1 },
    headers: KEY,
  },
  { method: 'GET', path: '/api/v1/tickets' },
  { method: 'GET', path: `/api/v1/tickets/${RESERVATION}` },
  { method: 'GET', path: `/api/v1/tickets/${RESERVATION}/receipt` },
  { method: 'POST', path: `/api/v1/tickets/${RESERVATION}/return`, body: {} },
  { method: 'GET', path: `/api/v1/tickets/${RESERVATION}/admissions` },
  { method: 'PUT', path: `/api/v1/tickets/${RESERVATION}/admissions/1`, body: { attendeeName: 'Amina' } },
  { method: 'GET', path: `/api/v1/tickets/${RESERVATION}/admissions/1/qr.svg` },
  {
    method: 'POST',
    path: `/api/v1/tickets/${RESERVATION}/admissions/1/transfer`,
    body: { email: 'friend@example.com' },
  },
  { method: 'GET', path: '/api/v1/tickets/transfers' },
  { method: 'POST', path: `/api/v1/tickets/transfers/${TRANSFER}/accept` },
  { method: 'POST', path: `/api/v1/tickets/transfers/${TRANSFER}/decline` },
  { method: 'POST', path: `/api/v1/tickets/transfers/${TRANSFER}/cancel` },
  { method: 'GET', path: `/api/v1/winners/${WINNER}/claim` },
  { method: 'POST', path: `/api/v1/winners/${WINNER}/claim`, body: { deliveryAddress: ADDRESS } },
  { method: 'POST', path: `/api/v1/winners/${WINNER}/decline` },
  { method: 'POST', path: `/api/v1/winners/${WINNER}/disqualify`, body: { reason: 'cheated' } },
  { method: 'POST', path: `/api/v1/winners/${WINNER}/disqualify/confirm` },
  { method: 'POST', path: `/api/v1/winners/${WINNER}/disqualify/withdraw` },
  { method: 'POST', path: `/api/v1/winners/${WINNER}/deliver` },
]

protectedRoutes(ROUTES)

describe('the protected routes of raffles, tickets and draws', () => {
  useClock()

  it('are all in this file', () => {
    const known = ROUTES.map(
      ({ method, path }) =>
        `${method} ${path.replace(/(raffle|winner|res|transfer)_\w+/, ':id').replace('/1', '/:number')}`,
    )
    const declared = operations
      .filter(
        ({ path, description }) =>
          /^\/api\/v1\/(raffles|tickets|draws|winners)/.test(path) && description.auth === 'user',
      )
      .map(({ method, path }) => `${method} ${path}`)
    expect(known.sort()).toEqual([...new Set(declared)].sort())
  })

  /** The routes of one raffle or winner. Rebuilding is for administrators, whatever the raffle. */
  const OF_ONE: [string, Route][] = ROUTES.filter(
    ({ path }) => /raffle_|winner_/.test(path) && !path.endsWith('/rebuild'),
  )
    .filter(({ body }) => !JSON.stringify(body ?? {}).includes(RAFFLE))
    .map((route) => [`${route.method} ${route.path.replace(/(raffle|winner)_\w+/, '{id}')}`, route])
  const as404 = { status: 404, code: 'not_found' }

  it('answer for another organisation’s raffles and winners exactly as for unknown ids', async () => {
    const staged = await stageRaffle()
    const draft = await stageDraft({}, staged.organisation)
    await enter(staged.id, 1)
    await drawOnTime(staged)
    const [winner] = await winnersOf(staged.id)
    const { operator } = await organisationWithOperator()
    for (const [name, route] of OF_ONE) {
      const answer = (path: string) =>
        as(operator, route.method, path.replace('/api/v1', ''), route.body, { headers: route.headers })
      const unknown = await answer(route.path)
      expect(unknown.body, name).toMatchObject(as404)
      for (const raffleId of [staged.id, draft.id]) {
        const theirs = await answer(route.path.replace(RAFFLE, raffleId).replace(WINNER, winner.id))
        expect({ ...theirs.body, requestId: '' }, name).toEqual({ ...unknown.body, requestId: '' })
      }
    }
    expect((await winnersOf(staged.id))[0].status).toBe('announced')
    expect((await as(staged.operator, 'GET', `/raffles/${draft.id}`)).body.status).toBe('draft')
  })

  it('refuse a member without permissions, and answer not_found to players', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 1)
    await drawOnTime(staged)
    const [winner] = await winnersOf(staged.id)
    const janitor = await addOperator(staged.organisation.id, 'janitor')
    const player = await registerPlayer()
    for (const [name, route] of OF_ONE) {
      const path = route.path.replace('/api/v1', '').replace(RAFFLE, staged.id).replace(WINNER, winner.id)
      const more = { headers: route.headers }
      const own = name.startsWith('POST') && /winners.*(claim|decline)$/.test(name)
      const refused = own ? as404 : { status: 403, code: 'forbidden' }
      expect((await as(janitor, route.method, path, route.body, more)).body, name).toMatchObject(refused)
      expect((await as(player, route.method, path, route.body, more)).body, name).toMatchObject(as404)
    }
  })

  it('rebuild a raffle’s projection only for administrators', async () => {
    const staged = await stageRaffle()
    await enter(staged.id, 2)
    await env.DB.prepare('DELETE FROM pools WHERE pool = ?').bind(staged.pool).run()
    const path = `/raffles/${staged.id}/rebuild`
    for (const person of [staged.operator, await registerPlayer()]) {
      expect((await as(person, 'POST', path)).status).toBe(403)
    }
    const admin = await signedInAdmin()
    expect((await as(admin, 'POST', path)).body).toMatchObject({ id: staged.id, sold: 2 })
    expect((await as(admin, 'POST', `/raffles/${newId('raffle')}/rebuild`)).status).toBe(404)
  })

  it('refuse an operator at once after a suspension, sign-out or removal', async () => {
    const staged = await stageRaffle()
    for (const [change, status] of [
      ["UPDATE users SET status = 'suspended' WHERE id = ?", 401],
      ['UPDATE sessions SET revoked_at = 1 WHERE user_id = ?', 401],
      ['DELETE FROM members WHERE user_id = ?', 404],
    ] as const) {
      const operator = await addOperator(staged.organisation.id)
      const cancel = () =>
        call('POST', `/api/v1/raffles/${staged.id}/cancel`, {
          token: operator.token,
          body: { reason: 'rain' },
        })
      await env.DB.prepare(change).bind(operator.id).run()
      expect((await cancel()).status).toBe(status)
    }
  })

  it.each(['nonsense', newId('user'), 'raffle_', '%00', `${RAFFLE}x`])(
    'treat %s as an unknown id',
    async (id) => {
      const { operator } = await organisationWithOperator()
      for (const path of [
        `/raffles/${id}`,
        `/raffles/${id}/proof`,
        `/raffles/${id}/numbers`,
        `/tickets/${id}`,
      ]) {
        expect((await as(operator, 'GET', path)).status, path).toBe(404)
      }
      expect((await as(operator, 'POST', `/winners/${id}/deliver`)).status).toBe(404)
    },
  )
})
