// What holders are told when an event is postponed or cancelled, and who gets money back after a postponement.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { sweepEventNotices } from '../../src/events/notices/sweep-notices.ts'
import { mailsTo, outboxOf } from '../accounts/mail/mailbox.ts'
import { codesOf, scan } from '../admissions/door-stage.ts'
import { historyOf, orderOf, press, refund, withKey } from '../checkout/checkout.ts'
import { expectLogged } from '../harness/log.ts'
import { type Person, registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  crashing,
  DAY,
  HOUR,
  interrupted,
  iso,
  MINUTE,
  NOW,
  newKey,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { sold, takeUnaware } from '../suspensions/stage.ts'
import {
  ENDS_AT,
  givesTo,
  orders,
  STARTS_AT,
  type StagedEvent,
  stageEvent,
  takes,
  VIP_PRICE,
} from './event-stage.ts'

useClock()

const LATER = 30 * DAY

const postpone = (staged: StagedEvent, by = LATER, more: object = {}) =>
  as(staged.operator, 'POST', `/events/${staged.id}/postpone`, {
    startsAt: iso(STARTS_AT + by),
    endsAt: iso(ENDS_AT + by),
    reason: 'A storm is forecast.',
    ...more,
  })

const cancel = (staged: StagedEvent) =>
  as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'The stage is flooded.' })

const newsTo = async ({ id }: Person) =>
  (await outboxOf(id)).map(({ kind }) => kind).filter((kind) => kind !== 'order_paid')

