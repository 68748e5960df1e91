// A suspension takes back everything that is not in a frozen list, whatever happens at the same moment.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { suspendedHolders } from '../../src/suspensions/before-freeze.ts'
import { stageProduct, stockOf } from '../catalog/shelf.ts'
import { bought, ordered } from '../checkout/cart.ts'
import { PRICE, paid, press, reserve, soldOf, stagePriced } from '../checkout/checkout.ts'
import { wonIn } from '../draws/prizes.ts'
import { call } from '../harness/client.ts'
import { crashableProcess, DIED, someDeaths } from '../harness/crash.ts'
import { AWAY } from '../harness/faults.ts'
import { allowLogged, expectLogged, rowNotDone } from '../harness/log.ts'
import {
  type Organisation,
  organisationWithOperator,
  type Person,
  registerPlayer,
  testContext,
} from '../harness/people.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  DAY,
  DRAW_AT,
  HOUR,
  interrupted,
  iso,
  MINUTE,
  NOW,
  newKey,
  poolState,
  ringAlarm,
  SECOND,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import { dueOf, reservationOf, setStatus, sold, storedOrder, suspend, takeUnaware } from './stage.ts'

useClock()

const SECOND_PASS = NOW + 2 * MINUTE
/** Access tokens live for fifteen minutes. */
const LAST_PASS = NOW + 17 * MINUTE

const CANCELLED = 'Cancelled by the platform.'
const FROZEN_AT = CLOSES_AT + 10 * MINUTE + 2 * SECOND

const expectSound = async (...raffles: string[]) =>
  expect(await audit(env, { raffles, settled: false })).toEqual([])

/** A free raffle in which one person may have many tickets. */
const stageFree = (changes: object = {}) => stageRaffle({ maxPerUser: null, ...changes })

async function entered(person: Person, raffleId: string, quantity = 1): Promise<string> {
  const { status, body } = await buy(person, raffleId, { quantity })
  expect(status, JSON.stringify(body)).toBe(201)
  return body.reservation.id
}

describe('free tickets of a suspended person', () => {
  it('are voided in every raffle of every organisation, and those of others stay', async () => {
    const raffles = [await stageFree(), await stageFree()]
    const [player, other] = [await registerPlayer(), await registerPlayer()]
    const mine: string[] = []
    for (const { id } of raffles) {
      mine.push(await entered(player, id, 3))
      await entered(other, id, 2)
    }
    await suspend(player)
    for (const { id } of raffles) expect([await sold(id), await soldOf(id)]).toEqual([2, 2])
    for (const id of mine) expect((await reservationOf(id)).state).toBe('voided')
    expect((await buy(other, raffles[0]!.id, { quantity: 3 })).status).toBe(201)
    await expectSound(...raffles.map(({ id }) => id))
  })

  it('are voided even if there are hundreds', async () => {
    const raffle = await stageFree({ totalTickets: 400 })
    const player = await registerPlayer()
    await Promise.all(Array.from({ length: 300 }, () => takeUnaware(player, raffle.id)))
    await takeUnaware(await registerPlayer(), raffle.id)
    await suspend(player)
    await sweep()
    expect(await sold(raffle.id)).toBe(1)
  }, 60_000)

  it('no longer count towards the minimum of their raffle', async () => {
    const raffle = await stageFree({ minTickets: 3 })
    const player = await registerPlayer()
    await entered(player, raffle.id, 2)
    await entered(await registerPlayer(), raffle.id, 2)
    await suspend(player)
    at(CLOSES_AT + 2 * SECOND)
    await ringAlarm(raffle.pool)
    expect((await poolState(raffle.pool))!.cancellation).toMatchObject({ by: 'belowMinimum' })
  })
})

