// Events and their ticket types: who sees what, what may change when, and what a buyer can do.
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { events, ticketTypes } from '../../src/events/schema.ts'
import { termsOf } from '../../src/events/ticket-types/terms.ts'
import * as client from '../../src/tickets/client.ts'
import { askPool } from '../../src/tickets/client.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { historyOf, orderOf, press } from '../checkout/checkout.ts'
import { expectLogged } from '../harness/log.ts'
import { addOperator, type Person, registerPlayer, signedInAdmin, testContext } from '../harness/people.ts'
import {
  as,
  at,
  catchUp,
  HOUR,
  iso,
  KES,
  MINUTE,
  NOW,
  newKey,
  SECOND,
  stageDraft,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import {
  ENDS_AT,
  eventBody,
  STARTS_AT,
  type StagedEvent,
  stageDraftEvent,
  stageEvent,
  TYPES,
  type TypeName,
  VIP_PRICE,
} from './event-stage.ts'

useClock()

const read = async (id: string, who: Person | null = null) => (await as(who, 'GET', `/events/${id}`)).body

const change = (staged: StagedEvent, body: object) => as(staged.operator, 'PUT', `/events/${staged.id}`, body)

const changeType = (staged: StagedEvent, name: TypeName, body: object) =>
  as(staged.operator, 'PUT', `/events/${staged.id}/ticket-types/${staged.types[name]}`, body)

const order = (person: Person, lines: object[]) =>
  as(
    person,
    'POST',
    '/orders',
    { lines, payment: { provider: 'sandbox' } },
    { headers: { 'idempotency-key': newKey() } },
  )

const take = (person: Person, body: object) =>
  as(person, 'POST', '/tickets/purchase', body, { headers: { 'idempotency-key': newKey() } })

const saleOf = async (staged: StagedEvent) => {
  await Promise.all(Object.values(staged.types).map(catchUp))
  const { ticketTypes } = (await as(null, 'GET', `/events/${staged.id}/availability`)).body
  const of = (name: TypeName) => ticketTypes.find(({ id }: { id: string }) => id === staged.types[name])
  return { free: of('free'), regular: of('regular'), vip: of('vip') }
}

const stateOf = (typeId: string) => askPool(testContext(), poolNameOf(typeId), (pool) => pool.state())

describe('a draft', () => {
  it('is seen by those who may edit it alone', async () => {
    const { id, operator, organisation } = await stageDraftEvent()
    expect((await as(null, 'GET', `/events/${id}`)).status).toBe(404)
    expect((await as(await registerPlayer(), 'GET', `/events/${id}`)).status).toBe(404)
    const event = await read(id, operator)
    expect(event).toMatchObject({ status: 'draft', local: { startsAt: '2031-05-06T15:00:00+03:00' } })
    expect(event.ticketTypes.map(({ sale }: { sale: string }) => sale)).toEqual(Array(3).fill('not_on_sale'))
    const listed = async (who: Person | null) =>
      (await as(who, 'GET', `/events?organisationId=${organisation.id}`)).body.data
    expect(await listed(operator)).toHaveLength(1)
    expect(await listed(null)).toEqual([])
  })

  it('sells nothing, even to somebody who knows a ticket type', async () => {
    const { types } = await stageDraftEvent()
    const { status, body } = await take(await registerPlayer(), { ticketTypeId: types.free, quantity: 1 })
    expect([status, body.code]).toEqual([404, 'not_found'])
  })

  it('is not published without a ticket type, without providers for a price, or after its end', async () => {
    const organisation = (await stageDraftEvent()).organisation
    const publish = async (body: Record<string, unknown>, type?: object) => {
      const { id } = (await as(organisation.operator, 'POST', '/events', eventBody(body))).body
      if (type !== undefined) await as(organisation.operator, 'POST', `/events/${id}/ticket-types`, type)
      at(NOW + 2 * HOUR)
      const answer = await as(organisation.operator, 'POST', `/events/${id}/publish`)
      at(NOW)
      return answer.body.errors
    }
    expect(await publish({})).toEqual([{ path: 'ticketTypes', message: 'add at least one ticket type' }])
    const vip = { name: 'VIP', price: KES(1), capacity: 1 }
    const past = { startsAt: iso(NOW), endsAt: iso(NOW + HOUR) }
    expect(await publish(past, vip)).toEqual([{ path: 'endsAt', message: 'must lie in the future' }])
  })

  it('must not be over before it is saved', async () => {
    const { id, operator } = await stageDraftEvent()
    const over = { startsAt: iso(NOW - 2 * HOUR), endsAt: iso(NOW) }
    const refused = [{ path: 'endsAt', message: 'must lie in the future' }]
    expect((await as(operator, 'POST', '/events', eventBody(over))).body.errors).toEqual(refused)
    expect((await as(operator, 'PUT', `/events/${id}`, over)).body.errors).toEqual(refused)
    expect((await as(operator, 'POST', `/events/${id}/clone`, over)).body.errors).toEqual(refused)
  })

  it('that names no provider takes all that need no operator, once it costs money', async () => {
    const staged = await stageEvent({ providers: [] })
    expect((await read(staged.id)).providers).toEqual(['sandbox'])
    const organisation = staged.organisation
    const { id } = (
      await as(
        staged.operator,
        'POST',
        '/events',
        eventBody({ providers: [], organisationId: organisation.id }),
      )
    ).body
    await as(staged.operator, 'POST', `/events/${id}/ticket-types`, TYPES.free)
    await as(staged.operator, 'POST', `/events/${id}/publish`)
    expect((await read(id)).providers).toEqual([])
    const priced = await as(staged.operator, 'POST', `/events/${id}/ticket-types`, TYPES.vip)
    expect(priced.body.errors).toEqual([{ path: 'price', message: 'the event names no payment provider' }])
  })

  it('keeps its category from being deleted', async () => {
    const { operator, organisation } = await stageDraftEvent()
    const category = (await as(operator, 'POST', '/categories', { name: 'Music' })).body
    await stageDraftEvent({ title: 'A concert', categoryId: category.id }, organisation)
    const { body } = await as(operator, 'DELETE', `/categories/${category.id}`)
    expect(body.detail).toContain('Still used by the event “A concert”.')
  })

  it('can be deleted with its ticket types, and a published event cannot', async () => {
    const draft = await stageDraftEvent()
    expect((await as(draft.operator, 'DELETE', `/events/${draft.id}`)).status).toBe(204)
    expect((await as(draft.operator, 'GET', `/events/${draft.id}`)).status).toBe(404)
    const { id, operator } = await stageEvent()
    expect((await as(operator, 'DELETE', `/events/${id}`)).body.code).toBe('invalid_state')
  })
})

describe('a published event', () => {
  it('sells several types in one order with one payment, a free one among them', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const { types } = staged
    const placed = await order(player, [
      { ticketTypeId: types.free, quantity: 1 },
      { ticketTypeId: types.vip, quantity: 2 },
    ])
    expect(placed.status, JSON.stringify(placed.body)).toBe(201)
    expect(placed.body.amount).toEqual(KES(2 * VIP_PRICE))
    expect(await saleOf(staged)).toMatchObject({
      free: { held: 1, sold: 0, available: 2, sale: 'open' },
      vip: { held: 2, sold: 0, available: 0, sale: 'sold_out' },
    })
    await press(placed.body.payment.checkoutUrl, 'approve')
    const paid = await orderOf(player, placed.body.id)
    expect(paid).toMatchObject({
      status: 'paid',
      lines: [
        {
          ticketTypeId: types.free,
          raffleId: null,
          title: 'Jazz at the Lake: Open air',
          tickets: [{ number: 1 }],
        },
        { ticketTypeId: types.vip, tickets: [{ number: 1 }, { number: 2 }], amount: KES(2 * VIP_PRICE) },
      ],
    })
    expect(historyOf(paid)).toContain('Paid. 3 admissions issued.')
    expect((await saleOf(staged)).vip).toMatchObject({ held: 0, sold: 2, sale: 'sold_out' })
    const mine = (await as(player, 'GET', '/tickets')).body.data
    expect(mine.map(({ ticketType }: { ticketType: object }) => ticketType)).toContainEqual({
      id: types.vip,
      title: 'Jazz at the Lake: VIP',
    })
    const refused = await order(await registerPlayer(), [{ ticketTypeId: types.vip, quantity: 1 }])
    expect(refused.body.code).toBe('sold_out')
  })

  it('gives a free admission at once, and no more than one person may have', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const { status, body } = await take(player, { ticketTypeId: staged.types.free, quantity: 2 })
    expect([status, body.reservation.state]).toEqual([201, 'sold'])
    expect(body.reservation).toMatchObject({ raffleId: null, ticketTypeId: staged.types.free })
    expect((await take(player, { ticketTypeId: staged.types.vip, quantity: 3 })).status).not.toBe(201)
  })

  it('is paid in a second try, though one of its admissions is free and names no provider', async () => {
    const staged = await stageEvent()
    const other = await as(staged.operator, 'POST', '/events', eventBody({ providers: [] }))
    const type = { name: 'Free', price: KES(0), capacity: 5 }
    const free = (await as(staged.operator, 'POST', `/events/${other.body.id}/ticket-types`, type)).body
    await as(staged.operator, 'POST', `/events/${other.body.id}/publish`)
    const player = await registerPlayer()
    const lines = [free.id, staged.types.vip].map((ticketTypeId) => ({ ticketTypeId, quantity: 1 }))
    const placed = await order(player, lines)
    await press(placed.body.payment.checkoutUrl, 'decline')
    const again = await as(
      player,
      'POST',
      `/orders/${placed.body.id}/pay`,
      { provider: 'sandbox' },
      { headers: { 'idempotency-key': newKey() } },
    )
    expect(again.status, JSON.stringify(again.body)).toBe(201)
    await press(again.body.payment.checkoutUrl, 'approve')
    const refund = await as(
      staged.operator,
      'POST',
      `/orders/${placed.body.id}/refunds`,
      { reason: 'By mistake.', lines: [{ line: 0, numbers: [1] }] },
      { headers: { 'idempotency-key': newKey() } },
    )
    expect(refund.body.code).toBe('invalid_state')
  })

  it('releases what nobody pays for', async () => {
    const staged = await stageEvent()
    const placed = await order(await registerPlayer(), [{ ticketTypeId: staged.types.vip, quantity: 1 }])
    expect((await saleOf(staged)).vip.available).toBe(1)
    at(NOW + HOUR)
    await sweep()
    expect(placed.status).toBe(201)
    expect((await saleOf(staged)).vip).toMatchObject({ held: 0, available: 2 })
  })

  it('refunds an admission, whose number is then sold again', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const placed = await order(player, [{ ticketTypeId: staged.types.vip, quantity: 2 }])
    await press(placed.body.payment.checkoutUrl, 'approve')
    const refunded = await as(
      staged.operator,
      'POST',
      `/orders/${placed.body.id}/refunds`,
      { reason: 'The buyer is ill.', lines: [{ line: 0, numbers: [1] }] },
      { headers: { 'idempotency-key': newKey() } },
    )
    expect(refunded.status, JSON.stringify(refunded.body)).toBe(201)
    expect((await saleOf(staged)).vip).toMatchObject({ sold: 1, available: 1 })
  })

  it('keeps its times and providers, and takes a new title to its pools', async () => {
    const staged = await stageEvent()
    for (const fixed of [{ startsAt: iso(STARTS_AT + HOUR) }, { providers: [] }, { timeZone: 'UTC' }]) {
      const { body } = await change(staged, fixed)
      expect(body).toMatchObject({ code: 'invalid_state', errors: [{ path: Object.keys(fixed)[0] }] })
    }
    expect((await change(staged, { title: 'Blues at the Lake' })).status).toBe(200)
    const { body } = await order(await registerPlayer(), [{ ticketTypeId: staged.types.vip, quantity: 1 }])
    expect(body.lines[0].title).toBe('Blues at the Lake: VIP')
  })

  it('has its capacity raised, and lowered to what is taken, and keeps the price once something is taken', async () => {
    const staged = await stageEvent()
    await take(await registerPlayer(), { ticketTypeId: staged.types.free, quantity: 2 })
    expect((await changeType(staged, 'free', { capacity: 30 })).body).toMatchObject({
      capacity: 30,
      available: 28,
    })
    const refused = await changeType(staged, 'free', { capacity: 1 })
    expect(refused.body).toMatchObject({
      code: 'invalid_state',
      detail: '2 tickets are held or sold: the total cannot be lower.',
    })
    expect((await changeType(staged, 'free', { capacity: 2 })).body).toMatchObject({ sale: 'sold_out' })
    expect((await changeType(staged, 'free', { price: KES(100) })).body.code).toBe('invalid_state')
    expect((await changeType(staged, 'regular', { price: KES(100) })).body.price).toEqual(KES(100))
    expect(await read(staged.id)).toMatchObject({
      ticketTypes: [{ price: KES(0), capacity: 2 }, { price: KES(100) }, {}],
    })
  })

  it('shows a hidden ticket type to members alone, and sells it to whoever knows it', async () => {
    const staged = await stageEvent()
    await changeType(staged, 'free', { hidden: true })
    expect((await read(staged.id)).ticketTypes).toHaveLength(2)
    expect((await read(staged.id, staged.operator)).ticketTypes).toHaveLength(3)
    const { status } = await take(await registerPlayer(), { ticketTypeId: staged.types.free, quantity: 1 })
    expect(status).toBe(201)
  })

  it('sells a type from its opening to its closing, and adds a type that is on sale at once', async () => {
    const staged = await stageEvent()
    const early = { name: 'Early bird', price: KES(0), capacity: 9 }
    const times = { opensAt: iso(NOW + HOUR), closesAt: iso(NOW + 2 * HOUR) }
    const { body } = await as(staged.operator, 'POST', `/events/${staged.id}/ticket-types`, {
      ...early,
      ...times,
    })
    const buy = async () => {
      const answer = await take(await registerPlayer(), { ticketTypeId: body.id, quantity: 1 })
      return answer.body.code ?? answer.body.reservation.state
    }
    expect([body.sale, await buy()]).toEqual(['upcoming', 'sales_not_open'])
    at(NOW + HOUR)
    expect(await buy()).toBe('sold')
    at(NOW + 2 * HOUR)
    expect(await buy()).toBe('sales_closed')
    expect((await read(staged.id)).ticketTypes.at(-1).sale).toBe('ended')
  })

  it('is over at its end, and then no longer changes', async () => {
    const staged = await stageEvent()
    at(ENDS_AT)
    expect((await read(staged.id)).status).toBe('over')
    expect((await change(staged, { title: 'Too late' })).body.code).toBe('invalid_state')
    const { body } = await take(await registerPlayer(), { ticketTypeId: staged.types.free, quantity: 1 })
    expect(body.code).toBe('sales_closed')
  })

  it('is postponed to a later time, keeps the first one beside it, and sells until the new end', async () => {
    const staged = await stageEvent()
    const postpone = (startsAt: number) =>
      as(staged.operator, 'POST', `/events/${staged.id}/postpone`, {
        startsAt: iso(startsAt),
        endsAt: iso(startsAt + HOUR),
        reason: 'A storm is forecast.',
      })
    expect((await postpone(STARTS_AT - HOUR)).body.errors[0].path).toBe('startsAt')
    await postpone(STARTS_AT + 24 * HOUR)
    at(NOW + 24 * HOUR)
    const { body } = await postpone(STARTS_AT + 48 * HOUR)
    expect(body).toMatchObject({
      status: 'postponed',
      startsAt: iso(STARTS_AT + 48 * HOUR),
      postponed: { startsAt: iso(STARTS_AT), endsAt: iso(ENDS_AT), reason: 'A storm is forecast.' },
    })
    at(ENDS_AT + HOUR)
    const { status } = await take(await registerPlayer(), { ticketTypeId: staged.types.free, quantity: 1 })
    expect(status).toBe(201)
  })

  it('is cancelled: nothing more is sold, everybody gets the money back, and the ledger balances', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const placed = await order(player, [
      { ticketTypeId: staged.types.free, quantity: 1 },
      { ticketTypeId: staged.types.vip, quantity: 1 },
      { ticketTypeId: staged.types.regular, quantity: 2 },
    ])
    await press(placed.body.payment.checkoutUrl, 'approve')
    const open = await order(await registerPlayer(), [{ ticketTypeId: staged.types.vip, quantity: 1 }])
    const cancel = () =>
      as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'The stage is flooded.' })
    expect((await cancel()).body).toMatchObject({
      status: 'cancelled',
      cancellation: { reason: 'The stage is flooded.' },
      ticketTypes: [{ sale: 'cancelled' }, { sale: 'cancelled' }, { sale: 'cancelled', available: 0 }],
    })
    expect((await cancel()).body.code).toBe('invalid_state')
    // This buyer pays a moment later.
    await press(open.body.payment.checkoutUrl, 'approve')
    for (let minute = 1; minute <= 3; minute++) {
      at(NOW + minute * MINUTE)
      await sweep()
    }
    expect(await orderOf(player, placed.body.id)).toMatchObject({
      status: 'refunded',
      refunded: KES(VIP_PRICE + 2_000),
    })
    const { body } = await take(await registerPlayer(), { ticketTypeId: staged.types.free, quantity: 1 })
    expect(body.code).toBe('sales_closed')
    const sums = await env.DB.prepare(
      `SELECT account, sum(amount) AS sum FROM (
         SELECT debit AS account, amount FROM transfers UNION ALL SELECT credit, -amount FROM transfers)
       WHERE account IN (?, ?) GROUP BY account`,
    )
      .bind(`takings:${staged.types.vip}`, `takings:${staged.types.regular}`)
      .all()
    expect(sums.results.map(({ sum }) => sum)).toEqual([0, 0])
  })

  it('is copied into a draft at another time', async () => {
    const staged = await stageEvent()
    const { status, body } = await as(staged.operator, 'POST', `/events/${staged.id}/clone`, {
      startsAt: iso(STARTS_AT + 240 * HOUR),
      endsAt: iso(ENDS_AT + 240 * HOUR),
    })
    expect([status, body.status, body.title]).toEqual([201, 'draft', 'Jazz at the Lake'])
    expect(body.ticketTypes.map(({ name }: { name: string }) => name).sort()).toEqual([
      'Open air',
      'Regular',
      'VIP',
    ])
    expect((await as(staged.operator, 'POST', `/events/${body.id}/publish`)).body.status).toBe('published')
  })

  it('is copied with its sale times, which move with its start', async () => {
    const staged = await stageDraftEvent()
    const path = `/events/${staged.id}`
    const change = (type: string, times: Record<string, string>) =>
      as(staged.operator, 'PUT', `${path}/ticket-types/${type}`, times)
    const early = { opensAt: iso(STARTS_AT - 20 * HOUR), closesAt: iso(STARTS_AT - 10 * HOUR) }
    expect((await change(staged.types.regular, early)).status).toBe(200)
    expect((await change(staged.types.vip, { closesAt: iso(ENDS_AT) })).status).toBe(200)
    const moved = 9 * HOUR
    // The copy is an hour shorter.
    const times = { startsAt: iso(STARTS_AT + moved), endsAt: iso(ENDS_AT + moved - HOUR) }
    const { body: copy } = await as(staged.operator, 'POST', `${path}/clone`, times)
    const salesOf = (event: { ticketTypes: Record<string, unknown>[] }) =>
      Object.fromEntries(
        event.ticketTypes.map(({ name, opensAt, closesAt, sale }) => [name, [opensAt, closesAt, sale]]),
      )
    const { opensAt, closesAt } = early
    const later = (instant: string) => iso(Date.parse(instant) + moved)
    expect(salesOf(copy)).toEqual({
      'Open air': [null, times.endsAt, 'not_on_sale'],
      Regular: [later(opensAt), later(closesAt), 'not_on_sale'],
      VIP: [null, times.endsAt, 'not_on_sale'],
    })
    at(STARTS_AT)
    const { body: published } = await as(staged.operator, 'POST', `/events/${copy.id}/publish`)
    expect(salesOf(published).Regular).toEqual([later(opensAt), later(closesAt), 'ended'])
    expect(salesOf(published).VIP![2]).toBe('open')
  })

  it('is copied with the providers and countries that its organiser named, and not with what publication filled in', async () => {
    const copyOf = async (staged: StagedEvent) => {
      const times = { startsAt: iso(STARTS_AT + 240 * HOUR), endsAt: iso(ENDS_AT + 240 * HOUR) }
      return (await as(staged.operator, 'POST', `/events/${staged.id}/clone`, times)).body
    }
    const named = await stageEvent({ countries: ['KE'] })
    expect(await copyOf(named)).toMatchObject({ providers: ['sandbox'], countries: ['KE'] })

    const { organisation } = named
    const sell = async (countries: string[]) => {
      const answer = await as(organisation.operator, 'PUT', `/organisations/${organisation.id}/selling`, {
        countries,
      })
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    }
    await sell(['KE'])
    const filled = await stageEvent({ providers: [] }, organisation)
    expect((await as(filled.operator, 'GET', `/events/${filled.id}`)).body.countries).toEqual(['KE'])
    const copy = await copyOf(filled)
    expect(copy).toMatchObject({ providers: [], countries: null })
    await sell(['KE', 'UG'])
    const { body: published } = await as(filled.operator, 'POST', `/events/${copy.id}/publish`)
    expect(published).toMatchObject({ providers: ['sandbox'], countries: ['KE', 'UG'] })
  })
})

