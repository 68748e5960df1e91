// Payments: providers send webhooks and are polled, operators handle the rest, and everything takes effect once.
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { signEvent } from '../../src/money/providers/sandbox-signature.ts'
import { payments } from '../../src/money/schema.ts'
import { raffleLine } from '../../src/orders/lines/raffle-line.ts'
import { settleCaptures } from '../../src/payments/settle-order.ts'
import { sweepWebhooks } from '../../src/webhooks/sweep-webhooks.ts'
import {
  type Bought,
  historyOf,
  orderOf,
  PRICE,
  paid,
  press,
  purchase,
  reserve,
  stagePriced,
  startRemotely,
} from '../checkout/checkout.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { call, operations } from '../harness/client.ts'
import { expectLogged, logged, rowNotDone } from '../harness/log.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
  testSettings,
} from '../harness/people.ts'
import {
  as,
  at,
  crashing,
  DAY,
  HOUR,
  iso,
  MINUTE,
  NOW,
  readAll,
  SECOND,
  type Staged,
  sweep,
  useClock,
} from '../raffles/scenario.ts'

const PAYMENT = newId('payment')
const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/v1/payments?needs=attention' },
  { method: 'POST', path: `/api/v1/payments/${PAYMENT}/reconcile` },
  { method: 'POST', path: `/api/v1/payments/${PAYMENT}/receipts`, body: { reference: 'KCB-1' } },
  { method: 'POST', path: `/api/v1/payments/${PAYMENT}/dismiss`, body: { reason: 'Nobody paid.' } },
  { method: 'GET', path: '/api/v1/payments/webhooks' },
  { method: 'POST', path: '/api/v1/payments/webhooks/sandbox/evt-1/replay' },
]

protectedRoutes(ROUTES)

const row = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    // biome-ignore lint/suspicious/noExplicitAny: columns as the test names them
    .first<any>()
const paymentRow = (id: string) => row('SELECT * FROM payments WHERE id = ?', id)
const findPaymentRow = (id: string) =>
  testContext().db.select().from(payments).where(eq(payments.id, id)).get()
const count = async (table: string): Promise<number> =>
  (await row(`SELECT count(*) AS count FROM ${table}`)).count
const everything = () =>
  Promise.all(['webhooks', 'receipts', 'transfers', 'refunds', 'order_events'].map(count))

const WEBHOOK = '/api/v1/payments/sandbox/webhook'
const eventOf = (subjectId: string, id = `evt-${newId('order')}`, subject = 'payment') =>
  JSON.stringify({ id, subject, subjectId })
const signed = (body: string, now = Date.now()) => ({
  'sandbox-signature': signEvent(testSettings(), now, body),
})
const report = (body: string, headers: Record<string, string> = signed(body)) =>
  call('POST', WEBHOOK, { raw: body, headers })

/** The payer pays, and the sandbox crashes before it sends a webhook. */
const pressSilently = (bought: Bought, captures = 1) =>
  env.DB.prepare("UPDATE sandbox_charges SET status = 'approved', captures = ? WHERE id = ?")
    .bind(captures, bought.order.payment.id)
    .run()

async function staged(): Promise<{ raffle: Staged; player: Person; bought: Bought; paymentId: string }> {
  const raffle = await stagePriced()
  const player = await registerPlayer()
  const bought = await reserve(player, raffle.id, 2)
  return { raffle, player, bought, paymentId: bought.order.payment.id }
}

describe('the protected routes of payments', () => {
  it('are all tested in this file', () => {
    const known = ROUTES.map(
      ({ method, path }) =>
        `${method} ${path
          .replace(/\?.*/, '')
          .replace(/pay_\w+/, ':id')
          .replace('sandbox/evt-1', ':provider/:eventId')}`,
    )
    const declared = operations
      .filter(({ path, description }) => path.startsWith('/api/v1/payments') && description.auth === 'user')
      .map(({ method, path }) => `${method} ${path}`)
    expect(known.sort()).toEqual([...new Set(declared)].sort())
  })
})