describe('paid tickets of a suspended person', () => {
  it('are voided and refunded, and the history does not say why', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const { id, reservationId } = await paid(player, raffle.id, 3)
    await suspend(player)
    expect((await reservationOf(reservationId)).state).toBe('voided')
    await sweep()
    const order = await storedOrder(id)
    expect(order).toMatchObject({ status: 'refunded', lines: 'refunded', returned: 3 * PRICE })
    expect(order.history).toContain(`will be refunded to you: ${CANCELLED}`)
    const shown = await as(raffle.operator, 'GET', `/orders/${id}/refunds`)
    expect(shown.body.data).toMatchObject([{ reason: CANCELLED, status: 'paid' }])
    expect(JSON.stringify([shown.body, order])).not.toMatch(/suspen/i)
    expect(await sold(raffle.id)).toBe(0)
    await expectSound(raffle.id)
  })

  it('are refunded in several raffles, and products of the same order stay', async () => {
    const raffles = [await stagePriced(), await stagePriced()]
    const book = await stageProduct({}, raffles[0]!.organisation)
    const player = await registerPlayer()
    const order = await bought(player, [
      { raffleId: raffles[0]!.id, quantity: 2 },
      { productId: book.id, quantity: 1 },
      { raffleId: raffles[1]!.id, quantity: 1 },
    ])
    await suspend(player)
    await sweep()
    expect(await storedOrder(order.id)).toMatchObject({
      status: 'partially_refunded',
      lines: 'refunded issued refunded',
      returned: 3 * PRICE,
    })
    expect([await sold(raffles[0]!.id), await sold(raffles[1]!.id), await stockOf(book.id)]).toEqual([
      0, 0, 2,
    ])
    await expectSound(...raffles.map(({ id }) => id), book.id)
  })

  it('are refunded once: those that were refunded before are not refunded again', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const { id } = await paid(player, raffle.id, 3)
    const part = { reason: 'One too many.', lines: [{ line: 0, numbers: [2] }] }
    await as(raffle.operator, 'POST', `/orders/${id}/refunds`, part, {
      headers: { 'idempotency-key': newKey() },
    })
    await Promise.all([suspend(player), suspend(player), sweep()])
    for (const when of [SECOND_PASS, LAST_PASS]) {
      at(when)
      await sweep()
    }
    expect(await storedOrder(id)).toMatchObject({ refunded_amount: 3 * PRICE, returned: 3 * PRICE })
    await expectSound(raffle.id)
  })

  it('are refunded if the order was paid, but not settled yet', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const { id, checkoutUrl } = await reserve(player, raffle.id, 2)
    expectLogged('a webhook was stored and not acted on')
    await payWithoutPools(checkoutUrl)
    await suspend(player)
    await sweep()
    expect(await storedOrder(id)).toMatchObject({ status: 'refunded', returned: 2 * PRICE })
    expect(await sold(raffle.id)).toBe(0)
    await expectSound(raffle.id)
  })
})

/** The receipt is recorded, but no pool can be reached. */
const payWithoutPools = (checkoutUrl: string) =>
  call('POST', new URL(checkoutUrl).pathname, { form: { action: 'approve' }, bindings: AWAY })