describe('after a crash between the database and the pools', () => {
  /** The process dies before the first call of a pool. */
  const crashing = async (work: () => Promise<unknown>) => {
    expectLogged('unexpected error')
    const spy = vi.spyOn(client, 'askPool').mockRejectedValue(new Error('the process died'))
    await work()
    spy.mockRestore()
    at(Date.now() + 2 * MINUTE)
    await sweep()
  }

  it('the sweep publishes, cancels, and finishes a change', async () => {
    const staged = await stageDraftEvent()
    await crashing(() => as(staged.operator, 'POST', `/events/${staged.id}/publish`))
    expect((await saleOf(staged)).vip.sale).toBe('open')
    await crashing(() => changeType(staged, 'vip', { capacity: 7 }))
    expect((await saleOf(staged)).vip.capacity).toBe(7)
    await crashing(() => as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'Flooded.' }))
    expect((await stateOf(staged.types.vip))!.cancellation).not.toBeNull()
  })
})

describe('a pool that gets its first terms after its event was cancelled', () => {
  it('is cancelled too, by the sweep', async () => {
    const staged = await stageDraftEvent()
    expectLogged('unexpected error')
    const spy = vi.spyOn(client, 'askPool').mockRejectedValue(new Error('the process died'))
    await as(staged.operator, 'POST', `/events/${staged.id}/publish`)
    spy.mockRestore()
    await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'Flooded.' })
    const { db } = testContext()
    const [event] = await db.select().from(events).where(eq(events.id, staged.id))
    const [type] = await db.select().from(ticketTypes).where(eq(ticketTypes.id, staged.types.vip))
    const late = await askPool(testContext(), type!.pool, (pool) =>
      pool.configure(type!.id, 1, termsOf(event!, type!, 600)),
    )
    expect(late.ok).toBe(true)
    at(NOW + 3 * MINUTE)
    await sweep()
    expect((await stateOf(type!.id))!.cancellation).not.toBeNull()
  })
})

