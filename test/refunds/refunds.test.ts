// Refunds: recorded first, never more than was paid, never the same ticket twice, and finished after any crash.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import type { RefundRow } from '../../src/money/schema.ts'
import { settleOrder } from '../../src/payments/settle-order.ts'
import { expectedEnd } from '../../src/refunds/read-refund-run.ts'
import { refundWithin } from '../../src/refunds/refund-run.ts'
import { askPool } from '../../src/tickets/client.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { ordered } from '../checkout/cart.ts'
import {
  buyOf,
  historyOf,
  orderOf,
  PRICE,
  paid,
  press,
  purchase,
  type Refunded,
  refund,
  reserve,
  soldOf,
  stagePriced,
  withKey,
} from '../checkout/checkout.ts'
import type { Answer } from '../harness/client.ts'
import { AWAY } from '../harness/faults.ts'
import { allowLogged, expectLogged, logged } from '../harness/log.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  testContext,
} from '../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  crashing,
  HOUR,
  interrupted,
  MINUTE,
  NOW,
  newKey,
  ringAlarm,
  type Staged,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'

useClock()

const ticketsOf = (...numbers: number[]) => numbers.map((number) => ({ number, label: String(number) }))
const tickets = (...numbers: number[]): Refunded => ({ lines: [{ line: 0, numbers }] })

const all = async <Row>(query: string, ...values: unknown[]): Promise<Row[]> =>
  (
    await env.DB.prepare(query)
      .bind(...values)
      .all<Row>()
  ).results

/** The balance of an account, or of all that match `*`, from the transfers of these orders: debits less credits. */
async function balance(account: string, orderIds: string[]): Promise<number> {
  const [row] = await all<{ sum: number }>(
    `SELECT coalesce(sum(iif(debit GLOB ?1, amount, -amount)), 0) AS sum FROM transfers
     WHERE (debit GLOB ?1 OR credit GLOB ?1) AND order_id IN (SELECT value FROM json_each(?2))`,
    account,
    JSON.stringify(orderIds),
  )
  return row!.sum
}

describe('a refund of a whole order', () => {
  it('takes the tickets back, pays the money back, and records both in the history', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 3)
    const { status, body } = await refund(staged.operator, id)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      status: 'paid',
      amount: { amount: 3 * PRICE, currency: 'KES' },
      lines: [{ line: 0, tickets: ticketsOf(1, 2, 3) }],
    })
    const order = await orderOf(player, id)
    expect(order).toMatchObject({
      status: 'refunded',
      refunded: { amount: 3 * PRICE },
      lines: [{ state: 'refunded', refundedQuantity: 3 }],
    })
    expect(historyOf(order)).toMatch(
      /KES 15\.00 for tickets 1, 2 and 3 will be refunded to you: The buyer.*\nKES 15\.00 was refunded to you by sandbox/s,
    )
    expect(await soldOf(staged.id)).toBe(0)
    for (const name of [`takings:${staged.id}`, 'refunds', 'cash:sandbox', 'deposits']) {
      expect(await balance(name, [id]), name).toBe(0)
    }
    const second = await refund(staged.operator, id)
    expect(second.body).toMatchObject({ code: 'invalid_state' })
    expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data).toEqual([body])
  })

  it('happens once for each key, even if requests are repeated at once', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 2)
    const key = newKey()
    const answers = await Promise.all([1, 2, 3, 4].map(() => refund(staged.operator, id, {}, key)))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect((await orderOf(player, id)).refunded.amount).toBe(2 * PRICE)
    expect(await balance('cash:sandbox', [id])).toBe(0)
    const other = await refund(staged.operator, id, tickets(1), key)
    expect(other.body.code).toBe('idempotency_mismatch')
  })

  it('is paid once, even if it is requested under several keys at once', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 3)
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => refund(staged.operator, id)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect((await orderOf(player, id)).refunded.amount).toBe(3 * PRICE)
    expect(await balance('cash:sandbox', [id])).toBe(0)
    expect(await balance('refunds', [id])).toBe(0)
  })

  it('is refused before the order is paid', async () => {
    const staged = await stagePriced()
    const { id } = await reserve(await registerPlayer(), staged.id)
    expect((await refund(staged.operator, id)).body).toMatchObject({ code: 'invalid_state' })
  })
})