describe('after a postponement', () => {
  it('each holder gets one mail with both dates, and nobody else', async () => {
    const staged = await stageEvent()
    const { free, regular, vip } = staged.types
    const [taker, buyer, debtor, late, gone] = await Promise.all(
      Array.from({ length: 5 }, () => registerPlayer()),
    )
    await takes(taker!, free)
    await takes(taker!, free)
    await orders(buyer!, [
      { ticketTypeId: regular, quantity: 2 },
      { ticketTypeId: vip, quantity: 1 },
    ])
    const unpaid = await orders(debtor!, [{ ticketTypeId: regular, quantity: 1 }], false)
    const cancelled = await orders(gone!, [{ ticketTypeId: regular, quantity: 1 }], false)
    await as(gone!, 'POST', `/orders/${cancelled.id}/cancel`)
    at(NOW + MINUTE)
    const { body } = await postpone(staged)
    expect(body).toMatchObject({
      status: 'postponed',
      postponed: { startsAt: iso(STARTS_AT), refundUntil: iso(NOW + MINUTE + 14 * DAY) },
    })
    at(NOW + 2 * MINUTE)
    await orders(late!, [{ ticketTypeId: regular, quantity: 1 }])
    await sweep()
    await sweep()
    for (const person of [taker!, buyer!, debtor!]) expect(await newsTo(person)).toEqual(['event_postponed'])
    for (const person of [late!, gone!]) expect(await newsTo(person)).toEqual([])
    expect(unpaid.status).toBe('pending')
    const mail = (await mailsTo(taker!.email)).at(-1)!
    expect(mail.title).toBe('Postponed: “Jazz at the Lake”')
    expect(mail.text).toContain('was to begin on Tuesday, 6 May 2031')
    expect(mail.text).toContain('It now begins on Thursday, 5 June 2031')
    expect(mail.text).toContain('Until Monday, 19 May 2031')
    expect(mail.text).toContain(staged.id)
  })

  it('a second one is told again', async () => {
    const staged = await stageEvent()
    const taker = await registerPlayer()
    await takes(taker, staged.types.free)
    at(NOW + MINUTE)
    await postpone(staged)
    await sweep()
    at(NOW + MINUTE + DAY)
    await postpone(staged, 2 * LATER)
    await sweep()
    expect(await newsTo(taker)).toEqual(['event_postponed', 'event_postponed'])
    const text = (await mailsTo(taker.email)).at(-1)!.text
    expect(text).toContain('was to begin on Thursday, 5 June 2031')
  })

  it('nobody is told twice or left out after a crash between two pages', async () => {
    const staged = await stageEvent()
    const { free } = staged.types
    await as(staged.operator, 'PUT', `/events/${staged.id}/ticket-types/${free}`, { capacity: 600 })
    const [many, last] = [await registerPlayer(), await registerPlayer()]
    for (let round = 0; round < 5; round++)
      await Promise.all(Array.from({ length: 2 }, () => takes(many, free, 1)))
    await Promise.all(Array.from({ length: 500 }, () => takeUnaware(many, free).catch(() => null)))
    await takes(last, free)
    at(NOW + MINUTE)
    await postpone(staged)
    expectLogged('holders of a ticket type not told')
    const { DB, done } = crashing(/update "event_notices" set/i)
    await sweep({ DB })
    expect(done()).toBe(true)
    await Promise.all([sweepEventNotices(testContext()), sweepEventNotices(testContext())])
    expect([await newsTo(many), await newsTo(last)]).toEqual([['event_postponed'], ['event_postponed']])
  })

  it('a cancellation replaces news that were not told yet', async () => {
    const staged = await stageEvent()
    const taker = await registerPlayer()
    await takes(taker, staged.types.free)
    at(NOW + MINUTE)
    await postpone(staged)
    await cancel(staged)
    await sweep()
    expect(await newsTo(taker)).toEqual(['event_cancelled'])
  })

  it('a second one within a day is refused', async () => {
    const staged = await stageEvent()
    at(NOW + MINUTE)
    await postpone(staged)
    at(NOW + DAY)
    const { body } = await postpone(staged, 2 * LATER)
    expect([body.code, body.detail]).toEqual([
      'limit_reached',
      expect.stringContaining(iso(NOW + MINUTE + DAY)),
    ])
    const both = [postpone(staged, 2 * LATER), postpone(staged, 3 * LATER)]
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([409, 409])
  })

  it('the event cannot end earlier than it would have', async () => {
    const staged = await stageEvent({ endsAt: iso(ENDS_AT + 200 * DAY) })
    at(STARTS_AT + HOUR)
    const shorter = { startsAt: iso(STARTS_AT + 2 * HOUR), endsAt: iso(STARTS_AT + 3 * HOUR) }
    const { status, body } = await postpone(staged, HOUR, shorter)
    expect([status, body.errors[0].path]).toEqual([422, 'endsAt'])
    const read = await as(null, 'GET', `/events/${staged.id}`)
    expect(read.body).toMatchObject({ status: 'published', endsAt: iso(ENDS_AT + 200 * DAY) })
  })

  it('the takings wait until buyers can no longer give tickets back', async () => {
    const staged = await stageEvent()
    const buyer = await registerPlayer()
    const order = await orders(buyer, [{ ticketTypeId: staged.types.regular, quantity: 2 }])
    at(ENDS_AT - MINUTE)
    const soon = { startsAt: iso(ENDS_AT - MINUTE / 2), endsAt: iso(ENDS_AT) }
    const { body } = await postpone(staged, 0, soon)
    expect(body.postponed.refundUntil).toBe(iso(ENDS_AT - MINUTE + DAY))
    const settledAt = async () =>
      (await as(staged.operator, 'GET', `/events/${staged.id}/takings`)).body.settledAt
    at(ENDS_AT + HOUR)
    await sweep()
    expect(await settledAt()).toBeNull()
    const one = { lines: [{ line: 0, numbers: [1] }] }
    expect((await refund(buyer, order.id, one)).body.amount.amount).toBe(1_000)
    at(ENDS_AT - MINUTE + DAY)
    await sweep()
    await sweep()
    expect(await settledAt()).not.toBeNull()
    expect((await refund(buyer, order.id)).status).toBe(403)
  })

  it('a second one does not shorten the time for refunds that was promised', async () => {
    const staged = await stageEvent()
    const buyer = await registerPlayer()
    const order = await orders(buyer, [{ ticketTypeId: staged.types.regular, quantity: 1 }])
    at(NOW + MINUTE)
    const promised = NOW + 20 * DAY
    await postpone(staged, LATER, { refundUntil: iso(promised) })
    at(NOW + 2 * DAY)
    const shorter = await postpone(staged, LATER + HOUR, { refundUntil: iso(promised - 1) })
    expect(shorter.body.errors[0].path).toBe('refundUntil')
    const { body } = await postpone(staged, LATER + HOUR)
    expect(body.postponed.refundUntil).toBe(iso(promised))
    at(promised - MINUTE)
    expect((await refund(buyer, order.id)).status).toBe(201)
  })

  it('the time for refunds is at most the new start, and at least a day', async () => {
    const staged = await stageEvent()
    const wrong = async (refundUntil: number) =>
      (await postpone(staged, LATER, { refundUntil: iso(refundUntil) })).body.errors?.[0].path
    expect(await wrong(STARTS_AT + LATER + 1)).toBe('refundUntil')
    expect(await wrong(NOW + 23 * HOUR)).toBe('refundUntil')
    const { body } = await postpone(staged, LATER, { refundUntil: iso(NOW + DAY) })
    expect(body.postponed.refundUntil).toBe(iso(NOW + DAY))
    const soon = await stageEvent()
    expect((await postpone(soon, HOUR)).body.postponed.refundUntil).toBe(iso(STARTS_AT + HOUR))
    const late = await stageEvent()
    at(STARTS_AT - HOUR)
    expect((await postpone(late, HOUR)).body.postponed.refundUntil).toBe(iso(STARTS_AT - HOUR + DAY))
  })
})

