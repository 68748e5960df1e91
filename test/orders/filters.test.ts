// Lists of orders, payments and grants, narrowed by raffle, status and time. A page reads a bounded number of rows.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { firstIdAt, newId, wordsOf } from '../../src/core/ids.ts'
import { MOST_ROWS_READ } from '../../src/core/paging.ts'
import { paid, reserve, stagePriced } from '../checkout/checkout.ts'
import { type Person, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { as, at, HOUR, iso, type Staged, useClock } from '../raffles/scenario.ts'

useClock()

/** When the next id is made: never before an id that another test has made, whatever its clock showed. */
function timeOfNextId(): number {
  const [high, low] = wordsOf(newId('order'))
  return high * 2 ** 16 + low / 2 ** 16
}

const idsOf = async (who: Person, path: string): Promise<string[]> => {
  const { status, body } = await as(who, 'GET', path)
  expect(status, `${path}: ${JSON.stringify(body)}`).toBe(200)
  return body.data.map(({ id }: { id: string }) => id)
}

/** Inserts expired orders of one line each, older than every other. */
async function insertExpired(count: number, player: Person, raffle: Staged): Promise<void> {
  const each = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`
  const id = `'order_0' || printf('%025d', i)`
  await env.DB.batch([
    env.DB.prepare(
      `INSERT INTO orders (id, user_id, key, request, currency, amount, status, pay_until, created_at, updated_at)
       SELECT * FROM (${each} SELECT ${id}, ?, ${id}, '', 'KES', 1, 'expired', 0, 0, 0 FROM n)`,
    ).bind(player.id),
    env.DB.prepare(
      `INSERT INTO order_lines
         (order_id, line, kind, item_id, organisation_id, title, quantity, unit_amount, state, reservation_id)
       SELECT * FROM (${each} SELECT ${id}, 0, 'raffle', ?, ?, '', 1, 1, 'released', '' FROM n)`,
    ).bind(raffle.id, raffle.organisation.id),
  ])
}

describe('the list of orders', () => {
  it('can be narrowed by raffle, statuses and time, for a buyer and for an organisation', async () => {
    const start = timeOfNextId()
    at(start)
    const one = await stagePriced({
      opensAt: iso(start),
      closesAt: iso(start + 9 * HOUR),
      drawAt: iso(start + 20 * HOUR),
    })
    const other = await stagePriced(
      { opensAt: iso(start), closesAt: iso(start + 9 * HOUR), drawAt: iso(start + 20 * HOUR) },
      one,
    )
    const player = await registerPlayer()
    const first = await paid(player, one.id)
    at(start + HOUR)
    const second = await reserve(player, other.id)
    at(start + 2 * HOUR)
    const third = await reserve(player, one.id)
    const [between, later] = [iso(start + HOUR), iso(start + 2 * HOUR)]

    for (const [who, path] of [
      [player, '/orders?'],
      [one.operator, `/orders?organisationId=${one.organisation.id}&`],
    ] as const) {
      expect(await idsOf(who, path)).toEqual([third.id, second.id, first.id])
      expect(await idsOf(who, `${path}raffleId=${one.id}`)).toEqual([third.id, first.id])
      expect(await idsOf(who, `${path}status=paid`)).toEqual([first.id])
      expect(await idsOf(who, `${path}status=paid,pending`)).toEqual([third.id, second.id, first.id])
      expect(await idsOf(who, `${path}raffleId=${one.id}&status=pending`)).toEqual([third.id])
      expect(await idsOf(who, `${path}since=${between}`)).toEqual([third.id, second.id])
      expect(await idsOf(who, `${path}until=${between}`)).toEqual([first.id])
      expect(await idsOf(who, `${path}since=${between}&until=${later}&status=pending`)).toEqual([second.id])
    }
    const [ownPayment] = (await as(player, 'GET', `/orders?status=paid`)).body.data
    expect(ownPayment.payment.status).toBe('succeeded')
  })

  it('shows nothing of a raffle of another organisation', async () => {
    const [one, other] = [await stagePriced(), await stagePriced()]
    await reserve(await registerPlayer(), other.id)
    expect(
      await idsOf(one.operator, `/orders?organisationId=${one.organisation.id}&raffleId=${other.id}`),
    ).toEqual([])
  })

  it('reads a bounded number of rows a page, and its cursor goes on from there', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const order = await paid(player, raffle.id)
    await insertExpired(MOST_ROWS_READ + 10, player, raffle)
    for (const [who, path] of [
      [player, '/orders?status=paid'],
      [raffle.operator, `/orders?status=paid&organisationId=${raffle.organisation.id}`],
    ] as const) {
      const first = await as(who, 'GET', path)
      expect(first.body.data.map(({ id }: { id: string }) => id)).toEqual([order.id])
      expect(first.body.nextCursor, path).not.toBeNull()
      const { body } = await as(who, 'GET', `${path}&cursor=${first.body.nextCursor}`)
      expect(body).toEqual({ data: [], nextCursor: null })
    }
  })
})

describe('the list of payments', () => {
  it('can be narrowed by statuses', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const done = await paid(player, raffle.id)
    const waiting = await reserve(player, raffle.id)
    const ids = [waiting.order.payment.id, done.order.payment.id]
    for (const who of [raffle.operator, await signedInAdmin()]) {
      const limit = 'limit=100&status='
      expect(await idsOf(who, `/payments?${limit}pending,succeeded`)).toEqual(expect.arrayContaining(ids))
      expect(await idsOf(who, `/payments?${limit}succeeded`)).not.toContain(ids[0])
      expect(await idsOf(who, `/payments?${limit}pending`)).not.toContain(ids[1])
    }
  })
})

describe('a player', () => {
  it('sees the payments of its own orders, without what is meant for operators', async () => {
    const raffle = await stagePriced()
    const [player, other] = [await registerPlayer(), await registerPlayer()]
    await paid(other, raffle.id)
    const own = await paid(player, raffle.id)
    const paymentId = own.order.payment.id
    await env.DB.prepare(`UPDATE payments SET attention = 'look', dismissal = ? WHERE id = ?`)
      .bind(JSON.stringify({ by: raffle.operator.id, reason: 'seen', at: 0 }), paymentId)
      .run()
    const { body } = await as(player, 'GET', '/payments')
    expect(body.data).toMatchObject([{ id: paymentId, orderId: own.id, attention: null, dismissed: null }])
    expect(await idsOf(player, '/payments?status=pending')).toEqual([])
    expect((await as(player, 'GET', '/payments?needs=attention')).status).toBe(403)
    expect(await idsOf(raffle.operator, '/payments?mine=true')).toEqual([])
  })
})

describe('the first id of a time', () => {
  it('sorts before every id of that time, and after those of earlier times', () => {
    const ms = timeOfNextId()
    at(ms)
    const id = newId('order')
    const time = Math.floor(timeOfNextId())
    expect(firstIdAt('order', time) <= id).toBe(true)
    expect(firstIdAt('order', time + 1) > id).toBe(true)
    expect(firstIdAt('order', -1)).toBe(`order_${'0'.repeat(26)}`)
    expect(firstIdAt('order', Number.MAX_SAFE_INTEGER) > id).toBe(true)
  })
})