describe('a refund of some tickets', () => {
  it('leaves the others, and the rest can be refunded later', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 3)
    const first = await refund(staged.operator, id, tickets(2))
    expect(first.body).toMatchObject({
      amount: { amount: PRICE },
      lines: [{ line: 0, tickets: ticketsOf(2) }],
    })
    const order = await orderOf(player, id)
    expect(order).toMatchObject({
      status: 'partially_refunded',
      lines: [{ state: 'issued', refundedQuantity: 1, tickets: [{ number: 1 }, { number: 3 }] }],
    })
    expect((await refund(staged.operator, id)).body.lines).toEqual([{ line: 0, tickets: ticketsOf(1, 3) }])
    expect((await orderOf(player, id)).status).toBe('refunded')
    expect(await balance('cash:sandbox', [id])).toBe(0)
    const page = await as(player, 'GET', `/orders/${id}/refunds?limit=1`)
    expect(page.body.data[0].lines).toEqual([{ line: 0, tickets: ticketsOf(1, 3) }])
    const next = await as(player, 'GET', `/orders/${id}/refunds?limit=1&cursor=${page.body.nextCursor}`)
    expect(next.body).toMatchObject({ data: [first.body], nextCursor: null })
  })

  it('never takes the same ticket twice, at once or one after another', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 4)
    const wanted = [tickets(1, 2), tickets(2, 3), tickets(3, 4), tickets(4, 1)]
    const answers = await Promise.all(wanted.map((body) => refund(staged.operator, id, body)))
    const done = answers
      .filter(({ status }) => status === 201)
      .flatMap(({ body }) => body.lines[0].tickets.map(({ number }: { number: number }) => number))
    expect(new Set(done).size).toBe(done.length)
    expect(done.length).toBeGreaterThan(0)
    const order = await orderOf(player, id)
    expect(order.refunded.amount).toBe(done.length * PRICE)
    expect(order.lines[0].refundedQuantity).toBe(done.length)
    expect(await balance(`takings:${staged.id}`, [id])).toBe((done.length - 4) * PRICE)
    expect((await refund(staged.operator, id, tickets(done[0]))).body.code).toBe('invalid_state')
  })

  it('is refused with the path of the invalid field', async () => {
    const staged = await stagePriced()
    const { id } = await buyOf(staged, 2)
    await buyOf(staged, 1)
    for (const [invalid, path] of [
      [{ lines: [{ line: 1, numbers: [1] }] }, 'lines.0.line'],
      [tickets(1, 3), 'lines.0.numbers'],
      [tickets(1, 1), 'lines.0.numbers'],
      [
        {
          lines: [
            { line: 0, numbers: [1] },
            { line: 0, numbers: [2] },
          ],
        },
        'lines',
      ],
      [{ lines: [] }, 'lines'],
    ] as const) {
      const { status, body } = await refund(staged.operator, id, invalid as Refunded)
      expect([status, body.errors[0].path], JSON.stringify(invalid)).toEqual([422, path])
    }
    expect(await soldOf(staged.id)).toBe(3)
  })
})

describe('refunds', () => {
  it('require the permission in every organisation of the tickets', async () => {
    const [mine, other] = [await stagePriced(), await stagePriced()]
    const player = await registerPlayer()
    const placed = await as(
      player,
      'POST',
      '/orders',
      {
        lines: [mine, other].map(({ id }) => ({ raffleId: id, quantity: 1 })),
        payment: { provider: 'sandbox' },
      },
      withKey(newKey()),
    )
    expect(placed.status, JSON.stringify(placed.body)).toBe(201)
    const { id } = placed.body
    await press(placed.body.payment.checkoutUrl, 'approve')
    const stranger = (await organisationWithOperator()).operator
    const as404 = { status: 404, code: 'not_found', detail: 'No such order.' }
    expect((await refund(stranger, id)).body).toMatchObject(as404)
    expect((await refund(player, id)).body.code).toBe('forbidden')
    expect((await refund(mine.operator, newId('order'))).body).toMatchObject(as404)
    expect((await refund(mine.operator, id)).body).toMatchObject(as404)
    expect((await refund(other.operator, id, tickets(1))).body).toMatchObject(as404)
    const janitor = await addOperator(mine.organisation.id, 'janitor')
    expect((await refund(janitor, id, tickets(1))).body.code).toBe('forbidden')
    expect((await refund(mine.operator, id, tickets(1))).status).toBe(201)
    const list = (who: Person) => as(who, 'GET', `/orders/${id}/refunds`)
    expect((await list(player)).body.data).toHaveLength(1)
    expect((await list(mine.operator)).body.data).toHaveLength(1)
    expect((await list(other.operator)).body.data).toHaveLength(0)
    expect((await list(stranger)).body).toMatchObject(as404)
    expect((await list(janitor)).body.code).toBe('forbidden')
    const { operator } = other
    await env.DB.prepare("UPDATE users SET role = 'admin' WHERE id = ?").bind(operator.id).run()
    expect((await refund(operator, id)).body.lines).toEqual([{ line: 1, tickets: ticketsOf(1) }])
    expect((await orderOf(player, id)).status).toBe('refunded')
  })
})

describe('a refund after the freeze', () => {
  it('is refused, the tickets stay, and the history shows why', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 2)
    const partly = await buyOf(staged, 2)
    await refund(staged.operator, partly.id, tickets(3))
    at(CLOSES_AT + 30 * MINUTE)
    await ringAlarm(staged.pool)
    const key = newKey()
    for (const { body } of [
      await refund(staged.operator, id, {}, key),
      await refund(staged.operator, id, {}, key),
    ]) {
      expect(body).toMatchObject({ code: 'invalid_state' })
    }
    expect((await refund(staged.operator, partly.id)).body).toMatchObject({ code: 'invalid_state' })
    const order = await orderOf(player, id)
    expect(order).toMatchObject({
      status: 'paid',
      refunded: { amount: 0 },
      lines: [{ state: 'issued', refundedQuantity: 0 }],
    })
    expect(historyOf(order)).toContain('No refund for tickets 1 and 2: the list of tickets is fixed')
    expect(await orderOf(partly.player, partly.id)).toMatchObject({
      status: 'partially_refunded',
      refunded: { amount: PRICE },
    })
    expect(await soldOf(staged.id)).toBe(3)
    expect(await balance(`takings:${staged.id}`, [id, partly.id])).toBe(-3 * PRICE)
  })

  it('of tickets of two raffles refunds only those of the open one', async () => {
    const frozen = await stagePriced()
    const open = await stagePriced({}, frozen)
    const player = await registerPlayer()
    const placed = await as(
      player,
      'POST',
      '/orders',
      {
        lines: [frozen, open].map(({ id }) => ({ raffleId: id, quantity: 1 })),
        payment: { provider: 'sandbox' },
      },
      withKey(newKey()),
    )
    const { id } = placed.body
    await press(placed.body.payment.checkoutUrl, 'approve')
    const close = await as(frozen.operator, 'POST', `/raffles/${frozen.id}/close`, {
      reason: 'We close early.',
    })
    expect(close.status, JSON.stringify(close.body)).toBe(200)
    at(Date.parse(close.body.freezeAt))
    const { status, body } = await refund(frozen.operator, id)
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body).toMatchObject({
      status: 'paid',
      amount: { amount: PRICE },
      lines: [{ line: 1, tickets: ticketsOf(1) }],
    })
    const order = await orderOf(player, id)
    expect(order).toMatchObject({
      status: 'partially_refunded',
      refunded: { amount: PRICE },
      lines: [
        { state: 'issued', refundedQuantity: 0 },
        { state: 'refunded', refundedQuantity: 1 },
      ],
    })
    expect(historyOf(order)).toMatch(/No refund for ticket 1/)
    expect(await balance('refunds', [id])).toBe(0)
  })
})

