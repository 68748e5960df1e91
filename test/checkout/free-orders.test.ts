// Orders that cost nothing: they are paid at once, without a payment, a provider or a row of the ledger.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import * as settlement from '../../src/payments/settle-order.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { everyCrash } from '../crash/flow.ts'
import { expectStatus, people, usePeople } from '../crash/stage.ts'
import { type StagedEvent, stageEvent } from '../events/event-stage.ts'
import type { Answer } from '../harness/client.ts'
import { expectLogged } from '../harness/log.ts'
import { addOperator, type Person, registerPlayer } from '../harness/people.ts'
import { as, at, KES, MINUTE, NOW, newKey, stageRaffle, sweep, useClock } from '../raffles/scenario.ts'
import { historyOf, orderOf, press, refund, withKey } from './checkout.ts'

useClock()
usePeople()

interface Placing {
  key?: string
  payment?: object
  pickup?: boolean
  bindings?: Partial<Bindings>
}

const place = (
  person: Person,
  lines: object[],
  { key = newKey(), bindings, ...body }: Placing = {},
): Promise<Answer> =>
  as(person, 'POST', '/orders', { lines, ...body }, { ...withKey(key), ...(bindings && { bindings }) })

const freeLine = ({ types }: StagedEvent, quantity = 1) => ({ ticketTypeId: types.free, quantity })

const rowsOf = async (orderId: string) =>
  env.DB.prepare(
    `SELECT (SELECT count(*) FROM payments WHERE order_id = ?1) AS payments,
       (SELECT count(*) FROM transfers WHERE order_id = ?1) AS transfers,
       (SELECT count(*) FROM receipts WHERE order_id = ?1) AS receipts`,
  )
    .bind(orderId)
    .first()

const NOTHING = { payments: 0, transfers: 0, receipts: 0 }

describe('an order that costs nothing', () => {
  it('is paid at once without a payment, and moves no money', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const key = newKey()
    const { status, body } = await place(player, [freeLine(staged, 2)], { key })
    expect([status, body.status, body.payment]).toEqual([201, 'paid', null])
    expect(body.lines[0]).toMatchObject({ state: 'issued', tickets: [{ number: 1 }, { number: 2 }] })
    expect(historyOf(body)).toBe('Reserved. There is nothing to pay.\n2 admissions issued.')
    expect(await orderOf(player, body.id)).toEqual(body)
    expect(await place(player, [freeLine(staged, 2)], { key })).toMatchObject({ status: 201, body })
    expect((await as(player, 'GET', '/orders')).body.data).toEqual([body])
    expect(await rowsOf(body.id)).toEqual(NOTHING)
    const [reservation] = (await as(player, 'GET', '/tickets')).body.data
    expect(reservation).toMatchObject({ reservation: { state: 'sold', quantity: 2 } })
    expect((await place(player, [freeLine(staged, 1)], { key })).body.code).toBe('idempotency_mismatch')
  })

  it('starts no payment, even if the buyer names one', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const payment = { provider: 'sandbox' }
    const { body } = await place(player, [freeLine(staged)], { payment })
    expect([body.status, body.payment]).toEqual(['paid', null])
    const bought = await as(
      player,
      'POST',
      '/tickets/purchase',
      { ...freeLine(staged), payment },
      withKey(newKey()),
    )
    expect(bought).toMatchObject({
      status: 201,
      body: {
        reservation: { state: 'sold' },
        tickets: [{ number: 2 }],
        order: { status: 'paid', payment: null },
      },
    })
    const pay = await as(player, 'POST', `/orders/${body.id}/pay`, payment, withKey(newKey()))
    expect(pay.body).toMatchObject({ code: 'invalid_state', detail: 'This order is already paid.' })
    const cancel = await as(player, 'POST', `/orders/${body.id}/cancel`)
    expect(cancel.body.code).toBe('invalid_state')
  })

  it('holds nothing of an order that costs money and has no payment', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const { id: productId } = await stageProduct()
    const goods = { productId, quantity: 1 }
    for (const [priced, more] of [
      [{ ticketTypeId: staged.types.vip, quantity: 1 }, {}],
      [goods, { pickup: true }],
    ] as const) {
      const { status, body } = await place(player, [freeLine(staged), priced], more)
      expect([status, body.errors.map(({ path }: { path: string }) => path)]).toEqual([422, ['payment']])
    }
    expect((await place(player, [freeLine(staged, 3)])).body.status).toBe('paid')
  })

  it('still leaves free raffle tickets to be taken alone', async () => {
    const { id: raffleId } = await stageRaffle()
    const { body } = await place(await registerPlayer(), [{ raffleId, quantity: 1 }])
    expect(body).toMatchObject({ code: 'invalid_state', detail: expect.stringContaining('take them alone') })
  })

  it('gives nobody more than one person may have', async () => {
    const staged = await stageEvent()
    const path = `/events/${staged.id}/ticket-types/${staged.types.free}`
    await as(staged.operator, 'PUT', path, { maxPerUser: 1 })
    const player = await registerPlayer()
    expect((await place(player, [freeLine(staged)])).status).toBe(201)
    expect((await place(player, [freeLine(staged)])).body.code).toBe('limit_reached')
  })

  it('lets members take its tickets back without money, once', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const { body } = await place(player, [freeLine(staged, 3)])
    const refused = await refund(staged.operator, body.id)
    expect(refused.body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('take them back'),
    })
    const takeBack = (who: Person, numbers: number[], line = 0) =>
      as(who, 'POST', `/orders/${body.id}/take-back`, { line, numbers, reason: 'The seats are needed.' })
    expect((await takeBack(player, [1])).status).toBe(404)
    expect((await takeBack(await addOperator(staged.organisation.id, 'viewer'), [1])).status).toBe(403)
    expect((await takeBack(staged.operator, [1], 4)).status).toBe(422)
    expect((await takeBack(staged.operator, [9])).body.code).toBe('invalid_state')
    for (let time = 1; time <= 2; time++) {
      const { body: taken } = await takeBack(staged.operator, [2])
      expect(taken).toMatchObject({ status: 'paid', lines: [{ state: 'issued', refundedQuantity: 1 }] })
    }
    expect((await takeBack(staged.operator, [1, 3])).body.status).toBe('refunded')
    const order = await orderOf(player, body.id)
    expect(order).toMatchObject({ status: 'refunded', lines: [{ state: 'refunded', tickets: [] }] })
    expect(historyOf(order)).toContain('No longer yours: admission 2. The seats are needed.')
    expect((await place(await registerPlayer(), [freeLine(staged, 3)])).status).toBe(201)
    const priced = { ticketTypeId: staged.types.vip, quantity: 1 }
    const mixed = (await place(player, [priced], { payment: { provider: 'sandbox' } })).body
    await press(mixed.payment.checkoutUrl, 'approve')
    const path = `/orders/${mixed.id}/take-back`
    const cost = await as(staged.operator, 'POST', path, { line: 0, numbers: [1], reason: 'By mistake.' })
    expect(cost.body.detail).toBe('This line cost money: refund it.')
  })

  it('shows members of its organisation their lines, and they read that there is no payment', async () => {
    const staged = await stageEvent()
    const { body } = await place(await registerPlayer(), [freeLine(staged)])
    const path = `/orders?organisationId=${staged.organisation.id}`
    const [seen] = (await as(staged.operator, 'GET', path)).body.data
    expect(seen).toMatchObject({ id: body.id, status: 'paid', payment: null, amount: KES(0) })
  })
})