describe('after a cancellation', () => {
  it('holders of free tickets get a mail, and payers one about their refund that says why', async () => {
    const staged = await stageEvent()
    const { free, regular } = staged.types
    const [taker, buyer, both] = await Promise.all(Array.from({ length: 3 }, () => registerPlayer()))
    await takes(taker!, free)
    await orders(buyer!, [{ ticketTypeId: regular, quantity: 1 }])
    await orders(both!, [
      { ticketTypeId: regular, quantity: 1 },
      { ticketTypeId: free, quantity: 1 },
    ])
    at(NOW + MINUTE)
    await cancel(staged)
    for (let count = 0; count < 3; count++) await sweep()
    expect(await newsTo(taker!)).toEqual(['event_cancelled'])
    expect(await newsTo(buyer!)).toEqual(['refund_paid'])
    expect(await newsTo(both!)).toEqual(['refund_paid'])
    expect((await mailsTo(taker!.email)).at(-1)!.text).toContain('Reason: The stage is flooded.')
    const refunded = (await mailsTo(buyer!.email)).at(-1)!
    expect(refunded.title).toBe('Cancelled and refunded: “Jazz at the Lake: Regular”')
    expect(refunded.text).toContain('The event is cancelled. Your tickets are no longer valid.')
    expect(refunded.text).toContain('1 × Jazz at the Lake: Regular')
    expect(refunded.text).toContain('Reason: The stage is flooded.')
  })
})