describe('who may', () => {
  it('change an event: members of its organisation, as far as their role goes, and admins', async () => {
    const staged = await stageEvent()
    const other = await stageEvent()
    const path = `/events/${staged.id}`
    const viewer = await addOperator(staged.organisation.id, 'viewer')
    const title = { title: 'Mine now' }
    expect((await as(other.operator, 'PUT', path, title)).status).toBe(404)
    expect((await as(viewer, 'PUT', path, title)).status).toBe(403)
    expect((await as(await signedInAdmin(), 'PUT', path, title)).status).toBe(200)
    const foreign = `${path}/ticket-types/${other.types.vip}`
    expect((await as(staged.operator, 'PUT', foreign, { capacity: 9 })).status).toBe(404)
  })

  it('read the list: by country, city, time, words and page', async () => {
    const first = await stageEvent({
      title: 'Unique Blues',
      place: { venue: 'V', city: 'Nakuru', country: 'KE' },
    })
    await stageEvent(
      { title: 'Unique Rock', startsAt: iso(STARTS_AT + SECOND), place: null },
      first.organisation,
    )
    const titles = async (query: string) =>
      (await as(null, 'GET', `/events?organisationId=${first.organisation.id}&${query}`)).body.data.map(
        ({ title }: { title: string }) => title,
      )
    expect(await titles('')).toEqual(['Unique Blues', 'Unique Rock'])
    expect(await titles('sort=-startsAt&limit=1')).toEqual(['Unique Rock'])
    expect(await titles('country=KE&city=Nakuru')).toEqual(['Unique Blues'])
    expect(await titles('country=KE&city=náKURU')).toEqual(['Unique Blues'])
    expect(await titles('country=KE&city=Nak')).toEqual([])
    expect(await titles('q=rock')).toEqual(['Unique Rock'])
    expect(await titles('q=nakuru%20blues')).toEqual(['Unique Blues'])
    expect(await titles(`from=${iso(STARTS_AT + SECOND)}`)).toEqual(['Unique Rock'])
    expect(await titles(`to=${iso(STARTS_AT + SECOND)}`)).toEqual(['Unique Blues'])
  })
})