describe('unpaid orders of a suspended person', () => {
  it('are cancelled with their products, and money that arrives later goes back', async () => {
    const raffle = await stagePriced()
    const book = await stageProduct({}, raffle.organisation)
    const player = await registerPlayer()
    const order = await ordered(player, [
      { raffleId: raffle.id, quantity: 2 },
      { productId: book.id, quantity: 1 },
    ])
    await suspend(player)
    expect(await storedOrder(order.id)).toMatchObject({
      status: 'cancelled',
      lines: 'released released',
      history: expect.stringContaining(`${CANCELLED} Your reservation has ended.`),
    })
    expect((await poolState(raffle.pool))!.held).toBe(0)
    await press(order.payment.checkoutUrl, 'approve')
    await sweep()
    const late = await storedOrder(order.id)
    expect(late).toMatchObject({ status: 'cancelled', returned: order.amount.amount })
    expect(late.history).toContain('This order was cancelled before the money arrived.')
    expect([await sold(raffle.id), await stockOf(book.id)]).toEqual([0, 3])
    await expectSound(raffle.id, book.id)
  })

  it('are not revived by late money if they had expired', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const { id, checkoutUrl } = await reserve(player, raffle.id, 2)
    at(NOW + 10 * MINUTE)
    await sweep()
    expect((await storedOrder(id)).status).toBe('expired')
    await suspend(player)
    await press(checkoutUrl, 'approve')
    await sweep()
    const order = await storedOrder(id)
    expect(order).toMatchObject({ status: 'expired', returned: 2 * PRICE })
    expect(order.history).toContain('This order can no longer be paid. KES 10.00 will be refunded to you.')
    expect(await sold(raffle.id)).toBe(0)
    await expectSound(raffle.id)
  })

  it('never become tickets by money that arrives before they are cancelled', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const { id, checkoutUrl } = await reserve(player, raffle.id, 2)
    // As at the moment between the suspension and its first pass.
    await env.DB.prepare("UPDATE users SET status = 'suspended' WHERE id = ?").bind(player.id).run()
    await press(checkoutUrl, 'approve')
    expect((await storedOrder(id)).status).toBe('pending')
    await suspend(player)
    await sweep()
    expect(await storedOrder(id)).toMatchObject({ status: 'cancelled', returned: 2 * PRICE })
    expect(await sold(raffle.id)).toBe(0)
    await expectSound(raffle.id)
  })
})

describe('entries that orders of a suspended person earned', () => {
  interface Shop {
    organisation: Organisation
    raffleId: string
    pool: string
    key: string
  }

  async function stageShop(changes: object = {}): Promise<Shop> {
    const organisation = await organisationWithOperator()
    const { id, pool } = await stageRaffle(
      { entry: 'order', earning: { per: 'amount', amountPerEntry: 500 }, ...changes },
      organisation,
    )
    const body = { name: 'Shop', scopes: ['grants:write'] }
    const path = `/organisations/${organisation.id}/api-keys`
    const { key } = (await as(organisation.operator, 'POST', path, body)).body
    return { organisation, raffleId: id, pool, key }
  }

  const grant = ({ raffleId, key: token }: Shop, userId: string, orderRef: string) =>
    call('POST', `/api/v1/raffles/${raffleId}/grants`, {
      token,
      headers: { 'idempotency-key': newKey() },
      body: { orderRef, userId, amount: { amount: 1_000, currency: 'KES' } },
    })

  const readGrant = async ({ raffleId, key: token }: Shop, orderRef: string) =>
    (await call('GET', `/api/v1/raffles/${raffleId}/grants/${orderRef}`, { token })).body

  it('are revoked, and the shop reads no more than that this person may not take part', async () => {
    const shop = await stageShop()
    const player = await registerPlayer()
    const given = (await grant(shop, player.id, 'a-1')).body
    expect(given).toMatchObject({ status: 'granted', entries: 2 })
    await suspend(player)
    const revoked = { status: 'revoked', reason: 'This person may not take part.' }
    expect(await readGrant(shop, 'a-1')).toMatchObject(revoked)
    expect((await grant(shop, player.id, 'a-1')).body).toMatchObject(revoked)
    expect(await sold(shop.raffleId)).toBe(0)
    await setStatus(player, 'active')
    await sweep()
    expect(await readGrant(shop, 'a-1')).toMatchObject(revoked)
  })

  it('are revoked if they wait for sales to open, so that they are never given out', async () => {
    const shop = await stageShop({ opensAt: iso(NOW + 30 * MINUTE) })
    const player = await registerPlayer()
    expect((await grant(shop, player.id, 'b-1')).body.status).toBe('waiting')
    await suspend(player)
    expect((await readGrant(shop, 'b-1')).status).toBe('revoked')
    at(NOW + 31 * MINUTE)
    await sweep()
    expect(await sold(shop.raffleId)).toBe(0)
  })

  it('stay once their list is frozen', async () => {
    const shop = await stageShop()
    const player = await registerPlayer()
    await grant(shop, player.id, 'c-1')
    at(CLOSES_AT + 2 * SECOND)
    await ringAlarm(shop.pool)
    await suspend(player)
    await sweep()
    expect(await readGrant(shop, 'c-1')).toMatchObject({ status: 'granted', reason: null })
    expect(await sold(shop.raffleId)).toBe(2)
  })

  it('are revoked if their order keeps a product', async () => {
    const shop = await stageShop()
    const book = await stageProduct({}, shop.organisation)
    const player = await registerPlayer()
    const { id } = await bought(player, [{ productId: book.id, quantity: 1 }])
    expect(await sold(shop.raffleId)).toBe(2)
    await suspend(player)
    await sweep()
    expect(await sold(shop.raffleId)).toBe(0)
    expect(await storedOrder(id)).toMatchObject({ status: 'paid', returned: 0 })
  })
})