describe('the mail about the refunds of a cancelled event', () => {
  async function stageCancelled(provider: 'sandbox' | 'manual') {
    const staged = await stageEvent({ providers: ['sandbox', 'manual'] })
    const buyer = await registerPlayer()
    const lines = [
      { ticketTypeId: staged.types.regular, quantity: 2 },
      { ticketTypeId: staged.types.vip, quantity: 1 },
    ]
    const { status, body } = await as(
      buyer,
      'POST',
      '/orders',
      { lines, payment: { provider } },
      withKey(newKey()),
    )
    expect(status, JSON.stringify(body)).toBe(201)
    return { staged, buyer, order: body }
  }

  const refundMails = async (buyer: Person) =>
    (await mailsTo(buyer.email)).filter(({ title }) => title.startsWith('Cancelled and refunded'))

  it('is one for all ticket types of an order', async () => {
    const { staged, buyer, order } = await stageCancelled('sandbox')
    await press(order.payment.checkoutUrl, 'approve')
    at(NOW + MINUTE)
    await cancel(staged)
    for (let count = 0; count < 3; count++) await sweep()
    const mails = await refundMails(buyer)
    expect(mails.map(({ title }) => title)).toEqual([
      'Cancelled and refunded: “Jazz at the Lake: Regular” and “Jazz at the Lake: VIP”',
    ])
    for (const part of ['KES 70.00', '2 × Jazz at the Lake: Regular', '1 × Jazz at the Lake: VIP'])
      expect(mails[0]!.text).toContain(part)
    expect(mails[0]!.text).not.toContain('on its way')
  })

  it('says what is still to come, and comes once', async () => {
    const { staged, buyer, order } = await stageCancelled('manual')
    const receipt = { reference: 'bank 7' }
    const paid = await as(staged.operator, 'POST', `/payments/${order.payment.id}/receipts`, receipt)
    expect(paid.status, JSON.stringify(paid.body)).toBe(201)
    at(NOW + MINUTE)
    await cancel(staged)
    await sweep()
    const { results } = await env.DB.prepare('SELECT id FROM refunds WHERE order_id = ? ORDER BY amount')
      .bind(order.id)
      .all<{ id: string }>()
    for (const { id } of results) {
      await as(staged.operator, 'POST', `/refunds/${id}/mark-paid`, { reference: `cash ${id}` })
      await sweep()
      const [mail, ...more] = await refundMails(buyer)
      expect(more).toEqual([])
      expect(mail!.text).toContain('We sent KES 20.00 back')
      expect(mail!.text).toContain('KES 50.00 more is on its way.')
      expect(mail!.text).not.toContain('1 × Jazz at the Lake: VIP')
    }
  })
})

describe('the orders of a cancelled event', () => {
  it('end with it, also their free lines, and say so', async () => {
    const staged = await stageEvent()
    const { free, regular, vip } = staged.types
    const [taker, both] = [await registerPlayer(), await registerPlayer()]
    const freeOrder = await as(
      taker,
      'POST',
      '/orders',
      { lines: [{ ticketTypeId: free, quantity: 2 }] },
      { headers: { 'idempotency-key': newKey() } },
    )
    expect(freeOrder.body).toMatchObject({ status: 'paid', lines: [{ state: 'issued' }] })
    const mixed = await orders(both, [
      { ticketTypeId: free, quantity: 1 },
      { ticketTypeId: regular, quantity: 2 },
      { ticketTypeId: vip, quantity: 1 },
    ])
    const path = `/events/${staged.id}/refund-run`
    expect((await as(staged.operator, 'GET', path)).status).toBe(404)
    at(NOW + MINUTE)
    await cancel(staged)
    const begun = await as(staged.operator, 'GET', path)
    expect(begun.body).toMatchObject({ eventId: staged.id, total: 2, done: 0, paid: 0, finishedAt: null })
    for (let count = 0; count < 3; count++) await sweep()
    const ended = await orderOf(taker, freeOrder.body.id)
    expect(ended).toMatchObject({ status: 'refunded', lines: [{ state: 'refunded', tickets: [] }] })
    expect(historyOf(ended)).toContain(
      'The event was cancelled. No longer valid: your admissions of “Jazz at the Lake: Open air”. The stage is flooded.',
    )
    const refunded = await orderOf(both, mixed.id)
    expect(refunded.status).toBe('refunded')
    expect(refunded.lines.map(({ state }: { state: string }) => state)).toEqual([
      'refunded',
      'refunded',
      'refunded',
    ])
    expect(historyOf(refunded)).toContain(
      'The event was cancelled, and the price of your admissions of “Jazz at the Lake: VIP” will be refunded to you: The stage is flooded.',
    )
    const run = await as(staged.operator, 'GET', path)
    expect(run.body).toMatchObject({
      total: 2,
      done: 2,
      paid: 2,
      reason: 'The stage is flooded.',
      expectedEnd: null,
      finishedAt: expect.any(String),
    })
    for (const who of [taker, (await stageEvent()).operator])
      expect((await as(who, 'GET', path)).status).toBe(404)
    const late = await as(
      taker,
      'POST',
      '/tickets/purchase',
      { ticketTypeId: free, quantity: 1 },
      {
        headers: { 'idempotency-key': newKey() },
      },
    )
    expect(late.body.detail).toBe('The event of “Jazz at the Lake: Open air” was cancelled.')
  })
})