describe('a provider', () => {
  /** The sandbox fails a refund of 513 at first, and pays one of 517 a minute later. */
  const stageAt = (amount: number) => stagePriced({ ticketPrice: { amount, currency: 'KES' } })

  it('that fails is retried later', async () => {
    const staged = await stageAt(513)
    const { player, id } = await buyOf(staged, 1)
    expect((await refund(staged.operator, id)).body.status).toBe('failed')
    expect((await orderOf(player, id)).status).toBe('refunded')
    await sweep()
    expect(await balance('refunds', [id])).toBe(-513)
    at(NOW + 2 * MINUTE)
    await sweep()
    expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data[0].status).toBe('paid')
    expect(await balance('refunds', [id])).toBe(0)
  })

  it('that is slow is polled until it has paid', async () => {
    const staged = await stageAt(517)
    const { player, id } = await buyOf(staged, 1)
    expect((await refund(staged.operator, id)).body.status).toBe('sent')
    at(NOW + MINUTE / 2)
    await sweep()
    expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data[0].status).toBe('sent')
    at(NOW + 2 * MINUTE)
    await sweep()
    expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data[0].status).toBe('paid')
    expect(await balance('cash:sandbox', [id])).toBe(0)
  })

  it('that has a retried refund since before a deployment does not send it again', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 1)
    const { body } = await refund(staged.operator, id)
    // As an earlier version left it: the first try failed, and the second is under way.
    await env.DB.batch([
      env.DB.prepare('DELETE FROM sandbox_transfers WHERE id = ?').bind(body.id),
      env.DB.prepare(
        `INSERT INTO sandbox_transfers (id, kind, amount, currency, status, settles_at, created_at)
         VALUES (?1, 'refund', ?2, 'KES', 'failed', NULL, 0), (?1 || '.1', 'refund', ?2, 'KES', 'pending', ?3, 0)`,
      ).bind(body.id, PRICE, NOW + MINUTE),
      env.DB.prepare("UPDATE refunds SET status = 'sent', tries = 1, due_at = ?2 WHERE id = ?1").bind(
        body.id,
        NOW,
      ),
    ])
    await sweep()
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(
      await all('SELECT id, status FROM sandbox_transfers WHERE id >= ?1 AND id < ?1 || ?2', body.id, '~'),
    ).toEqual([
      { id: body.id, status: 'failed' },
      { id: `${body.id}.1`, status: 'succeeded' },
    ])
    expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data[0].status).toBe('paid')
  })

  it('that keeps failing is tried five times, and then a person must decide', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 1)
    const made = await refund(staged.operator, id)
    // As if it had failed four times, and fails again.
    await env.DB.batch([
      env.DB.prepare("UPDATE refunds SET status = 'failed', tries = 4, due_at = ?2 WHERE id = ?1").bind(
        made.body.id,
        NOW,
      ),
      env.DB.prepare(
        `INSERT INTO sandbox_transfers (id, kind, amount, currency, status, created_at)
         SELECT ?1 || value, 'refund', ?2, 'KES', 'failed', 0 FROM json_each('[".3", ".4"]')`,
      ).bind(made.body.id, PRICE),
    ])
    await sweep()
    const [row] = await all('SELECT status, tries, due_at, attention FROM refunds WHERE order_id = ?', id)
    expect(row).toMatchObject({
      status: 'failed',
      tries: 5,
      due_at: null,
      attention: expect.stringMatching(/./),
    })
    expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data[0].status).toBe('failed')
    const waiting = async () => (await as(staged.operator, 'GET', '/payments?needs=attention')).body.data
    const [payment] = await waiting()
    expect(payment).toMatchObject({ orderId: id, attention: expect.stringMatching(/^A refund waits: /) })
    // The next request succeeds.
    await as(staged.operator, 'POST', `/payments/${payment.id}/reconcile`)
    expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data[0].status).toBe('paid')
    expect(await waiting()).toEqual([])
  })

  it.each([
    [
      'cannot be reached',
      () => Promise.reject(new Error('no route to host')),
      /^It cannot be sent by sandbox/,
      'invalid_state',
    ],
    [
      'does not confirm',
      async () => ({ status: 'pending', reference: null, reason: null }) as const,
      /^sandbox has not confirmed it yet/,
      'forbidden',
    ],
    [
      'does not know',
      async () => ({ status: 'unknown', reference: null, reason: 'it is being mended' }) as const,
      /^sandbox does not know what became of it: it is being mended/,
      'forbidden',
    ],
  ])(
    'that %s for an hour is reported to operators, and the refund is still retried',
    async (_name, answer, reason, code) => {
      allowLogged('refund not resumed', 'refund not sent yet')
      const staged = await stagePriced()
      const { player, id } = await buyOf(staged, 1)
      const provider = vi.spyOn(sandbox, 'refund').mockImplementation(answer)
      const made = await refund(staged.operator, id)
      const waiting = async () => (await as(staged.operator, 'GET', '/payments?needs=attention')).body.data
      for (let minute = 2; minute < 60; minute += 8) {
        at(NOW + minute * MINUTE)
        await sweep()
      }
      expect(await waiting()).toEqual([])
      at(NOW + 100 * MINUTE)
      await sweep()
      const [{ orderId, attention }] = await waiting()
      expect([orderId, attention.replace('A refund waits: ', '')]).toEqual([
        id,
        expect.stringMatching(reason),
      ])
      const byHand = { reference: 'till 1' }
      const marked = await as(staged.operator, 'POST', `/refunds/${made.body.id}/mark-paid`, byHand)
      expect(marked.body.code).toBe(code)
      provider.mockRestore()
      at(NOW + 200 * MINUTE)
      await sweep()
      expect((await as(player, 'GET', `/orders/${id}/refunds`)).body.data[0].status).toBe('paid')
      expect(await waiting()).toEqual([])
    },
  )

  it('that is `manual` leaves the refund waiting until an operator marks it as paid', async () => {
    const staged = await stagePriced()
    const player = await registerPlayer()
    const { body } = await purchase(player, staged.id, { quantity: 1 }, { payment: { provider: 'manual' } })
    const paymentId = body.order.payment.id
    const recorded = await as(
      staged.operator,
      'POST',
      `/payments/${paymentId}/receipts`,
      { reference: 'cash 1' },
      withKey(newKey()),
    )
    expect(recorded.status, JSON.stringify(recorded.body)).toBeLessThan(300)
    const { id } = body.order
    const made = await refund(staged.operator, id)
    expect(made.body).toMatchObject({ status: 'due', provider: 'manual' })
    at(NOW + HOUR / 2)
    await sweep()
    const mark = (who: Person, reference: string, refundId = made.body.id) =>
      as(who, 'POST', `/refunds/${refundId}/mark-paid`, { reference })
    for (const who of [player, (await organisationWithOperator()).operator]) {
      expect((await mark(who, 'cash 2')).body).toMatchObject({ code: 'not_found', detail: 'No such refund.' })
    }
    expect((await mark(staged.operator, 'cash 2', newId('refund'))).body.detail).toBe('No such refund.')
    for (let times = 0; times < 2; times++) {
      expect((await mark(staged.operator, 'cash 2')).body).toMatchObject({
        status: 'paid',
        reference: 'cash 2',
      })
    }
    expect((await mark(staged.operator, 'cash 3')).body.code).toBe('invalid_state')
    expect(await balance('cash:manual:*', [id])).toBe(0)
    const byCard = await buyOf(staged, 1)
    const sent = await refund(staged.operator, byCard.id)
    expect((await mark(staged.operator, 'cash 4', sent.body.id)).body.code).toBe('invalid_state')
  })
})