describe('after a crash', { timeout: 180_000 }, () => {
  it('a free order is finished by the sweep, or its holds expire', async () => {
    const staged = await stageEvent({}, people.organisation)
    const path = `/events/${staged.id}/ticket-types/${staged.types.free}`
    await as(staged.operator, 'PUT', path, { capacity: 500 })
    await everyCrash({
      stage: async () => ({ person: await registerPlayer(), key: newKey() }),
      act: async ({ person, key }, send) =>
        expectStatus(await send((bindings) => place(person, [freeLine(staged, 2)], { key, bindings })), 201),
      raffles: () => [{ ...staged, id: staged.types.free, pool: poolNameOf(staged.types.free) }],
      wrong: async ({ person }) => {
        const { results } = await env.DB.prepare('SELECT id, status FROM orders WHERE user_id = ?')
          .bind(person.id)
          .all<{ id: string; status: string }>()
        return results.flatMap(({ id, status }) => (status === 'paid' ? [] : [`${id} is ${status}`]))
      },
    })
    const { results } = await env.DB.prepare(
      `SELECT state, sum(json_array_length(numbers)) AS count FROM reservations JOIN pools USING (pool)
       WHERE raffle_id = ? AND state IN ('held', 'sold') GROUP BY state`,
    )
      .bind(staged.types.free)
      .all()
    const ordered = await env.DB.prepare(
      `SELECT sum(quantity) AS count FROM order_lines WHERE item_id = ? AND state = 'issued'`,
    )
      .bind(staged.types.free)
      .first('count')
    expect(results).toEqual([{ state: 'sold', count: ordered }])
  })

  it('that lasts longer than its holds, it keeps what is still free and says what is lost', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    expectLogged('unexpected error')
    const late = await registerPlayer()
    const spy = vi.spyOn(settlement, 'settleFreeOrder').mockRejectedValue(new Error('the process died'))
    const lines = [freeLine(staged, 2)]
    expect((await place(late, lines)).status).toBe(500)
    spy.mockRestore()
    at(NOW + 20 * MINUTE)
    const others = await place(player, lines)
    expect(others.body.status).toBe('paid')
    await sweep()
    const [found] = (await as(late, 'GET', '/orders')).body.data
    expect([found.status, found.lines[0].state]).toEqual(['expired', 'lost'])
    expect(historyOf(found)).toContain('The admissions went to others before your order was finished.')
    expect(await rowsOf(found.id)).toEqual(NOTHING)
  })

  it('beside a line that is paid too late, it stays, and all the money goes back', async () => {
    const staged = await stageEvent()
    const [late, other] = [await registerPlayer(), await registerPlayer()]
    const vip = { ticketTypeId: staged.types.vip, quantity: 2 }
    const payment = { provider: 'sandbox' }
    const { body } = await place(late, [freeLine(staged), vip], { payment })
    at(NOW + 20 * MINUTE)
    await sweep()
    expect((await place(other, [vip], { payment })).status).toBe(201)
    await press(body.payment.checkoutUrl, 'approve')
    for (let count = 0; count < 2; count++) {
      const order = await orderOf(late, body.id)
      expect(order).toMatchObject({ status: 'refunded', refunded: body.amount })
      expect(order.lines.map(({ state }: { state: string }) => state)).toEqual(['issued', 'lost'])
      at(NOW + 25 * MINUTE)
      await sweep()
    }
  })
})