describe('the title of an event', () => {
  it('is found without its accents, and its slug is an address under the rules of the id', async () => {
    const staged = await stageDraftEvent({ title: 'Été à Łódź' })
    const { organisation, operator } = staged
    const titles = async (q: string) =>
      (
        await as(operator, 'GET', `/events?organisationId=${organisation.id}&q=${encodeURIComponent(q)}`)
      ).body.data.map(({ title }: { title: string }) => title)
    expect(await titles('lodz ETE')).toEqual(['Été à Łódź'])
    const body = (await as(operator, 'GET', `/events/${staged.id}`)).body
    expect(body.slug).toMatch(/^ete-a-lodz-[0-9a-z]{10}$/)
    expect((await as(operator, 'GET', `/events/${body.slug}`)).body).toEqual(body)
    expect((await as(null, 'GET', `/events/${body.slug}`)).status).toBe(404)
    const times = { startsAt: iso(STARTS_AT), endsAt: iso(ENDS_AT) }
    await as(operator, 'POST', `/events/${staged.id}/clone`, { ...times, title: 'Straße' })
    await change(staged, { title: 'Éclipse' })
    expect([await titles('lodz'), await titles('eclipse'), await titles('strasse')]).toEqual([
      [],
      ['Éclipse'],
      ['Straße'],
    ])
    await env.DB.prepare(`UPDATE events SET title = 'Ängste' WHERE id = ?`).bind(staged.id).run()
    await sweep()
    expect([await titles('eclipse'), await titles('angste')]).toEqual([[], ['Ängste']])
  })
})