describe('a refund whose pool cannot be reached', () => {
  /** The pool still lists its tickets, but cannot void them. */
  const AWAY_FOR_VOID = {
    TICKET_POOL: {
      getByName: (pool: string) => ({
        reservation: (seq: number, id: string) =>
          askPool(testContext(), pool, (stub) => stub.reservation(seq, id)),
        void: () => Promise.reject(new Error('the object cannot be reached')),
      }),
    } as unknown as DurableObjectNamespace,
  }

  /** Requests a refund while the pool is away for an hour. The request is repeated, and every sweep retries the refund. */
  async function poolAwayForAnHour() {
    expectLogged('unexpected error', 'refund not resumed')
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 2)
    const key = newKey()
    const request = (bindings = {}) => refund(staged.operator, id, {}, key, { bindings })
    const present = async () => (await as(player, 'GET', `/orders/${id}/refunds`)).body.data
    const waiting = async () => (await as(staged.operator, 'GET', '/payments?needs=attention')).body.data
    expect((await request(AWAY_FOR_VOID)).status).toBe(500)
    for (let minute = 5; minute < 60; minute += 6) {
      at(NOW + minute * MINUTE)
      expect((await request(AWAY)).status).toBe(500)
      await sweep(AWAY)
      expect(await present()).toMatchObject([{ status: 'requested' }])
      expect(await waiting()).toEqual([])
    }
    at(NOW + HOUR)
    await sweep(AWAY)
    return { staged, player, id, request, present, waiting }
  }

  it('owes nothing yet, blocks other refunds, and is reported to operators after an hour', async () => {
    const { staged, player, id, present, waiting } = await poolAwayForAnHour()
    expect(await waiting()).toMatchObject([
      { orderId: id, attention: expect.stringMatching(/^A refund waits: Its tickets cannot be taken back/) },
    ])
    expect(await present()).toMatchObject([{ status: 'requested' }])
    expect(await soldOf(staged.id)).toBe(2)
    expect(await balance('refunds', [id])).toBe(0)
    expect((await refund(staged.operator, id, tickets(1))).body.code).toBe('invalid_state')
    expect((await orderOf(player, id)).status).toBe('paid')
  })

  const triggers: [string, (request: () => Promise<Answer>) => Promise<unknown>][] = [
    ['the next sweep', () => sweep()],
    ['a repeat of the request', (request) => request()],
  ]

  it.each(triggers)(
    'is finished by %s when the pool is back, and no longer needs attention',
    async (_trigger, run) => {
      const { staged, player, id, request, present, waiting } = await poolAwayForAnHour()
      at(NOW + HOUR + MINUTE)
      await run(request)
      expect(await present()).toMatchObject([{ status: 'paid', amount: { amount: 2 * PRICE } }])
      expect(await waiting()).toEqual([])
      expect(await soldOf(staged.id)).toBe(0)
      expect((await orderOf(player, id)).status).toBe('refunded')
      expect(await balance('cash:sandbox', [id])).toBe(0)
    },
  )

  it.each(triggers)(
    'is refused in %s if the list was fixed meanwhile, and no longer needs attention',
    async (_trigger, run) => {
      const { staged, player, id, request, present, waiting } = await poolAwayForAnHour()
      at(CLOSES_AT + HOUR / 2)
      await run(request)
      expect(await present()).toMatchObject([{ status: 'refused' }])
      expect(await waiting()).toEqual([])
      expect(await soldOf(staged.id)).toBe(2)
      expect(await orderOf(player, id)).toMatchObject({ status: 'paid', refunded: { amount: 0 } })
    },
  )
})