describe('a buyer of a postponed event', () => {
  const wanted = (staged: StagedEvent) => [
    { ticketTypeId: staged.types.regular, quantity: 2 },
    { ticketTypeId: staged.types.free, quantity: 1 },
    { ticketTypeId: staged.types.vip, quantity: 1 },
  ]

  it('may give some tickets back, then all others, each at its whole price', async () => {
    const staged = await stageEvent()
    const buyer = await registerPlayer()
    const order = await orders(buyer, wanted(staged))
    expect((await refund(buyer, order.id)).status).toBe(403)
    at(NOW + MINUTE)
    await postpone(staged)
    const [number] = order.lines[0].tickets.map((ticket: { number: number }) => ticket.number)
    const key = newKey()
    const some = { lines: [{ line: 0, numbers: [number] }] }
    const [first, second] = await Promise.all([
      refund(buyer, order.id, some, key),
      refund(buyer, order.id, some, key),
    ])
    expect([first.status, second.body.id]).toEqual([201, first.body.id])
    expect(first.body.amount.amount).toBe(1_000)
    const rest = await refund(buyer, order.id)
    expect(rest.body.amount.amount).toBe(1_000 + VIP_PRICE)
    await sweep()
    const after = await orderOf(buyer, order.id)
    expect(after).toMatchObject({ status: 'refunded' })
    expect(after.lines.map(({ tickets }: { tickets: unknown[] }) => tickets.length)).toEqual([0, 0, 0])
    expect(historyOf(after)).toContain('will be refunded to you')
    expect((await refund(buyer, order.id, some, key)).body.id).toBe(first.body.id)
  })

  it('may not after that time, not for what was bought later, and nobody else may', async () => {
    const staged = await stageEvent()
    const [buyer, late, stranger] = await Promise.all(Array.from({ length: 3 }, () => registerPlayer()))
    const order = await orders(buyer!, wanted(staged))
    at(NOW + MINUTE)
    await postpone(staged)
    at(NOW + 2 * MINUTE)
    const later = await orders(late!, [{ ticketTypeId: staged.types.regular, quantity: 1 }])
    expect((await refund(late!, later.id)).status).toBe(403)
    expect((await refund(stranger!, order.id)).status).toBe(404)
    at(NOW + MINUTE + 14 * DAY)
    expect((await refund(buyer!, order.id)).status).toBe(403)
    await postpone(staged, 2 * LATER)
    expect((await refund(late!, later.id)).status).toBe(201)
    expect((await refund(buyer!, order.id)).status).toBe(201)
  })

  it('may not give back what somebody else has by now, not even if it is given at that moment', async () => {
    const staged = await stageEvent()
    const [buyer, friend] = [await registerPlayer(), await registerPlayer()]
    const order = await orders(buyer, [{ ticketTypeId: staged.types.regular, quantity: 3 }])
    const { reservationId } = order.lines[0]
    await givesTo(friend, reservationId, 1)
    at(NOW + MINUTE)
    await postpone(staged)
    expect((await refund(buyer, order.id, { lines: [{ line: 0, numbers: [1] }] })).status).toBe(422)
    const { DB } = interrupted(/insert into "refunds"/i, () => givesTo(friend, reservationId, 2))
    const both = { lines: [{ line: 0, numbers: [2, 3] }] }
    const answer = await refund(buyer, order.id, both, newKey(), { bindings: { DB } })
    expect(answer.body.detail).toContain('somebody else has them by now')
    expect((await refund(buyer, order.id)).body).toMatchObject({
      amount: { amount: 1_000 },
      lines: [{ line: 0, tickets: [{ number: 3, label: '3' }] }],
    })
    expect(await sold(staged.types.regular)).toBe(2)
    await cancel(staged)
    await sweep()
    await sweep()
    expect(await newsTo(friend)).toEqual(['event_cancelled'])
  })

  it('may not give back a ticket that somebody is in with, not even if it is scanned at that moment', async () => {
    const staged = await stageEvent()
    const buyer = await registerPlayer()
    const order = await orders(buyer, [{ ticketTypeId: staged.types.regular, quantity: 3 }])
    const { reservationId } = order.lines[0]
    const codes = await codesOf({ player: buyer, reservationId, numbers: [] })
    at(NOW + MINUTE)
    await postpone(staged)
    expect((await scan(staged, codes[0]!)).status).toBe(201)
    expect((await refund(buyer, order.id, { lines: [{ line: 0, numbers: [1] }] })).status).toBe(422)
    const { DB, done } = interrupted(/insert into "refunds"/i, () => scan(staged, codes[1]!))
    const answer = await refund(buyer, order.id, {}, newKey(), { bindings: { DB } })
    expect(done()).toBe(true)
    expect(answer.body.lines).toEqual([{ line: 0, tickets: [{ number: 3, label: '3' }] }])
  })

  it('may give back nothing else of the same order', async () => {
    const staged = await stageEvent()
    const other = await stageEvent({}, staged.organisation)
    const buyer = await registerPlayer()
    const order = await orders(buyer, [
      { ticketTypeId: staged.types.regular, quantity: 1 },
      { ticketTypeId: other.types.vip, quantity: 1 },
    ])
    at(NOW + MINUTE)
    await postpone(staged)
    const line = order.lines.find(
      ({ ticketTypeId }: { ticketTypeId: string }) => ticketTypeId === other.types.vip,
    )
    const foreign = { lines: [{ line: line.line, numbers: [line.tickets[0].number] }] }
    expect((await refund(buyer, order.id, foreign)).status).toBe(403)
    expect((await refund(buyer, order.id)).body.amount.amount).toBe(1_000)
    expect((await orderOf(buyer, order.id)).status).toBe('partially_refunded')
  })
})