describe('a frozen raffle', () => {
  it('keeps the tickets of a person who is suspended later, and pays nothing back', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const { id } = await paid(player, raffle.id, 2)
    at(FROZEN_AT)
    await ringAlarm(raffle.pool)
    const { history } = await storedOrder(id)
    await suspend(player)
    await sweep()
    expect(await poolState(raffle.pool)).toMatchObject({ sold: 2, commitment: { ticketCount: 2 } })
    expect(await storedOrder(id)).toMatchObject({ status: 'paid', refunded_amount: 0, history })
  })

  it('may draw such a ticket, whose prize expires, because nobody is signed in to claim it', async () => {
    const raffle = await stageFree({ onUnclaimed: 'keep' })
    const player = await registerPlayer()
    await entered(player, raffle.id, 2)
    at(CLOSES_AT)
    await ringAlarm(raffle.pool)
    await suspend(player)
    at(DRAW_AT)
    await sweep()
    const [won] = await wonIn(raffle.id)
    expect(won!.holder.id).toBe(player.id)
    at(DRAW_AT + 15 * DAY)
    await sweep()
    expect(await winnersOf(raffle.id)).toMatchObject([{ id: won!.id, status: 'expired' }])
  })

  it('and an open one in one order: only the tickets of the open one are refunded', async () => {
    const [frozen, open] = [
      await stagePriced(),
      await stagePriced({ closesAt: iso(CLOSES_AT + HOUR), drawAt: iso(CLOSES_AT + 3 * HOUR) }),
    ]
    const player = await registerPlayer()
    const order = await bought(player, [
      { raffleId: frozen.id, quantity: 1 },
      { raffleId: open.id, quantity: 2 },
    ])
    at(FROZEN_AT)
    await ringAlarm(frozen.pool)
    await suspend(player)
    await sweep()
    const stored = await storedOrder(order.id)
    expect(stored).toMatchObject({
      status: 'partially_refunded',
      lines: 'issued refunded',
      returned: 2 * PRICE,
    })
    expect(stored.history).not.toContain('No refund')
    expect([await sold(frozen.id), await sold(open.id)]).toEqual([1, 0])
  })
})

