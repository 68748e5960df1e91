// Waiting for tickets of a sold-out type, through the API: join, the offer and its mail, buying it, and passing it on.
import { describe, expect, it } from 'vitest'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { mailsTo, outboxOf } from '../accounts/mail/mailbox.ts'
import { type Person, registerPlayer, signedInAdmin } from '../harness/people.ts'
import {
  as,
  at,
  catchUp,
  DAY,
  iso,
  MINUTE,
  NOW,
  newKey,
  ringAlarm,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import {
  ENDS_AT,
  orders,
  STARTS_AT,
  type StagedEvent,
  stageDraftEvent,
  stageEvent,
  takes,
} from './event-stage.ts'

useClock()

/** Late enough for offers that last a whole day. */
const LATER = { startsAt: iso(STARTS_AT + 9 * DAY), endsAt: iso(ENDS_AT + 9 * DAY) }

const players = (count: number) => Promise.all(Array.from({ length: count }, () => registerPlayer()))

const listOf = ({ id, types }: StagedEvent, name: 'free' | 'vip') =>
  `/events/${id}/ticket-types/${types[name]}/waiting-list`

const join = (person: Person, path: string, quantity = 1) => as(person, 'POST', path, { quantity })

const place = async (person: Person, path: string) => (await as(person, 'GET', path)).body

const tries = (person: Person, ticketTypeId: string) =>
  as(
    person,
    'POST',
    '/tickets/purchase',
    { ticketTypeId, quantity: 1 },
    { headers: { 'idempotency-key': newKey() } },
  )

const typeOf = async ({ id, types }: StagedEvent, name: 'free' | 'vip') => {
  const { ticketTypes } = (await as(null, 'GET', `/events/${id}`)).body
  return ticketTypes.find((type: { id: string }) => type.id === types[name])
}

describe('a waiting list', () => {
  it('offers what a refund frees to the next, who gets a mail and buys as usual', async () => {
    const staged = await stageEvent(LATER)
    const path = listOf(staged, 'vip')
    const [buyer, first, second] = (await players(3)) as [Person, Person, Person]
    const early = await join(first, path)
    expect([early.body.code, early.headers.get('location')]).toEqual(['invalid_state', null])
    const order = await orders(buyer, [{ ticketTypeId: staged.types.vip, quantity: 2 }])
    const joined = await join(first, path)
    expect(joined.status, JSON.stringify(joined.body)).toBe(201)
    expect(joined.body).toMatchObject({ state: 'waiting', position: 1, quantity: 1, offeredUntil: null })
    expect((await join(second, path, 2)).body).toMatchObject({ position: 2 })
    expect((await join(second, path, 3)).body.code).toBe('limit_reached')
    expect(await typeOf(staged, 'vip')).toMatchObject({ sale: 'sold_out', waiting: 2 })

    const refund = await as(
      staged.operator,
      'POST',
      `/orders/${order.id}/refunds`,
      { reason: 'The buyer is ill.', lines: [{ line: 0, numbers: [1] }] },
      { headers: { 'idempotency-key': newKey() } },
    )
    expect(refund.status, JSON.stringify(refund.body)).toBe(201)
    expect(await place(first, path)).toMatchObject({
      state: 'offered',
      position: 0,
      offeredUntil: iso(NOW + DAY),
    })
    expect(await typeOf(staged, 'vip')).toMatchObject({ sold: 1, held: 1, waiting: 1, available: 0 })
    await sweep()
    const [mail] = await mailsTo(first.email)
    // In the event's time zone, three hours ahead of UTC.
    const until = new Intl.DateTimeFormat('en-GB', { timeZone: 'Africa/Nairobi', timeStyle: 'short' })
    expect(mail!.text).toMatch(
      new RegExp(`is kept for you until .* ${until.format(NOW + DAY)} (EAT|GMT\\+3)`),
    )
    expect(mail!.text).toContain(staged.types.vip)
    await sweep()
    expect(
      (await mailsTo(first.email)).filter(({ title }) => title.startsWith('A ticket is free')),
    ).toHaveLength(1)

    const stranger = await registerPlayer()
    const refused = await as(
      stranger,
      'POST',
      '/orders',
      { lines: [{ ticketTypeId: staged.types.vip, quantity: 1 }], payment: { provider: 'sandbox' } },
      { headers: { 'idempotency-key': newKey() } },
    )
    expect(refused.body.code).toBe('sold_out')
    const bought = await orders(first, [{ ticketTypeId: staged.types.vip, quantity: 1 }])
    expect(bought.status).toBe('paid')
    expect((await as(first, 'GET', path)).status).toBe(404)
    expect(await place(second, path)).toMatchObject({ state: 'waiting', position: 1 })
    expect(await typeOf(staged, 'vip')).toMatchObject({ sold: 2, held: 0, waiting: 1 })
  })

  it('counts joining and leaving against a limit', async () => {
    const path = listOf(await stageEvent(LATER), 'free')
    const counted: string[] = []
    const RATE_PURCHASE = {
      limit: async ({ key }: { key: string }) => {
        counted.push(key)
        return { success: false }
      },
    }
    const person = await registerPlayer()
    const more = { bindings: { RATE_PURCHASE } }
    const joined = await as(person, 'POST', path, { quantity: 1 }, more)
    const left = await as(person, 'DELETE', path, undefined, more)
    expect([joined.status, left.status]).toEqual([429, 429])
    expect(counted).toHaveLength(2)
  })

  it('passes an offer on once it is declined, and once it has lapsed', async () => {
    const staged = await stageEvent(LATER)
    const path = listOf(staged, 'free')
    const [holder, first, second, third] = (await players(4)) as [Person, Person, Person, Person]
    const reservation = await takes(holder, staged.types.free, 3)
    for (const person of [first, second, third]) await join(person, path)
    const back = await as(holder, 'POST', `/tickets/${reservation}/return`, { numbers: [2] })
    expect(back.status, JSON.stringify(back.body)).toBe(200)
    expect(await place(first, path)).toMatchObject({ state: 'offered' })
    expect((await as(first, 'DELETE', path)).status).toBe(204)
    expect((await as(first, 'DELETE', path)).status).toBe(204)
    expect(await place(second, path)).toMatchObject({ state: 'offered' })
    at(NOW + DAY)
    await ringAlarm(poolNameOf(staged.types.free))
    await catchUp(staged.types.free)
    expect((await as(second, 'GET', path)).status).toBe(404)
    expect(await place(third, path)).toMatchObject({ state: 'offered', offeredUntil: iso(NOW + 2 * DAY) })
    expect((await tries(second, staged.types.free)).body.code).toBe('sold_out')
    const many = { ticketTypeId: staged.types.free, quantity: 2 }
    const tooMany = await as(third, 'POST', '/tickets/purchase', many, {
      headers: { 'idempotency-key': newKey() },
    })
    expect(tooMany.body.detail).toBe('1 ticket is kept for you: buy it alone, or leave the waiting list.')
    expect((await tries(third, staged.types.free)).status).toBe(201)
  })

  it('gives a raised capacity to those who wait, then sells again', async () => {
    const staged = await stageEvent(LATER)
    const path = listOf(staged, 'free')
    const [holder, first, other] = (await players(3)) as [Person, Person, Person]
    await takes(holder, staged.types.free, 3)
    await join(first, path)
    expect((await tries(other, staged.types.free)).body.code).toBe('sold_out')
    await as(staged.operator, 'PUT', `/events/${staged.id}/ticket-types/${staged.types.free}`, {
      capacity: 5,
    })
    expect(await place(first, path)).toMatchObject({ state: 'offered' })
    expect((await tries(other, staged.types.free)).status).toBe(201)
    expect((await tries(other, staged.types.free)).body.code).toBe('sold_out')
  })

  it('lets an order that is not paid in time go to the next', async () => {
    const staged = await stageEvent(LATER)
    const path = listOf(staged, 'vip')
    const [buyer, first] = (await players(2)) as [Person, Person]
    await orders(buyer, [{ ticketTypeId: staged.types.vip, quantity: 2 }], false)
    await join(first, path)
    at(NOW + 30 * MINUTE)
    await sweep()
    await ringAlarm(poolNameOf(staged.types.vip))
    expect(await place(first, path)).toMatchObject({ state: 'offered' })
  })

  it('ends with its event: who waits, or was offered tickets, gets one mail that says so', async () => {
    const staged = await stageEvent(LATER)
    const { free, vip } = staged.types
    const [holder, offered, first, second, loser] = (await players(5)) as [
      Person,
      Person,
      Person,
      Person,
      Person,
    ]
    const reservation = await takes(holder, free, 3)
    await orders(holder, [{ ticketTypeId: vip, quantity: 2 }])
    for (const person of [offered, first, second]) await join(person, listOf(staged, 'free'))
    await join(second, listOf(staged, 'vip'))
    await join(loser, listOf(staged, 'free'))
    await as(loser, 'DELETE', listOf(staged, 'free'))
    const back = await as(holder, 'POST', `/tickets/${reservation}/return`, { numbers: [2] })
    expect(back.status, JSON.stringify(back.body)).toBe(200)
    expect(await place(offered, listOf(staged, 'free'))).toMatchObject({ state: 'offered' })
    await catchUp(free)
    await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'The stage is flooded.' })
    for (let count = 0; count < 3; count++) await sweep()
    for (const person of [offered, first, second]) {
      const mails = await mailsTo(person.email)
      expect(mails.map(({ title }) => title)).toEqual(['Cancelled: “Jazz at the Lake”'])
      expect(mails[0]!.text).toContain('You waited for tickets: there will be none.')
      expect(mails[0]!.text).toContain('Reason: The stage is flooded.')
    }
    expect(await mailsTo(loser.email)).toEqual([])
    const [dropped] = await outboxOf(offered.id, 'tickets_offered')
    expect(dropped).toMatchObject({ sent_at: null, due_at: null, failure: 'what it tells is no longer true' })
    const kinds = (await outboxOf(holder.id)).map(({ kind }) => kind)
    expect(kinds).toEqual(['order_paid', 'refund_paid'])
  })

  it('is for people with a proved address, and for types of events that are published', async () => {
    const staged = await stageEvent(LATER)
    await takes(await registerPlayer(), staged.types.free, 3)
    expect((await tries(await registerPlayer(), staged.types.free)).body.detail).toBe(
      'Every ticket is sold. Join the waiting list for the next one that comes free.',
    )
    const unproved = await registerPlayer({ isProved: false })
    expect((await join(unproved, listOf(staged, 'free'))).body.code).toBe('forbidden')
    const draft = await stageDraftEvent(LATER)
    const player = await registerPlayer()
    const wrong = { ...staged, id: draft.id }
    for (const path of [listOf(draft, 'free'), listOf(wrong, 'free')])
      for (const method of ['POST', 'GET', 'DELETE'] as const) {
        const body = method === 'POST' ? { quantity: 1 } : undefined
        expect((await as(player, method, path, body)).status).toBe(404)
      }
    expect((await as(await signedInAdmin(), 'GET', listOf(staged, 'free'))).status).toBe(404)
  })
})