describe('a webhook', () => {
  useClock()

  it('settles its payment, is stored unchanged, and acts once, however often it comes', async () => {
    const { player, bought, paymentId } = await staged()
    await pressSilently(bought)
    const body = eventOf(paymentId)
    const taken = await report(body)
    expect(taken).toMatchObject({ status: 200, body: { received: true } })
    expect((await orderOf(player, bought.id)).status).toBe('paid')
    const { id } = JSON.parse(body)
    expect(await row('SELECT * FROM webhooks WHERE event_id = ?', id)).toMatchObject({
      body,
      subject: 'payment',
      subject_id: paymentId,
      received_at: NOW,
      acted_at: NOW,
    })
    const before = await everything()
    at(NOW + SECOND)
    const repeats = await Promise.all([report(body), report(body), report(body)])
    expect(repeats.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await everything()).toEqual(before)
    expect((await row('SELECT acted_at FROM webhooks WHERE event_id = ?', id)).acted_at).toBe(NOW)
  })

  it('that is forged, stale or foreign is refused, and nothing is stored', async () => {
    const { bought, paymentId } = await staged()
    await pressSilently(bought)
    const before = await everything()
    const body = eventOf(paymentId)
    const forged = { 'sandbox-signature': signEvent({ JWT_SECRET: 'x'.repeat(40) }, NOW, body) }
    for (const [headers, sent, status] of [
      [{}, body, 403],
      [forged, body, 403],
      [signed(body), eventOf(paymentId), 403],
      [signed(body, NOW - 301 * SECOND), body, 403],
      [signed(body, NOW + 301 * SECOND), body, 403],
      [signed('[]'), '[]', 400],
      ...[
        eventOf(newId('payment')),
        eventOf(newId('refund'), 'evt-2', 'refund'),
        eventOf(paymentId, 'e', 'payout'),
      ].map((foreign) => [signed(foreign), foreign, 404] as const),
    ] as const) {
      expect((await report(sent, { ...headers })).status).toBe(status)
    }
    for (const address of [
      'stripe/webhook',
      'mpesa/webhook',
      'manual/webhook',
      'nobody/webhook',
      'sandbox/constructor',
      'sandbox/callback',
      'sandbox/callback/a-token',
    ]) {
      const answer = await call('POST', `/api/v1/payments/${address}`, {
        raw: body,
        headers: signed(body),
      })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
    }
    expect(await everything()).toEqual(before)
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'pending' })
  })

  it('that could not be acted on is still accepted, and the sweep acts on it, even on late money', async () => {
    const { player, bought, paymentId } = await staged()
    at(NOW + 11 * MINUTE)
    await sweep()
    expect((await orderOf(player, bought.id)).status).toBe('expired')
    await env.DB.prepare('UPDATE payments SET due_at = NULL WHERE id = ?').bind(paymentId).run()
    expectLogged('a webhook was stored and not acted on')
    const { DB, done } = crashing(/insert into "receipts"/)
    const { pathname } = new URL(bought.checkoutUrl)
    const page = await call('POST', pathname, { form: { action: 'approve' }, bindings: { DB } })
    expect([page.status, done()]).toEqual([200, true])
    expect((await orderOf(player, bought.id)).status).toBe('expired')
    at(NOW + 12 * MINUTE)
    await sweep()
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'succeeded' })
    expect(['paid', 'refund_due', 'refunded']).toContain((await orderOf(player, bought.id)).status)
    expect(
      await row('SELECT count(*) AS n FROM webhooks WHERE subject_id = ? AND acted_at IS NULL', paymentId),
    ).toEqual({
      n: 0,
    })
  })

  it('is sent again by the sandbox until it is accepted, even about money that arrives late', async () => {
    const { player, bought, paymentId } = await staged()
    at(NOW + 11 * MINUTE)
    await sweep()
    await env.DB.prepare('UPDATE payments SET due_at = NULL WHERE id = ?').bind(paymentId).run()
    expectLogged('the sandbox’s webhook was not received')
    const { DB, done } = crashing(/insert into "webhooks"/)
    const { pathname } = new URL(bought.checkoutUrl)
    expect((await call('POST', pathname, { form: { action: 'twice' }, bindings: { DB } })).status).toBe(200)
    expect(done()).toBe(true)
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'expired' })
    at(NOW + 12 * MINUTE)
    await sweep()
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'succeeded' })
    expect(await row('SELECT count(*) AS n FROM receipts WHERE payment_id = ?', paymentId)).toEqual({ n: 2 })
    expect(await row('SELECT tell_at FROM sandbox_charges WHERE id = ?', paymentId)).toEqual({
      tell_at: null,
    })
    expect(['paid', 'refund_due', 'refunded']).toContain((await orderOf(player, bought.id)).status)
  })

  it('about later money is sent when the money has arrived', async () => {
    const { player, bought, paymentId } = await staged()
    await press(bought.checkoutUrl, 'later')
    await env.DB.prepare('UPDATE payments SET due_at = NULL WHERE id = ?').bind(paymentId).run()
    at(NOW + 29 * SECOND)
    await sweep()
    expect((await orderOf(player, bought.id)).status).toBe('pending')
    await env.DB.prepare('UPDATE payments SET due_at = NULL WHERE id = ?').bind(paymentId).run()
    at(NOW + 30 * SECOND)
    await sweep()
    expect((await orderOf(player, bought.id)).status).toBe('paid')
  })

  it('about a refund makes the next sweep check the refund', async () => {
    const { bought } = await staged()
    const id = newId('refund')
    await env.DB.prepare(
      `INSERT INTO refunds VALUES (?, ?, 'k', '', 'sandbox', ?, 'r', 100, 'KES', 'a reason', '[]', 'sent', NULL, 1, NULL, NULL, 1, 1)`,
    )
      .bind(id, bought.id, bought.order.payment.id)
      .run()
    expect((await report(eventOf(id, `evt-${id}`, 'refund'))).status).toBe(200)
    expect(await row('SELECT due_at FROM refunds WHERE id = ?', id)).toEqual({ due_at: NOW })
    await env.DB.prepare('DELETE FROM refunds WHERE id = ?').bind(id).run()
  })

  it('is listed and replayed by members who manage its payment, and takes effect once', async () => {
    const { raffle, player, bought, paymentId } = await staged()
    const eventId = `evt-${paymentId}-x`
    await report(eventOf(paymentId, eventId))
    await pressSilently(bought)
    const list = `/payments/webhooks?about=${paymentId}`
    const replay = `/payments/webhooks/sandbox/${eventId}/replay`
    const stranger = (await organisationWithOperator()).operator
    for (const person of [player, stranger]) {
      expect((await as(person, 'GET', list)).status).toBe(404)
      expect((await as(person, 'POST', replay)).status).toBe(404)
    }
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'pending' })
    expect((await as(raffle.operator, 'GET', list)).body).toEqual({
      data: [
        {
          provider: 'sandbox',
          eventId,
          subject: 'payment',
          subjectId: paymentId,
          receivedAt: iso(NOW),
          actedAt: iso(NOW),
        },
      ],
      nextCursor: null,
    })
    expect((await as(raffle.operator, 'POST', replay)).status).toBe(204)
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'succeeded' })
    const before = await everything()
    expect((await as(await signedInAdmin(), 'POST', replay)).status).toBe(204)
    expect(await everything()).toEqual(before)
    expect((await as(raffle.operator, 'POST', '/payments/webhooks/sandbox/evt-none/replay')).status).toBe(404)
  })

  it('about a refund is replayed by members who manage its payment, about a payout by those who approve it', async () => {
    const { raffle, player, bought } = await staged()
    const { organisation, operator } = raffle
    const [refund, payout] = [newId('refund'), newId('payout')]
    await env.DB.batch([
      env.DB.prepare(
        `INSERT INTO refunds VALUES (?, ?, 'k2', '', 'sandbox', ?, 'r', 100, 'KES', 'a reason', '[]', 'sent', NULL, 1, NULL, NULL, 1, 1)`,
      ).bind(refund, bought.id, bought.order.payment.id),
      env.DB.prepare(
        `INSERT INTO payouts (id, kind, subject, organisation_id, provider, destination, amount, currency, status,
           requested_by, created_at, updated_at)
         VALUES (?1, 'shop', ?1, ?2, 'sandbox', 'somewhere', 100, 'KES', 'sent', 'user', 1, 1)`,
      ).bind(payout, organisation.id),
    ])
    for (const [id, subject, table] of [
      [refund, 'refund', 'refunds'],
      [payout, 'payout', 'payouts'],
    ] as const) {
      const eventId = `evt-${id}`
      await report(eventOf(id, eventId, subject))
      await env.DB.prepare(`UPDATE ${table} SET due_at = NULL WHERE id = ?`).bind(id).run()
      expect((await as(operator, 'GET', `/payments/webhooks?about=${id}`)).body.data).toMatchObject([
        { eventId },
      ])
      const replay = `/payments/webhooks/sandbox/${eventId}/replay`
      expect((await as(player, 'POST', replay)).status).toBe(404)
      expect((await as(operator, 'POST', replay)).status).toBe(204)
      expect(await row(`SELECT due_at FROM ${table} WHERE id = ?`, id)).toEqual({ due_at: NOW })
      await env.DB.prepare(`DELETE FROM ${table} WHERE id = ?`).bind(id).run()
    }
  })

  it('is listed by its subject; only an administrator can list all', async () => {
    const { raffle, paymentId } = await staged()
    const ids = ['a', 'b', 'c'].map((each) => `evt-${paymentId}-${each}`)
    for (const id of ids) await report(eventOf(paymentId, id))
    const admin = await signedInAdmin()
    expect((await as(raffle.operator, 'GET', '/payments/webhooks')).status).toBe(403)
    const seen = (await readAll('/payments/webhooks', 2, admin)).map(({ eventId }) => eventId)
    expect(seen.filter((id: string) => id.startsWith(`evt-${paymentId}`))).toEqual(ids.toReversed())
    const mine = await readAll(`/payments/webhooks?about=${paymentId}`, 2, raffle.operator)
    expect(mine.map(({ eventId }) => eventId)).toEqual(ids.toReversed())
    for (const about of ['raffle_1', 'pay_1', newId('raffle')]) {
      expect((await as(admin, 'GET', `/payments/webhooks?about=${about}`)).body.errors).toMatchObject([
        { path: 'about', message: 'must be the id of a payment, refund or payout' },
      ])
    }
  })

  it('whose provider cannot be reached answers its replay with the reason', async () => {
    const { raffle, paymentId } = await staged()
    expectLogged('a provider could not be reached', 'a webhook was stored and not acted on')
    vi.spyOn(sandbox, 'fetch').mockRejectedValue(new Error('no route to host'))
    await report(eventOf(paymentId, `evt-${paymentId}-y`))
    const answer = await as(raffle.operator, 'POST', `/payments/webhooks/sandbox/evt-${paymentId}-y/replay`)
    expect(answer).toMatchObject({
      status: 503,
      body: { detail: 'The webhook had no effect: sandbox could not be reached.' },
    })
    vi.restoreAllMocks()
    const repeat = await as(raffle.operator, 'POST', `/payments/webhooks/sandbox/evt-${paymentId}-y/replay`)
    expect(repeat.status).toBe(204)
  })

  it('that cannot be acted on is retried each minute, after a day each hour, until it is deleted like others', async () => {
    const { bought, paymentId } = await staged()
    expectLogged(
      'a provider could not be reached',
      'a webhook was stored and not acted on',
      rowNotDone('webhook'),
    )
    const fetch = vi.spyOn(sandbox, 'fetch').mockRejectedValue(new Error('no route to host'))
    const { id } = JSON.parse(eventOf(paymentId))
    await report(eventOf(paymentId, id))
    await env.DB.prepare('UPDATE payments SET due_at = NULL WHERE id = ?').bind(paymentId).run()
    // So that only the webhook queries its provider.
    await env.DB.prepare('UPDATE orders SET due_at = NULL WHERE id = ?').bind(bought.id).run()
    const tried = async (since: number) => {
      const before = fetch.mock.calls.length
      at(NOW + since)
      await sweepWebhooks(testContext())
      await env.DB.prepare('UPDATE payments SET due_at = NULL WHERE id = ?').bind(paymentId).run()
      return fetch.mock.calls.length > before
    }
    expect(await tried(HOUR / 2)).toBe(true)
    expect(await tried(HOUR / 2 + MINUTE)).toBe(true)
    expect(await tried(DAY + 2 * MINUTE)).toBe(false)
    expect(await tried(DAY + HOUR - SECOND)).toBe(false)
    expect(await tried(DAY + HOUR + SECOND)).toBe(true)
    expect(await row('SELECT acted_at FROM webhooks WHERE event_id = ?', id)).toEqual({ acted_at: null })
    at(NOW + 90 * DAY + 1)
    await sweep()
    expect(await row('SELECT acted_at FROM webhooks WHERE event_id = ?', id)).toBeNull()
  })

  it('whose signature is too old or in the future is refused with that reason', async () => {
    const body = eventOf(newId('payment'))
    expect((await report(body, signed(body, Date.now() - 301 * SECOND))).body.detail).toMatch(/too old/)
    expect((await report(body, signed(body, Date.now() + 301 * SECOND))).body.detail).toMatch(/in the future/)
  })

  it('is kept for 90 days', async () => {
    const { paymentId } = await staged()
    const body = eventOf(paymentId)
    await report(body)
    const kept = async () =>
      (await row('SELECT count(*) AS n FROM webhooks WHERE event_id = ?', JSON.parse(body).id)).n
    at(NOW + 90 * DAY)
    await sweep()
    expect(await kept()).toBe(1)
    at(NOW + 90 * DAY + 1)
    await sweep()
    expect(await kept()).toBe(0)
  })
})