describe('a freeze that comes right after a suspension', () => {
  const late = [
    rowNotDone('order of a suspended user'),
    rowNotDone('free tickets of a suspended user'),
  ] as const

  it('first takes back what the suspension could not take back yet', async () => {
    allowLogged(...late)
    const [free, priced] = [await stageFree(), await stagePriced()]
    const player = await registerPlayer()
    await entered(player, free.id, 2)
    const { id } = await paid(player, priced.id, 2)
    at(CLOSES_AT - SECOND)
    await suspend(player, AWAY)
    expect([await sold(free.id), await sold(priced.id)]).toEqual([2, 2])
    at(CLOSES_AT + 2 * SECOND)
    await ringAlarm(free.pool)
    at(FROZEN_AT)
    await ringAlarm(priced.pool)
    for (const { pool } of [free, priced]) {
      expect(await poolState(pool)).toMatchObject({ sold: 0, commitment: { ticketCount: 0 } })
    }
    await sweep()
    expect(await storedOrder(id)).toMatchObject({ status: 'refunded', returned: 2 * PRICE })
    await expectSound(free.id, priced.id)
  })

  it('takes back tickets that were taken at the last moment, after the first pass', async () => {
    const raffle = await stageFree()
    const player = await registerPlayer()
    at(CLOSES_AT - 2 * SECOND)
    await suspend(player)
    at(CLOSES_AT - SECOND)
    await takeUnaware(player, raffle.id)
    at(CLOSES_AT + 2 * SECOND)
    await ringAlarm(raffle.pool)
    expect(await poolState(raffle.pool)).toMatchObject({ sold: 0, commitment: { ticketCount: 0 } })
  })

  it('counts the tickets of a person who is suspended after the time of the freeze', async () => {
    const raffle = await stageFree()
    const player = await registerPlayer()
    await entered(player, raffle.id, 2)
    at(CLOSES_AT + SECOND)
    await suspend(player)
    at(CLOSES_AT + 2 * SECOND)
    await ringAlarm(raffle.pool)
    expect(await poolState(raffle.pool)).toMatchObject({ sold: 2, commitment: { ticketCount: 2 } })
  })
})