describe('an organisation that somebody opens', () => {
  it('sells what is free at once, and for money once an admin has approved it', async () => {
    const person = await registerPlayer()
    const { status, body } = await as(person, 'POST', '/organisations', { name: 'The Jazz Club' })
    expect([status, body.pricedSales]).toEqual([201, false])
    const operator = { ...person }
    at(NOW + 11 * MINUTE)
    const staged = await stageDraftEvent({}, { id: body.id, name: body.name, operator })
    const publish = () => as(operator, 'POST', `/events/${staged.id}/publish`)
    expect((await publish()).body.code).toBe('invalid_state')
    const approve = (approved: boolean, who: Person) =>
      as(who, 'PUT', `/organisations/${body.id}/priced-sales`, { approved })
    expect((await approve(true, operator)).status).toBe(403)
    expect((await approve(true, await signedInAdmin())).body.pricedSales).toBe(true)
    expect((await publish()).body.status).toBe('published')
  })

  it('enters nobody by an order, because those people have not asked for it', async () => {
    const person = await registerPlayer()
    const { body } = await as(person, 'POST', '/organisations', { name: 'The Book Club' })
    at(NOW + 11 * MINUTE)
    const draft = await stageDraft(
      { entry: 'order', earning: { per: 'order' }, opensAt: iso(NOW), closesAt: iso(NOW + HOUR) },
      { id: body.id, name: body.name, operator: person },
    )
    const published = await as(person, 'POST', `/raffles/${draft.id}/publish`)
    expect(published.body).toMatchObject({ code: 'invalid_state' })
    expect(published.body.detail).toContain('An administrator must approve this organisation first')
  })

  it('needs a proved address, and nobody opens more than five, not even at once', async () => {
    const open = (who: Person) => as(who, 'POST', '/organisations', { name: 'Again' })
    expect((await open(await registerPlayer({ isProved: false }))).status).toBe(403)
    const person = await registerPlayer()
    for (let opened = 0; opened < 5; opened++) {
      expect((await open(person)).status).toBe(201)
      at(Date.now() + 11 * MINUTE)
    }
    expect((await open(person)).body.code).toBe('limit_reached')
    const other = await registerPlayer()
    const answers = await Promise.all(Array.from({ length: 8 }, () => open(other)))
    expect(answers.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(5)
  })
})