describe('a payment', () => {
  useClock()

  it('without a webhook is polled on its schedule, and settled by the poll', async () => {
    const { player, bought, paymentId } = await staged()
    for (const [after, next] of [
      [20, 40],
      [40, 75],
      [75, 120],
      [120, 300],
      [300, 900],
    ] as const) {
      at(NOW + after * SECOND)
      await sweep()
      expect(await paymentRow(paymentId)).toMatchObject({ status: 'pending', due_at: NOW + next * SECOND })
    }
    await pressSilently(bought)
    // Its next poll is after the time to pay. The end of that time polls it first.
    at(NOW + 9 * MINUTE + 30 * SECOND)
    await sweep()
    expect(await orderOf(player, bought.id)).toMatchObject({ status: 'paid' })
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'succeeded', due_at: null, attention: null })
  })

  it('that arrives later settles by itself', async () => {
    const { player, bought } = await staged()
    await press(bought.checkoutUrl, 'later')
    expect((await orderOf(player, bought.id)).status).toBe('pending')
    at(NOW + 40 * SECOND)
    await sweep()
    expect((await orderOf(player, bought.id)).status).toBe('paid')
  })

  it('that is declined is recorded once, and the order can be paid another way', async () => {
    const { player, bought, paymentId } = await staged()
    await press(bought.checkoutUrl, 'decline')
    await press(bought.checkoutUrl, 'decline')
    const order = await orderOf(player, bought.id)
    expect(order).toMatchObject({ status: 'pending', payment: { status: 'failed' } })
    expect(historyOf(order).match(/The payment failed: it was declined\./g)).toHaveLength(1)
    // A later success still counts, so the payment is still polled.
    expect(await paymentRow(paymentId)).toMatchObject({ due_at: NOW + 20 * SECOND })
  })

  it('whose start was lost is started once by the sweep', async () => {
    startRemotely()
    const player = await registerPlayer()
    expectLogged('a payment could not be started', 'unexpected error')
    for (const [pattern, answer] of [
      [/insert into "sandbox_charges"/, 503],
      [/update "payments" set "status" = \?, "reference"/, 500],
    ] as const) {
      const { id } = await stagePriced()
      const { DB, done } = crashing(pattern)
      const headers = { 'idempotency-key': `lost-${pattern}`.replaceAll(/[^\w-]/g, '') }
      const body = { raffleId: id, quantity: 1, payment: { provider: 'sandbox' } }
      const lost = await as(player, 'POST', '/tickets/purchase', body, { headers, bindings: { DB } })
      expect([lost.status, done()]).toEqual([answer, true])
    }
    const starting = env.DB.prepare(
      "SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id WHERE user_id = ? AND p.status = 'starting'",
    ).bind(player.id)
    const lost = (await starting.all<{ id: string }>()).results
    expect(lost).toHaveLength(2)
    at(NOW + 20 * SECOND)
    await sweep()
    for (const { id: paymentId } of lost) {
      const started = await paymentRow(paymentId)
      expect(started).toMatchObject({ status: 'pending', reference: paymentId })
      expect(JSON.parse(started.action).checkoutUrl).toContain(`/sandbox/checkout/${paymentId}/`)
    }
  })

  it('whose start was lost is not started after its order has ended', async () => {
    const { player, bought, paymentId } = await staged()
    await env.DB.batch([
      env.DB.prepare("UPDATE payments SET status = 'starting', action = NULL WHERE id = ?").bind(paymentId),
      env.DB.prepare('DELETE FROM sandbox_charges WHERE id = ?').bind(paymentId),
    ])
    at(NOW + 10 * MINUTE)
    await sweep()
    expect((await orderOf(player, bought.id)).status).toBe('expired')
    expect(await row('SELECT count(*) AS n FROM sandbox_charges WHERE id = ?', paymentId)).toEqual({ n: 0 })
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'failed', due_at: NOW + 15 * MINUTE })
  })

  it.each([
    { what: 'is polled', provider: 'sandbox', due: { payment: NOW + 20 * SECOND, order: NOW + 10 * MINUTE } },
    { what: 'leaves that to the sweep', provider: 'manual', due: { payment: null, order: NOW } },
  ])('whose process dies before its order is settled $what: $provider', async ({ provider, due }) => {
    const raffle = await stagePriced()
    const what = { quantity: 1 }
    const { body } = await purchase(await registerPlayer(), raffle.id, what, { payment: { provider } })
    const { id, payment } = body.order
    const times = () =>
      row(
        'SELECT o.due_at AS "order", p.due_at AS payment FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = ?',
        id,
      )
    const { confirm } = raffleLine
    vi.spyOn(raffleLine, 'confirm').mockImplementation(async (ctx, line) => {
      expect(await times()).toEqual(due)
      return confirm(ctx, line)
    })
    if (provider === 'sandbox') await press(payment.checkoutUrl, 'approve')
    else await as(raffle.operator, 'POST', `/payments/${payment.id}/receipts`, { reference: `bank ${id}` })
    expect(raffleLine.confirm).toHaveBeenCalledOnce()
    expect(await row('SELECT status FROM orders WHERE id = ?', id)).toEqual({ status: 'paid' })
    expect(await times()).toEqual({ order: null, payment: null })
  })

  it('whose order cannot be settled needs attention, until it is', async () => {
    const { raffle, player, bought, paymentId } = await staged()
    expectLogged('a webhook was stored and not acted on', rowNotDone('webhook'), rowNotDone('order'))
    const confirm = vi.spyOn(raffleLine, 'confirm').mockRejectedValue(new Error('the pool is away'))
    await press(bought.checkoutUrl, 'approve')
    const attentionList = () => readAll('/payments?needs=attention', 10, raffle.operator)
    at(NOW + 9 * MINUTE)
    await sweep()
    expect(await attentionList()).toEqual([])
    at(NOW + 10 * MINUTE)
    await sweep()
    const attention = 'What it pays for cannot be settled; that is tried again every minute.'
    expect(await attentionList()).toMatchObject([{ id: paymentId, status: 'succeeded', attention }])
    confirm.mockRestore()
    at(NOW + 11 * MINUTE)
    await sweep()
    expect((await orderOf(player, bought.id)).status).toBe('paid')
    expect(await attentionList()).toEqual([])
  })

  it('whose provider does not answer for an hour needs attention; an operator’s query then settles it', async () => {
    const { raffle, player, bought, paymentId } = await staged()
    expectLogged('a provider could not be reached')
    const outage = vi.spyOn(sandbox, 'fetch').mockRejectedValue(new Error('no route to host'))
    for (let minute = 1; minute <= 60; minute += 3) {
      at(NOW + minute * MINUTE)
      await sweep()
    }
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'expired', attention: null })
    at(NOW + HOUR)
    await sweep()
    const attentionList = await readAll('/payments?needs=attention', 10, raffle.operator)
    expect(attentionList).toMatchObject([
      {
        id: paymentId,
        orderId: bought.id,
        status: 'expired',
        nextCheckAt: null,
        attention: 'sandbox does not know what became of it: sandbox could not be reached.',
      },
    ])
    outage.mockRestore()
    await pressSilently(bought)
    const checked = await as(raffle.operator, 'POST', `/payments/${paymentId}/reconcile`)
    expect(checked.body).toMatchObject({ id: paymentId, status: 'succeeded', attention: null })
    expect(await readAll('/payments?needs=attention', 10, raffle.operator)).toEqual([])
    expect(['paid', 'refund_due', 'refunded']).toContain((await orderOf(player, bought.id)).status)
  })
})