describe('a freeze', () => {
  it('reads the reservations of suspended people only', async () => {
    const ctx = testContext()
    const { sql: query, params } = suspendedHolders(ctx, newId('raffle')).toSQL()
    const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${query}`)
      .bind(...params)
      .all<{ detail: string }>()
    const plan = results.map(({ detail }) => detail).join('\n')
    expect(plan).toContain('SEARCH suspensions USING INDEX suspensions_due')
    expect(plan).not.toContain('SCAN')
  })
})

describe('a suspension', () => {
  it('takes back tickets that were under way, two minutes later', async () => {
    const raffle = await stageFree()
    const player = await registerPlayer()
    await suspend(player)
    await takeUnaware(player, raffle.id)
    at(NOW + MINUTE)
    await sweep()
    expect(await sold(raffle.id)).toBe(1)
    at(SECOND_PASS)
    await sweep()
    expect(await sold(raffle.id)).toBe(0)
  })

  it('looks a last time once no access token from before can be valid', async () => {
    const raffle = await stageFree()
    const player = await registerPlayer()
    await suspend(player)
    at(SECOND_PASS)
    await sweep()
    await takeUnaware(player, raffle.id)
    expect(await dueOf(player)).toBe(LAST_PASS)
    at(LAST_PASS)
    await sweep()
    expect([await sold(raffle.id), await dueOf(player)]).toEqual([0, null])
  })

  it('finds tickets that the database did not have yet', async () => {
    const raffle = await stageFree()
    const player = await registerPlayer()
    const id = await entered(player, raffle.id)
    const row = await env.DB.prepare('DELETE FROM reservations WHERE id = ? RETURNING *').bind(id).first()
    await suspend(player)
    expect(await sold(raffle.id)).toBe(1)
    await env.DB.prepare(
      `INSERT INTO reservations (${Object.keys(row!).join()}) VALUES (${Object.keys(row!).map(() => '?')})`,
    )
      .bind(...Object.values(row!))
      .run()
    at(SECOND_PASS)
    await sweep()
    expect(await sold(raffle.id)).toBe(0)
  })

  it('succeeds while no pool can be reached, and the sweep goes on', async () => {
    expectLogged(rowNotDone('order of a suspended user'), rowNotDone('free tickets of a suspended user'))
    const [free, priced] = [await stageFree(), await stagePriced()]
    const player = await registerPlayer()
    await entered(player, free.id, 2)
    const { id } = await paid(player, priced.id, 2)
    await suspend(player, AWAY)
    expect([await sold(free.id), await sold(priced.id), await dueOf(player)]).toEqual([2, 2, NOW])
    await sweep()
    expect([await sold(free.id), await sold(priced.id), await dueOf(player)]).toEqual([0, 0, SECOND_PASS])
    expect(await storedOrder(id)).toMatchObject({ status: 'refunded', returned: 2 * PRICE })
  })

  it('stops when its time is up, and the sweep goes on where it stopped', async () => {
    const [free, priced] = [await stageFree(), await stagePriced()]
    const player = await registerPlayer()
    await entered(player, free.id, 2)
    await paid(player, priced.id, 2)
    const slow = interrupted(/insert into "refunds"/, async () => at(NOW + 6 * SECOND))
    await suspend(player, { DB: slow.DB })
    expect([slow.done(), await sold(priced.id), await sold(free.id)]).toEqual([true, 0, 2])
    expect(await dueOf(player)).toBe(NOW)
    at(NOW + MINUTE)
    await sweep()
    expect([await sold(free.id), await dueOf(player)]).toEqual([0, SECOND_PASS])
  })

  it('is finished by the sweep wherever the process dies', async () => {
    allowLogged({ reason: DIED })
    const [free, priced] = [
      await stageFree({ totalTickets: 1_000 }),
      await stagePriced({ totalTickets: 1_000 }),
    ]
    const book = await stageProduct({ stock: 100 }, priced.organisation)
    await someDeaths(2, async (death, where) => {
      const player = await registerPlayer()
      await entered(player, free.id, 2)
      const mixed = await bought(player, [
        { raffleId: priced.id, quantity: 2 },
        { productId: book.id, quantity: 1 },
      ])
      const open = await reserve(player, priced.id, 1)
      const process = crashableProcess(death)
      const answer = await setStatus(player, 'suspended', process.bindings)
      await process.settled()
      if (answer.status !== 200) await suspend(player)
      await sweep()
      await sweep()
      expect([await sold(free.id), await sold(priced.id)], where).toEqual([0, 0])
      expect(await storedOrder(mixed.id), where).toMatchObject({
        status: 'partially_refunded',
        lines: 'refunded issued',
        returned: 2 * PRICE,
      })
      expect((await storedOrder(open.id)).status, where).toBe('cancelled')
      return process.isDead() ? null : process.passed()
    })
    await expectSound(free.id, priced.id, book.id)
  }, 120_000)

  it('restores nothing when it is lifted', async () => {
    const [free, priced] = [await stageFree(), await stagePriced()]
    const player = await registerPlayer()
    await entered(player, free.id, 2)
    const { id } = await paid(player, priced.id, 2)
    await suspend(player)
    await setStatus(player, 'active')
    for (const when of [NOW, SECOND_PASS, LAST_PASS]) {
      at(when)
      await sweep()
    }
    expect([await sold(free.id), await sold(priced.id)]).toEqual([0, 0])
    expect(await storedOrder(id)).toMatchObject({ status: 'refunded', returned: 2 * PRICE })
    expect((await buy(player, free.id)).status).toBe(201)
  })

  it('that is lifted stops: what it has not taken back stays, and so does what is bought later', async () => {
    expectLogged(rowNotDone('free tickets of a suspended user'))
    const raffle = await stageFree()
    const player = await registerPlayer()
    await entered(player, raffle.id, 2)
    await suspend(player, AWAY)
    await setStatus(player, 'active')
    await takeUnaware(player, raffle.id)
    for (const when of [NOW, SECOND_PASS, LAST_PASS]) {
      at(when)
      await sweep()
    }
    expect([await sold(raffle.id), await dueOf(player)]).toEqual([3, null])
    await suspend(player)
    expect(await sold(raffle.id)).toBe(0)
  })

  it('is told to the person by one mail', async () => {
    const player = await registerPlayer()
    await suspend(player)
    await suspend(player)
    await sweep()
    const { results } = await env.DB.prepare(
      'SELECT kind, sent_at IS NOT NULL AS isSent FROM mails WHERE user_id = ?',
    )
      .bind(player.id)
      .all()
    expect(results).toEqual([{ kind: 'suspended', isSent: 1 }])
  })
})