describe('the link of an online event', () => {
  const onlineUrl = 'https://meet.example/jazz'

  it('is shown to members alone, and can change', async () => {
    const staged = await stageEvent({ place: null, onlineUrl })
    const read = async (who: Person | null, path = `/events/${staged.id}`) =>
      JSON.stringify((await as(who, 'GET', path)).body)
    expect(await read(staged.operator)).toContain(onlineUrl)
    const list = `/events?organisationId=${staged.organisation.id}`
    for (const who of [null, await registerPlayer()]) {
      expect(await read(who)).toContain('"onlineUrl":null')
      expect(await read(who, list)).not.toContain(onlineUrl)
    }
    const next = 'https://meet.example/blues'
    await as(staged.operator, 'PUT', `/events/${staged.id}`, { onlineUrl: next })
    expect(await read(staged.operator)).toContain(next)
  })

  it('is refused beside a place', async () => {
    const staged = await stageEvent()
    const { operator } = staged
    const change = (body: object) => as(operator, 'PUT', `/events/${staged.id}`, body)
    expect((await change({ onlineUrl })).body.errors[0].path).toBe('onlineUrl')
    expect((await change({ onlineUrl, place: null })).status).toBe(200)
    const place = { venue: 'Dunga Beach', city: 'Kisumu', country: 'KE' }
    expect((await change({ place })).body.errors[0].path).toBe('onlineUrl')
  })
})