describe('the list of payments', () => {
  useClock()

  it('has the payments of orders with a line of the actor’s organisation; an administrator sees all', async () => {
    const { raffle, player, paymentId } = await staged()
    at(NOW + SECOND)
    const other = await staged()
    at(NOW + 2 * SECOND)
    const more = await paid(await registerPlayer(), raffle.id)
    const ids = async (person: Person) => (await readAll('/payments', 1, person)).map(({ id }) => id)
    expect(await ids(raffle.operator)).toEqual([more.order.payment.id, paymentId])
    expect(await ids(other.raffle.operator)).toEqual([other.paymentId])
    const all = await readAll('/payments', 100, await signedInAdmin())
    const three = [more.order.payment.id, other.paymentId, paymentId]
    expect(all.map(({ id }: { id: string }) => id).filter((id) => three.includes(id))).toEqual(three)
    expect(JSON.stringify(all)).not.toContain('/sandbox/checkout/')
    expect(await ids(player)).toEqual([paymentId])
    const janitor = await addOperator(raffle.organisation.id, 'janitor')
    expect(await ids(janitor)).toEqual([])
    expect((await as(janitor, 'GET', '/payments?needs=attention')).status).toBe(403)
    expect((await as(raffle.operator, 'GET', '/payments?needs=sleep')).status).toBe(422)
  })
})