describe('a refund whose payment needs attention for another reason', () => {
  it('keeps that reason, and is shown once it is dismissed', async () => {
    const staged = await stagePriced()
    const { id, order } = await buyOf(staged, 2)
    const paymentId = order.payment.id
    const attentionOf = async () =>
      (await all<{ attention: string }>('SELECT attention FROM payments WHERE id = ?', paymentId))[0]!
        .attention
    await env.DB.prepare("UPDATE payments SET attention = 'Look.' WHERE id = ?").bind(paymentId).run()
    expect((await refund(staged.operator, id, tickets(1))).body.status).toBe('paid')
    expect(await attentionOf()).toBe('Look.')
    const failing = vi.spyOn(sandbox, 'refund')
    failing.mockResolvedValue({ status: 'failed', reference: null, reason: 'The account is closed.' })
    await refund(staged.operator, id, tickets(2))
    for (const minutes of [1, 6, 30, 120]) {
      at(NOW + minutes * MINUTE)
      await sweep()
    }
    expect(await attentionOf()).toBe('Look.')
    await as(staged.operator, 'POST', `/payments/${paymentId}/dismiss`, { reason: 'It is done.' })
    expect(await attentionOf()).toBe('A refund waits: The account is closed.')
    failing.mockRestore()
    await as(staged.operator, 'POST', `/payments/${paymentId}/reconcile`)
    expect(await attentionOf()).toBeNull()
  })
})

describe('a refund that its provider has given up', () => {
  async function givenUp() {
    const staged = await stagePriced()
    const { player, id, order } = await buyOf(staged, 1)
    const provider = vi.spyOn(sandbox, 'refund')
    const failing = { status: 'failed', reference: null, reason: 'The account is closed.' } as const
    provider.mockResolvedValue(failing)
    const made = await refund(staged.operator, id)
    for (const minutes of [1, 6, 30, 120]) {
      at(NOW + minutes * MINUTE)
      await sweep()
    }
    const keys = () => new Set(provider.mock.calls.map(([, { id }]) => id)).size
    expect(keys()).toBe(5)
    const refundId: string = made.body.id
    const mark = (reference = 'till 7') =>
      as(staged.operator, 'POST', `/refunds/${refundId}/mark-paid`, { reference })
    const reconcile = () => as(staged.operator, 'POST', `/payments/${order.payment.id}/reconcile`)
    const row = async () => (await all<RefundRow>('SELECT * FROM refunds WHERE id = ?', refundId))[0]!
    return { staged, player, id, mark, reconcile, row, provider, failing, keys }
  }

  it('is paid once by hand, with its own text, and a repeat changes nothing', async () => {
    const { staged, player, id, mark, row, reconcile, keys } = await givenUp()
    for (const times of [1, 2]) {
      const { status, body } = await mark()
      expect([status, body.status, body.reference], `${times}`).toEqual([200, 'paid', 'till 7'])
    }
    expect((await mark('till 8')).body.code).toBe('invalid_state')
    expect(await row()).toMatchObject({ status: 'paid', attention: null })
    expect(await balance('cash:sandbox', [id])).toBe(PRICE)
    expect(await balance('cash:manual:*', [id])).toBe(-PRICE)
    expect(await balance('refunds', [id])).toBe(0)
    const history = historyOf(await orderOf(player, id))
    expect(history).toContain('KES 5.00 was refunded to you by hand (till 7).')
    expect(history).not.toContain('refunded to you by sandbox')
    await reconcile()
    expect(keys()).toBe(5)
    expect(await audit(env, { settled: false, raffles: [staged.id] })).toEqual([])
  })

  it('and is retried cannot be paid by hand until the provider gives up again', async () => {
    const { player, id, mark, reconcile, row, provider, failing } = await givenUp()
    provider.mockResolvedValue({ status: 'pending', reference: null, reason: null })
    expect((await reconcile()).body.attention).toBeNull()
    expect(await row()).toMatchObject({ status: 'sent', attention: null })
    expect((await mark()).body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('paid by sandbox'),
    })
    provider.mockResolvedValue(failing)
    expect((await reconcile()).body.attention).toBe('A refund waits: The account is closed.')
    expect((await mark()).body.status).toBe('paid')
    expect(historyOf(await orderOf(player, id)).match(/was refunded/g)).toHaveLength(1)
  })

  it('is paid once if it is retried and paid by hand at the same moment', async () => {
    for (let round = 0; round < 3; round++) {
      const { id, mark, reconcile, provider } = await givenUp()
      provider.mockReset()
      provider.mockResolvedValue({ status: 'succeeded', reference: 'r', reason: null })
      const [, marked] = await Promise.all([reconcile(), mark(), reconcile()])
      expect(provider.mock.calls.length).toBe(marked.status === 200 ? 0 : 1)
      expect(await balance('refunds', [id])).toBe(0)
      expect(await balance(marked.status === 200 ? 'cash:manual:*' : 'cash:sandbox', [id])).toBe(
        marked.status === 200 ? -PRICE : 0,
      )
      at(NOW)
      vi.restoreAllMocks()
    }
  })
})