describe('money that arrives by hand', () => {
  useClock()

  async function byHand(raffle?: Staged) {
    const of = raffle ?? (await stagePriced())
    const player = await registerPlayer()
    const { body } = await purchase(player, of.id, { quantity: 2 }, { payment: { provider: 'manual' } })
    const record = (person: Person, input: object) =>
      as(person, 'POST', `/payments/${body.order.payment.id}/receipts`, input)
    return { raffle: of, player, order: body.order, paymentId: body.order.payment.id, record }
  }

  it('is recorded once by an operator with its reference', async () => {
    const { raffle, player, order, paymentId, record } = await byHand()
    expect(order.payment).toMatchObject({ checkoutUrl: null, message: expect.stringContaining(paymentId) })
    at(NOW + 20 * SECOND)
    await sweep()
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'pending', attention: null, due_at: null })
    const { status, body, headers } = await record(raffle.operator, { reference: 'KCB-1' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/api/v1/orders/${order.id}`)
    expect(body).toMatchObject({
      paymentId,
      reference: 'KCB-1',
      amount: { amount: 2 * PRICE, currency: 'KES' },
    })
    expect((await orderOf(player, order.id)).status).toBe('paid')
    const before = await everything()
    at(NOW + MINUTE)
    expect((await record(raffle.operator, { reference: 'KCB-1' })).body).toEqual(body)
    expect(await everything()).toEqual(before)
  })

  it('is refunded if it is too little, as with every provider', async () => {
    const { raffle, player, order, record } = await byHand()
    const amount = { amount: 1, currency: 'KES' }
    expect((await record(raffle.operator, { reference: 'KCB-2', amount })).status).toBe(201)
    const now = await orderOf(player, order.id)
    expect(now.status).toBe('pending')
    expect(historyOf(now)).toContain('arrived instead of')
    expect((await record(raffle.operator, { reference: 'KCB-2' })).body.code).toBe('conflict')
    for (const wrong of [
      { amount: 0, currency: 'KES' },
      { amount: 1, currency: 'USD' },
    ]) {
      expect((await record(raffle.operator, { reference: 'KCB-3', amount: wrong })).status).toBe(422)
    }
  })

  it('pays for only one order of an organisation, even if it is recorded for several at once', async () => {
    const first = await byHand()
    const { operator } = first.raffle
    const [second, third] = [await byHand(first.raffle), await byHand(first.raffle)]
    const answers = await Promise.all(
      [first, second, third].map(({ record }) => record(operator, { reference: 'CASH-9' })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    const elsewhere = await byHand()
    expect((await elsewhere.record(elsewhere.raffle.operator, { reference: 'CASH-9' })).status).toBe(201)
  })

  it('recorded at once under crossing references pays only for orders with a receipt of their own', async () => {
    for (let round = 0; round < 4; round++) {
      const first = await byHand()
      const { operator } = first.raffle
      const second = await byHand(first.raffle)
      const answers = await Promise.all([
        first.record(operator, { reference: 'X' }),
        first.record(operator, { reference: 'Y' }),
        second.record(operator, { reference: 'X' }),
      ])
      const ofSecond = await orderOf(second.player, second.order.id)
      const isRecorded = answers[2]!.status === 201
      expect(ofSecond.status).toBe(isRecorded ? 'paid' : 'pending')
      expect(historyOf(ofSecond).includes('Received')).toBe(isRecorded)
      if (isRecorded) continue
      expect(answers[2]!.body).toMatchObject({ code: 'conflict' })
      expect(await paymentRow(second.paymentId)).toMatchObject({ status: 'pending' })
      // The order can still be paid.
      expect((await second.record(operator, { reference: 'Z' })).status).toBe(201)
      expect((await orderOf(second.player, second.order.id)).status).toBe('paid')
    }
  })

  it('recorded at once with two amounts counts only with the amount that was stored', async () => {
    const { raffle, player, order, record } = await byHand()
    const answers = await Promise.all(
      [1, 2 * PRICE].map((amount) =>
        record(raffle.operator, { reference: 'KCB-6', amount: { amount, currency: 'KES' } }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    const { status } = await orderOf(player, order.id)
    expect(status).toBe(answers[1]!.status === 201 ? 'paid' : 'pending')
  })

  it('changes nothing if its reference belongs to another payment, even if only the batch can see that', async () => {
    const first = await byHand()
    const second = await byHand(first.raffle)
    await first.record(first.raffle.operator, { reference: 'KCB-7' })
    const { organisation } = first.raffle
    const before = await everything()
    const capture = { reference: `${organisation.id}/KCB-7`, amount: 2 * PRICE, currency: 'KES' }
    const payment = (await findPaymentRow(second.paymentId))!
    await settleCaptures(testContext(), payment, { status: 'succeeded', captures: [capture], reason: null })
    expect(await everything()).toEqual(before)
    expect(await orderOf(second.player, second.order.id)).toMatchObject({
      status: 'pending',
      payment: { status: 'pending' },
    })
    expect(await paymentRow(first.paymentId)).toMatchObject({ reference: capture.reference })
  })

  it('can be recorded only by members who manage payments in all organisations of the order', async () => {
    const { raffle, player, order, paymentId, record } = await byHand()
    const { operator: stranger } = await organisationWithOperator()
    const janitor = await addOperator(raffle.organisation.id, 'janitor')
    const input = { reference: 'KCB-4' }
    for (const person of [stranger, player]) {
      const refused = await record(person, input)
      const unknown = await as(person, 'POST', `/payments/${PAYMENT}/receipts`, input)
      expect(refused.body).toMatchObject({ code: 'not_found' })
      expect({ ...refused.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' })
      expect((await as(person, 'POST', `/payments/${paymentId}/reconcile`)).status).toBe(404)
    }
    expect((await record(janitor, input)).status).toBe(403)
    const other = await stagePriced()
    await env.DB.prepare(
      `INSERT INTO order_lines SELECT order_id, 1, kind, ?, ?, title, quantity, numbers, unit_amount, 'released', reservation_id, 0, digits
       FROM order_lines WHERE order_id = ?`,
    )
      .bind(other.id, other.organisation.id, order.id)
      .run()
    expect((await record(raffle.operator, input)).status).toBe(403)
    expect((await as(raffle.operator, 'POST', `/payments/${paymentId}/reconcile`)).status).toBe(200)
    expect((await orderOf(player, order.id)).status).toBe('pending')
  })

  it('is refused for a provider that reports its payments itself', async () => {
    const { raffle, paymentId } = await staged()
    const refused = await as(raffle.operator, 'POST', `/payments/${paymentId}/receipts`, {
      reference: 'KCB-5',
    })
    expect(refused.body).toMatchObject({
      code: 'forbidden',
      detail: 'Only an administrator can record the outcome at sandbox, from its statement.',
    })
    const admin = await signedInAdmin()
    const record = await as(admin, 'POST', `/payments/${paymentId}/receipts`, { reference: 'KCB-5' })
    expect(record.body.code).toBe('invalid_state')
  })
})

describe('a payment that needs attention', () => {
  useClock()

  /** Its provider could not be reached for an hour. */
  async function unanswered() {
    const known = await staged()
    expectLogged('a provider could not be reached')
    const outage = vi.spyOn(sandbox, 'fetch').mockRejectedValue(new Error('no route to host'))
    for (let minute = 1; minute <= 61; minute += 3) {
      at(NOW + minute * MINUTE)
      await sweep()
    }
    outage.mockRestore()
    expect((await paymentRow(known.paymentId)).attention).toMatch(/^sandbox does not know/)
    const attentionList = () => readAll('/payments?needs=attention', 10, known.raffle.operator)
    const dismiss = (person: Person, reason = 'Nobody paid.') =>
      as(
        person,
        'POST',
        `/payments/${known.paymentId}/dismiss`,
        { reason },
        { bindings: { LOG_LEVEL: 'info' } as object },
      )
    return { ...known, attentionList, dismiss }
  }

  it('is recorded by an administrator from the statement; a later webhook is the same money', async () => {
    const { raffle, player, bought, paymentId, attentionList } = await unanswered()
    const record = (reference: string) => async (person: Person) =>
      as(person, 'POST', `/payments/${paymentId}/receipts`, { reference })
    const admin = await signedInAdmin()
    expect((await record(`${paymentId}-1`)(raffle.operator)).status).toBe(403)
    expect((await record(`${paymentId}-1`)(player)).status).toBe(404)
    const recorded = await record(`${paymentId}-1`)(admin)
    expect(recorded).toMatchObject({ status: 201, body: { reference: `${paymentId}-1` } })
    expect(await attentionList()).toEqual([])
    expect((await record(`${paymentId}-1`)(admin)).body).toEqual(recorded.body)
    expect((await record('another')(admin)).body.code).toBe('invalid_state')
    await pressSilently(bought)
    await report(eventOf(paymentId))
    expect(
      await row('SELECT count(*) AS n, sum(amount) AS sum FROM receipts WHERE payment_id = ?', paymentId),
    ).toEqual({ n: 1, sum: 2 * PRICE })
    expect(
      await row(
        'SELECT sum(amount) AS sum FROM transfers WHERE order_id = ? AND debit = ?',
        bought.id,
        'cash:sandbox',
      ),
    ).toEqual({ sum: 2 * PRICE })
    expect(await attentionList()).toEqual([])
    // A second capture is other money.
    await pressSilently(bought, 2)
    await report(eventOf(paymentId))
    expect(await row('SELECT count(*) AS n FROM receipts WHERE payment_id = ?', paymentId)).toEqual({ n: 2 })
  })

  it('can be dismissed by members who manage it: it is no longer polled, and the log does not contain the reason', async () => {
    const { raffle, player, paymentId, attentionList, dismiss } = await unanswered()
    expect((await dismiss(player)).status).toBe(404)
    expect((await dismiss(await addOperator(raffle.organisation.id, 'janitor'))).status).toBe(403)
    expect((await dismiss(raffle.operator, 'no')).status).toBe(422)
    const dismissed = await dismiss(raffle.operator)
    expect(dismissed).toMatchObject({
      status: 200,
      body: {
        id: paymentId,
        status: 'expired',
        attention: null,
        nextCheckAt: null,
        dismissed: { by: raffle.operator.id, reason: 'Nobody paid.' },
      },
    })
    const line = logged().find(({ message }) => message === 'payment dismissed')
    expect(line).toMatchObject({ paymentId, userId: raffle.operator.id })
    expect(JSON.stringify(line)).not.toContain('Nobody paid.')
    expect((await dismiss(raffle.operator)).body).toEqual(dismissed.body)
    at(NOW + DAY)
    await sweep()
    expect(await attentionList()).toEqual([])
  })

  it('is still settled if a webhook reports its money after it was dismissed', async () => {
    const { raffle, player, bought, paymentId, dismiss } = await unanswered()
    await dismiss(raffle.operator)
    await pressSilently(bought)
    await report(eventOf(paymentId))
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'succeeded', attention: null })
    expect(['paid', 'refund_due', 'refunded']).toContain((await orderOf(player, bought.id)).status)
  })

  it('is not listed again because of a webhook from before it was dismissed', async () => {
    const { raffle, paymentId, attentionList, dismiss } = await unanswered()
    expectLogged('a webhook was stored and not acted on')
    const outage = vi.spyOn(sandbox, 'fetch').mockRejectedValue(new Error('no route to host'))
    await report(eventOf(paymentId))
    await dismiss(raffle.operator)
    at(NOW + 2 * HOUR)
    await sweep()
    expect(await attentionList()).toEqual([])
    await report(eventOf(paymentId))
    outage.mockRestore()
    expect(await attentionList()).toMatchObject([{ id: paymentId }])
  })

  it('cannot be dismissed while its order or a refund waits for it', async () => {
    const { raffle, player, bought, paymentId } = await staged()
    const dismiss = () =>
      as(raffle.operator, 'POST', `/payments/${paymentId}/dismiss`, { reason: 'Nobody paid.' })
    await env.DB.prepare("UPDATE payments SET attention = 'Look.' WHERE id = ?").bind(paymentId).run()
    expect((await dismiss()).body).toMatchObject({
      code: 'invalid_state',
      detail: 'The order still waits for this payment. Dismiss it once the order is settled or has ended.',
    })
    await env.DB.prepare('UPDATE payments SET attention = NULL WHERE id = ?').bind(paymentId).run()
    const untouched = await paymentRow(paymentId)
    expect((await dismiss()).body).toMatchObject({ status: 'pending' })
    expect(await paymentRow(paymentId)).toEqual(untouched)
    await press(bought.checkoutUrl, 'approve')
    const refund = vi.spyOn(sandbox, 'refund')
    refund.mockResolvedValue({ status: 'failed', reference: null, reason: 'The account is closed.' })
    const headers = { 'idempotency-key': 'one' }
    await as(raffle.operator, 'POST', `/orders/${bought.id}/refunds`, { reason: 'Ill' }, { headers })
    for (const minutes of [1, 6, 30, 120]) {
      at(NOW + minutes * MINUTE)
      await sweep()
    }
    expect(await paymentRow(paymentId)).toMatchObject({
      attention: 'A refund waits: The account is closed.',
    })
    expect((await dismiss()).body).toMatchObject({
      code: 'invalid_state',
      detail:
        'A refund of this payment waits. The payment needs attention until the refund is paid or refused.',
    })
    // A refund behind another reason is shown once that reason is dismissed.
    await env.DB.prepare("UPDATE payments SET attention = 'Look.' WHERE id = ?").bind(paymentId).run()
    expect((await dismiss()).body).toMatchObject({ attention: 'A refund waits: The account is closed.' })
    refund.mockRestore()
    await as(raffle.operator, 'POST', `/payments/${paymentId}/reconcile`)
    expect(await paymentRow(paymentId)).toMatchObject({ attention: null })
    expect((await orderOf(player, bought.id)).status).toBe('refunded')
  })
})