describe('a crash', () => {
  it.each([
    ['before the refund is recorded', /^insert into "refunds"/i, 'unexpected error'],
    ['after its tickets were voided', /^insert into "transfers"/i, 'unexpected error'],
    [
      'before it is sent',
      /^select .+ from "receipts" where \("receipts"\."provider"/i,
      'refund not sent yet',
    ],
    ['before the provider is called', /"sandbox_transfers"/i, 'refund not sent yet'],
    [
      'after the provider has paid',
      /^update "refunds" set "status" = \?, "reference"/i,
      'refund not sent yet',
    ],
  ])('%s loses nothing and repeats nothing', async (_name, pattern, message) => {
    expectLogged(message)
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 2)
    const { DB, done } = crashing(pattern)
    const key = newKey()
    await refund(staged.operator, id, tickets(1), key, { bindings: { DB } })
    expect(done(), JSON.stringify(logged().map(({ error }) => error))).toBe(true)
    at(NOW + 2 * MINUTE)
    await sweep()
    const { status } = await refund(staged.operator, id, tickets(1), key)
    expect(status).toBe(201)
    expect(await orderOf(player, id)).toMatchObject({
      status: 'partially_refunded',
      refunded: { amount: PRICE },
      lines: [{ refundedQuantity: 1, tickets: [{ number: 2 }] }],
    })
    expect(await balance('refunds', [id])).toBe(0)
    expect(await balance('cash:sandbox', [id])).toBe(PRICE)
    expect(await balance(`takings:${staged.id}`, [id])).toBe(-PRICE)
  })
})

const cancel = async (staged: Staged, who: Pick<Person, 'id'> = staged.operator) => {
  const { status, body } = await as(who, 'POST', `/raffles/${staged.id}/cancel`, {
    reason: 'It rains.',
  })
  expect(status, JSON.stringify(body)).toBe(200)
}
const progress = (staged: Staged, who: Pick<Person, 'id'> = staged.operator) =>
  as(who, 'GET', `/raffles/${staged.id}/refund-run`)

/** Inserts paid orders of `staged` as rows, because thousands of purchases would take too long. */
async function insertPaid(staged: Staged, count: number, quantity = 2): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId('order'))
  const rows = JSON.stringify(ids.map((id) => [id, newId('payment')]))
  const from = 'FROM json_each(?1)'
  const run = (query: string, ...values: unknown[]) => env.DB.prepare(query).bind(rows, ...values)
  await env.DB.batch([
    run(
      `INSERT INTO orders (id, user_id, key, request, currency, amount, status, pay_until, receipt, settled_at, created_at, updated_at)
       SELECT value->>0, value->>0, 'k', '', 'KES', ?2, 'paid', 0, 'sandbox:c' || (value->>1), 1, 0, 0 ${from}`,
      quantity * PRICE,
    ),
    run(
      `INSERT INTO order_lines (order_id, line, kind, item_id, organisation_id, title, quantity, unit_amount, state, reservation_id)
       SELECT value->>0, 0, 'raffle', ?2, ?3, 'A raffle', ?4, ?5, 'issued', value->>0 ${from}`,
      staged.id,
      staged.organisation.id,
      quantity,
      PRICE,
    ),
    run(
      `INSERT INTO payments (id, order_id, key, provider, amount, currency, status, reference, created_at, updated_at)
       SELECT value->>1, value->>0, '', 'sandbox', ?2, 'KES', 'succeeded', value->>1, 0, 0 ${from}`,
      quantity * PRICE,
    ),
    run(
      `INSERT INTO receipts (provider, reference, payment_id, order_id, amount, currency, at)
       SELECT 'sandbox', 'c' || (value->>1), value->>1, value->>0, ?2, 'KES', 0 ${from}`,
      quantity * PRICE,
    ),
    ...[
      ["'receipt:sandbox:c' || (value->>1)", "'cash:sandbox'", "'deposits'"],
      ["'order:' || (value->>0)", "'deposits'", `'takings:${staged.id}'`],
    ].map(([key, debit, credit]) =>
      run(
        `INSERT INTO transfers (transaction_id, part, debit, credit, currency, amount, order_id, at)
         SELECT ${key}, 0, ${debit}, ${credit}, 'KES', ?2, value->>0, 0 ${from}`,
        quantity * PRICE,
      ),
    ),
  ])
  return ids
}

describe('a cancelled raffle', () => {
  it('refunds every buyer, even after other refunds, and records it in the history', async () => {
    const staged = await stagePriced()
    const bought = [await buyOf(staged, 2), await buyOf(staged, 3), await buyOf(staged, 1)]
    await refund(staged.operator, bought[1]!.id, tickets(4))
    await refund(staged.operator, bought[2]!.id)
    await cancel(staged)
    await sweep()
    for (const { player, id } of bought) {
      const order = await orderOf(player, id)
      expect(order).toMatchObject({
        status: 'refunded',
        refunded: order.amount,
        lines: [{ state: 'refunded' }],
      })
    }
    const first = await orderOf(bought[0]!.player, bought[0]!.id)
    expect(historyOf(first)).toContain(
      `The raffle was cancelled, and the price of your tickets of “${first.lines[0].title}” will be refunded to you: It rains.`,
    )
    const ids = bought.map(({ id }) => id)
    for (const name of ['deposits', `takings:${staged.id}`, 'refunds', 'cash:sandbox']) {
      expect(await balance(name, ids), name).toBe(0)
    }
    expect((await progress(staged)).body).toMatchObject({
      total: 2,
      done: 2,
      paid: 2,
      reason: 'It rains.',
      expectedEnd: null,
      finishedAt: expect.any(String),
    })
  })

  it('owes nothing in its own books once all are paid, even if orders also contain other items', async () => {
    const staged = await stagePriced({ title: 'A raffle here' })
    const other = await stagePriced({ title: 'Another' }, staged)
    const { id: bookId } = await stageProduct({ stock: 5 }, staged.organisation)
    const buy = async () => {
      const lines = [
        { raffleId: staged.id, quantity: 2 },
        { raffleId: other.id, quantity: 1 },
        { productId: bookId, quantity: 1 },
      ]
      const order = await ordered(await registerPlayer(), lines)
      await press(order.payment.checkoutUrl, 'approve')
      return order.id
    }
    const [whole, partly] = [await buy(), await buy()]
    await buyOf(staged, 1)
    expect((await refund(staged.operator, whole)).body.status).toBe('paid')
    const events = await all<{ text: string }>('SELECT text FROM order_events WHERE order_id = ?', whole)
    expect(JSON.stringify(events)).toContain(
      'for tickets 1 and 2 of “A raffle here”, ticket 1 of “Another”, 1 × ',
    )
    await refund(staged.operator, partly, tickets(3))
    const late = await reserve(await registerPlayer(), staged.id, 2)
    await cancel(staged)
    await press(late.checkoutUrl, 'approve')
    await sweep()
    for (const [raffle, refunded] of [
      [staged, 7 * PRICE],
      [other, PRICE],
    ] as const) {
      const books = (await as(staged.operator, 'GET', `/ledger/trial-balance?raffleId=${raffle.id}`)).body
      const owed = books.data.find(({ account }: { account: string }) => account === 'refunds')
      expect(owed).toMatchObject({ debit: refunded, credit: refunded })
      const out = books.data.find(({ account }: { account: string }) => account === 'cash:sandbox')
      expect(out).toMatchObject({ debit: 0, credit: refunded })
    }
    expect(await audit(env, { settled: false, raffles: [staged.id, other.id] })).toEqual([])
  })

  it('refunds its buyers by itself if it is below its minimum', async () => {
    const staged = await stagePriced({ minTickets: 10 })
    const { player, id } = await buyOf(staged, 2)
    at(CLOSES_AT + 30 * MINUTE)
    await ringAlarm(staged.pool)
    await sweep()
    expect((await orderOf(player, id)).status).toBe('refunded')
    expect(await balance('cash:sandbox', [id])).toBe(0)
  })

  it('that was free refunds nobody', async () => {
    const staged = await stagePriced({ ticketPrice: { amount: 0, currency: 'KES' }, providers: [] })
    await cancel(staged)
    expect((await progress(staged)).body.code).toBe('not_found')
  })

  /** The run over an order interrupts the refund of a ticket at each step. */
  it.each([
    ['before its tickets are voided', /from "order_lines" where "order_lines"."order_id" = \?$/i, NOW],
    ['before its transfers are recorded', /^insert into "transfers"/i, NOW],
    ['when the list is already fixed', /^insert into "transfers"/i, CLOSES_AT + 30 * MINUTE],
  ])('counts a refund under way as a part of the whole: cancelled %s', async (_name, pattern, when) => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 3)
    at(when)
    await ringAlarm(staged.pool)
    const admin = await registerPlayer({ role: 'admin' })
    const { DB, done } = interrupted(pattern, async () => {
      await cancel(staged, admin)
      await refundWithin(testContext(), { ordersAPage: 500, maxMs: 0 })
    })
    const { status, body } = await refund(staged.operator, id, tickets(2), newKey(), { bindings: { DB } })
    expect([status, body.status, done()]).toEqual([201, 'paid', true])
    await sweep()
    const list = await as(player, 'GET', `/orders/${id}/refunds`)
    expect(list.body.data.map((each: { amount: { amount: number } }) => each.amount.amount)).toEqual([
      2 * PRICE,
      PRICE,
    ])
    expect(await orderOf(player, id)).toMatchObject({ status: 'refunded', refunded: { amount: 3 * PRICE } })
    for (const name of ['cash:sandbox', 'refunds', `takings:${staged.id}`]) {
      expect(await balance(name, [id]), name).toBe(0)
    }
  })

  it('also refunds an order that is settled after the run has passed it', async () => {
    const staged = await stagePriced()
    const player = await registerPlayer()
    const late = await paid(player, staged.id, 2)
    await buyOf(staged, 1)
    // As after a crash between the pool's confirmation and the settlement.
    await env.DB.batch([
      env.DB.prepare("UPDATE orders SET status = 'pending', settled_at = NULL WHERE id = ?").bind(late.id),
      env.DB.prepare("UPDATE order_lines SET state = 'held' WHERE order_id = ?").bind(late.id),
    ])
    await cancel(staged)
    await refundWithin(testContext(), { ordersAPage: 1, maxMs: 1_000 })
    await refundWithin(testContext(), { ordersAPage: 1, maxMs: 1_000 })
    expect((await progress(staged)).body).toMatchObject({ total: 1, done: 1, finishedAt: expect.any(String) })
    await settleOrder(testContext(), late.id)
    expect((await progress(staged)).body).toMatchObject({ total: 2, done: 1, finishedAt: null })
    await sweep()
    expect((await progress(staged)).body).toMatchObject({ total: 2, done: 2, paid: 2 })
    expect((await orderOf(player, late.id)).status).toBe('refunded')
    expect(await balance('cash:sandbox', [late.id])).toBe(0)
  })

  it('shows its progress only to its organisation', async () => {
    const staged = await stagePriced()
    await cancel(staged)
    expect((await progress(staged)).body).toMatchObject({ total: 0, done: 0, paid: 0, expectedEnd: null })
    expect((await progress(staged, (await organisationWithOperator()).operator)).status).toBe(404)
    expect((await progress(staged, await addOperator(staged.organisation.id, 'janitor'))).status).toBe(403)
    const open = await stagePriced()
    expect((await progress(open)).status).toBe(404)
  })

  it('with thousands of orders is refunded over several sweeps, even if some run at once', async () => {
    const staged = await stagePriced()
    const ids = await insertPaid(staged, 3_000)
    await cancel(staged)
    await env.DB.prepare('UPDATE raffles SET due_at = NULL WHERE id = ?').bind(staged.id).run()
    const bounds = { ordersAPage: 200, maxMs: 0 }
    expect(await refundWithin(testContext(), bounds)).toBe(1)
    expect((await progress(staged)).body).toMatchObject({ total: 3_000, done: 200, finishedAt: null })
    at(NOW + MINUTE)
    await Promise.all([1, 2, 3].map(() => refundWithin(testContext(), bounds)))
    const { body } = await progress(staged)
    expect(body.done % 200).toBe(0)
    expect(Date.parse(body.expectedEnd)).toBe(
      expectedEnd(NOW + MINUTE, NOW, { total: 3_000, done: body.done, paid: 0 }),
    )
    let sweeps = 0
    while ((await refundWithin(testContext(), bounds)) > 0) sweeps++
    expect(sweeps).toBeGreaterThan(1)
    await refundWithin(testContext(), bounds)
    expect((await progress(staged)).body).toMatchObject({
      total: 3_000,
      done: 3_000,
      finishedAt: expect.any(String),
    })
    const [sums] = await all(
      `SELECT count(*) AS rows, count(DISTINCT order_id) AS orders, sum(amount) AS amount FROM refunds
       WHERE order_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(ids),
    )
    expect(sums).toEqual({ rows: 3_000, orders: 3_000, amount: 3_000 * 2 * PRICE })
    expect(await balance(`takings:${staged.id}`, ids)).toBe(0)
    expect(await balance('refunds', ids)).toBe(-3_000 * 2 * PRICE)
    const [states] = await all(
      `SELECT count(*) AS n FROM orders JOIN order_lines ON order_id = id
       WHERE item_id = ? AND status = 'refunded' AND state = 'refunded' AND refunded_quantity = quantity AND refunded_amount = amount`,
      staged.id,
    )
    expect(states).toEqual({ n: 3_000 })
    await env.DB.prepare('UPDATE refunds SET due_at = NULL').run()
  })
})

describe('the expected end of a run', () => {
  it('is computed from the pace so far', () => {
    const pace = (counts: { total: number; done: number; paid: number }) => expectedEnd(2_000, 1_000, counts)
    expect(pace({ total: 10, done: 0, paid: 0 })).toBeNull()
    expect(pace({ total: 10, done: 5, paid: 0 })).toBe(3_000)
    expect(pace({ total: 10, done: 10, paid: 2 })).toBe(6_000)
    expect(pace({ total: 10, done: 10, paid: 10 })).toBeNull()
  })
})

describe('the pool', () => {
  it('agrees with the refunds about the sold tickets', async () => {
    const staged = await stagePriced()
    const { id, reservationId } = await buyOf(staged, 3)
    await refund(staged.operator, id, tickets(1, 3))
    const state = await askPool(testContext(), staged.pool, (pool) => pool.state())
    expect(state).toMatchObject({ sold: 1, logSize: 5 })
    expect(reservationId).toMatch(/^res_/)
  })
})
