// Capacity groups: several ticket types share the seats of a venue, and together never sell more than it has.
import { describe, expect, it, vi } from 'vitest'
import * as client from '../../src/tickets/client.ts'
import { reservationAddress as addressOf, poolNameOf } from '../../src/tickets/reservation-id.ts'
import { voidTickets } from '../../src/tickets/void-tickets.ts'
import { orderOf, press, refund } from '../checkout/checkout.ts'
import { everyCrash, expireHolds } from '../crash/flow.ts'
import { expectStatus, usePeople } from '../crash/stage.ts'
import { countTrips } from '../harness/count-database.ts'
import { expectLogged } from '../harness/log.ts'
import { addOperator, registerPlayer, testContext } from '../harness/people.ts'
import { as, at, HOUR, iso, MINUTE, NOW, newKey, ringAlarm, sweep, useClock } from '../raffles/scenario.ts'
import { ENDS_AT, STARTS_AT, stageDraftEvent, stageEvent } from './event-stage.ts'
import { countsOf, expectSettled, groupsOf, type Hall, order, stageHall, stateOf, take } from './hall.ts'

useClock()
usePeople()

const { askPool } = client

const saleOf = async (hall: Hall) => {
  await Promise.all(
    [hall.groupId, ...Object.values(hall.types)].map((id) =>
      askPool(testContext(), poolNameOf(id), (pool) => pool.catchUp()),
    ),
  )
  const { ticketTypes } = (await as(null, 'GET', `/events/${hall.id}/availability`)).body
  return ticketTypes.map(({ available, sale }: { available: number; sale: string }) => [available, sale])
}

describe('a capacity group', () => {
  it('is made, listed, changed and deleted by members who may edit the event', async () => {
    const staged = await stageDraftEvent()
    const path = groupsOf(staged)
    const made = await as(staged.operator, 'POST', path, { name: 'The hall', capacity: 300 })
    expect(made.body).toMatchObject({ eventId: staged.id, capacity: 300, sold: 0, held: 0, available: 300 })
    const viewer = await addOperator(staged.organisation.id, 'viewer')
    for (const [who, status] of [
      [viewer, 403],
      [await registerPlayer(), 404],
    ] as const) {
      expect((await as(who, 'GET', path)).status).toBe(status)
      expect((await as(who, 'POST', path, { name: 'Mine', capacity: 1 })).status).toBe(status)
      expect((await as(who, 'PUT', `${path}/${made.body.id}`, { capacity: 1 })).status).toBe(status)
      expect((await as(who, 'DELETE', `${path}/${made.body.id}`)).status).toBe(status)
    }
    const changed = await as(staged.operator, 'PUT', `${path}/${made.body.id}`, {
      name: 'The tent',
      capacity: 20,
    })
    expect(changed.body).toMatchObject({ name: 'The tent', capacity: 20 })
    expect((await as(staged.operator, 'GET', path)).body).toEqual({ data: [changed.body], nextCursor: null })
    const other = await stageDraftEvent()
    expect(
      (await as(other.operator, 'PUT', `${groupsOf(other)}/${made.body.id}`, { capacity: 1 })).status,
    ).toBe(404)
    const typePath = `/events/${other.id}/ticket-types/${other.types.vip}`
    const foreign = await as(other.operator, 'PUT', typePath, { capacityGroupId: made.body.id })
    expect([foreign.status, foreign.body.errors[0].path]).toEqual([422, 'capacityGroupId'])
    const own = `/events/${staged.id}/ticket-types/${staged.types.vip}`
    await as(staged.operator, 'PUT', own, { capacityGroupId: made.body.id })
    expect((await as(staged.operator, 'DELETE', `${path}/${made.body.id}`)).body.code).toBe('invalid_state')
    await as(staged.operator, 'PUT', own, { capacityGroupId: null })
    expect((await as(staged.operator, 'DELETE', `${path}/${made.body.id}`)).status).toBe(204)
    expect((await as(staged.operator, 'GET', path)).body.data).toEqual([])
    expect((await as(staged.operator, 'DELETE', `/events/${staged.id}`)).status).toBe(204)
  })

  it('limits its ticket types together, and shows the smaller number of the two', async () => {
    const hall = await stageHall(4)
    expect(await saleOf(hall)).toEqual(Array(3).fill([4, 'open']))
    const player = await registerPlayer()
    const free = await take(player, hall.types.free, 3)
    expect(free).toMatchObject({
      status: 201,
      body: { reservation: { state: 'sold' }, order: { status: 'paid', payment: null } },
    })
    expect(free.body.tickets).toHaveLength(3)
    expect(await saleOf(hall)).toEqual(Array(3).fill([1, 'open']))
    const tooMany = await order(await registerPlayer(), [{ ticketTypeId: hall.types.vip, quantity: 2 }])
    expect(tooMany.body).toMatchObject({ code: 'sold_out', detail: 'Only 1 left.' })
    const last = await order(await registerPlayer(), [{ ticketTypeId: hall.types.vip, quantity: 1 }])
    expect(await saleOf(hall)).toEqual(Array(3).fill([0, 'sold_out']))
    await press(last.body.payment.checkoutUrl, 'approve')
    expect((await take(await registerPlayer(), hall.types.free)).body.code).toBe('sold_out')
    expect(await expectSettled(hall)).toBe(4)
  })

  it('returns the same free tickets for the same key, also after a lost answer', async () => {
    const hall = await stageHall(4)
    const player = await registerPlayer()
    const key = newKey()
    const first = await take(player, hall.types.free, 2, {}, key)
    expect((await take(player, hall.types.free, 2, {}, key)).body).toEqual(first.body)
    expect(await expectSettled(hall)).toBe(2)
  })

  it('holds nothing of an order if one of its lines finds no seat', async () => {
    const hall = await stageHall(3)
    await take(await registerPlayer(), hall.types.free, 2)
    const lines = [
      { ticketTypeId: hall.types.regular, quantity: 1 },
      { ticketTypeId: hall.types.vip, quantity: 1 },
    ]
    expect((await order(await registerPlayer(), lines)).body.code).toBe('sold_out')
    expect(await expectSettled(hall)).toBe(2)
  })

  it('limits what one person holds unpaid of all types together, and all without a proved address', async () => {
    const hall = await stageHall(12)
    const { regular, vip } = hall.types
    const unproved = () => registerPlayer({ isProved: false })
    const lines = (...quantities: [number, number]) => [
      { ticketTypeId: regular, quantity: quantities[0] },
      { ticketTypeId: vip, quantity: quantities[1] },
    ]
    const refused = await order(await unproved(), lines(3, 3))
    expect(refused.body).toMatchObject({
      code: 'limit_reached',
      detail: expect.stringContaining('at most 3 unpaid tickets of “Jazz at the Lake: The hall”'),
    })
    expect(await expectSettled(hall)).toBe(0)
    const first = await order(await unproved(), lines(2, 1))
    const second = await order(await unproved(), lines(1, 2))
    expect([first.status, second.status]).toEqual([201, 201])
    const third = await order(await unproved(), [{ ticketTypeId: vip, quantity: 1 }])
    expect(third.body).toMatchObject({
      code: 'limit_reached',
      detail: expect.stringContaining('without a proved e-mail address'),
    })
    expect((await order(await registerPlayer(), lines(1, 2))).status).toBe(201)
    expect((await countsOf(hall)).seats).toEqual({ sold: 0, held: 9 })
    await press(first.body.payment.checkoutUrl, 'approve')
    expect((await countsOf(hall)).seats).toEqual({ sold: 3, held: 6 })
  })

  it('pauses a person whose orders of any of its types were not paid, each order once', async () => {
    const hall = await stageHall(12)
    const player = await registerPlayer()
    const { regular, vip } = hall.types
    const cancelled = async (types: string[]) => {
      const lines = types.map((ticketTypeId) => ({ ticketTypeId, quantity: 1 }))
      const { status, body } = await order(player, lines)
      expect(status, JSON.stringify(body)).toBe(201)
      await as(player, 'POST', `/orders/${body.id}/cancel`)
    }
    await cancelled([regular, vip])
    await cancelled([vip])
    await cancelled([regular])
    const paused = await order(player, [{ ticketTypeId: vip, quantity: 1 }])
    expect(paused.body).toMatchObject({
      code: 'limit_reached',
      detail: expect.stringContaining('were not paid'),
    })
    expect((await take(player, hall.types.free)).status).toBe(201)
    expect(await expectSettled(hall)).toBe(1)
  })

  it('can be raised at any time, and lowered to what is taken', async () => {
    const hall = await stageHall(3)
    await take(await registerPlayer(), hall.types.free, 3)
    const path = `${groupsOf(hall)}/${hall.groupId}`
    const lowered = await as(hall.operator, 'PUT', path, { capacity: 2 })
    expect(lowered.body).toMatchObject({
      code: 'invalid_state',
      detail: '3 tickets are held or sold: the total cannot be lower.',
    })
    expect((await as(hall.operator, 'PUT', path, { capacity: 5 })).body).toMatchObject({
      capacity: 5,
      available: 2,
    })
    expect((await take(await registerPlayer(), hall.types.free, 2)).status).toBe(201)
    expect(await expectSettled(hall)).toBe(5)
  })

  it('keeps its types, once one of their tickets was held or sold', async () => {
    const hall = await stageHall(3)
    await take(await registerPlayer(), hall.types.free)
    const move = (type: 'free' | 'vip') =>
      as(hall.operator, 'PUT', `/events/${hall.id}/ticket-types/${hall.types[type]}`, {
        capacityGroupId: null,
      })
    expect((await move('free')).body.code).toBe('invalid_state')
    expect((await move('vip')).body.capacityGroupId).toBe(null)
    expect(
      (await order(await registerPlayer(), [{ ticketTypeId: hall.types.vip, quantity: 9 }])).status,
    ).toBe(201)
  })

  it('is copied with its event, and follows a postponement', async () => {
    const hall = await stageHall(3)
    const times = { startsAt: iso(STARTS_AT + 240 * HOUR), endsAt: iso(ENDS_AT + 240 * HOUR) }
    const copy = (await as(hall.operator, 'POST', `/events/${hall.id}/clone`, times)).body
    const [group] = (await as(hall.operator, 'GET', groupsOf(copy))).body.data
    expect(group).toMatchObject({ name: 'The hall', capacity: 3 })
    expect(copy.ticketTypes.map((type: { capacityGroupId: string }) => type.capacityGroupId)).toEqual(
      Array(3).fill(group.id),
    )
    await as(hall.operator, 'POST', `/events/${hall.id}/postpone`, {
      ...times,
      reason: 'A storm is forecast.',
    })
    at(ENDS_AT + HOUR)
    expect((await take(await registerPlayer(), hall.types.free, 3)).status).toBe(201)
    expect((await take(await registerPlayer(), hall.types.free)).body.code).toBe('sold_out')
  })

  it('gives a seat back with its ticket: after a refund, a decline, an expiry and a void', async () => {
    const hall = await stageHall(6)
    const player = await registerPlayer()
    const lines = [
      { ticketTypeId: hall.types.vip, quantity: 2 },
      { ticketTypeId: hall.types.regular, quantity: 1 },
    ]
    const bought = (await order(player, lines)).body
    await press(bought.payment.checkoutUrl, 'approve')
    const { body } = await refund(hall.operator, bought.id, { lines: [{ line: 0, numbers: [2] }] })
    expect(body.status).toBe('paid')
    expect(await expectSettled(hall)).toBe(2)
    const free = (await take(await registerPlayer(), hall.types.free, 2)).body
    expect(await expectSettled(hall)).toBe(4)
    for (const numbers of [[1], [1], null]) {
      expect(await voidTickets(testContext(), free.reservation.id, numbers)).toBe(true)
    }
    expect(await expectSettled(hall)).toBe(2)
    const waiting = (await order(await registerPlayer(), [{ ticketTypeId: hall.types.vip, quantity: 1 }]))
      .body
    const cancelled = (await order(player, [{ ticketTypeId: hall.types.vip, quantity: 1 }])).body
    expect((await countsOf(hall)).seats).toEqual({ sold: 2, held: 2 })
    expect((await as(player, 'POST', `/orders/${cancelled.id}/cancel`)).body.status).toBe('cancelled')
    at(NOW + HOUR)
    await sweep()
    await ringAlarm(poolNameOf(hall.groupId))
    await ringAlarm(poolNameOf(hall.types.vip))
    expect(waiting.status).toBe('pending')
    expect(await expectSettled(hall)).toBe(2)
  })

  it('gets a seat back although its pool did not answer when the ticket was voided', async () => {
    const hall = await stageHall(3)
    const player = await registerPlayer()
    const { reservation } = (await take(player, hall.types.free, 2)).body
    const { askPool: ask } = client
    const group = poolNameOf(hall.groupId)
    const silent = vi
      .spyOn(client, 'askPool')
      .mockImplementation((ctx, place, call) =>
        place === group ? Promise.reject(new Error('the group is silent')) : ask(ctx, place, call),
      )
    const path = `/tickets/${reservation.id}/return`
    await expect(voidTickets(testContext(), reservation.id, [1])).rejects.toThrow('silent')
    // The ticket is void already, so a repeat has nothing to give back.
    expect((await as(player, 'POST', path, { numbers: [1] })).status).toBe(200)
    expect(await countsOf(hall)).toMatchObject({ seats: { sold: 2 }, tickets: { sold: 1 } })
    at(NOW + MINUTE)
    await ringAlarm(poolNameOf(hall.types.free))
    expectLogged('seats not freed yet')
    expect((await countsOf(hall)).seats.sold).toBe(2)
    silent.mockRestore()
    at(NOW + 2 * MINUTE)
    await ringAlarm(poolNameOf(hall.types.free))
    expect(await expectSettled(hall)).toBe(1)
    // Somebody else has the seat now. It is not freed again.
    expect((await take(await registerPlayer(), hall.types.free, 2)).status).toBe(201)
    await voidTickets(testContext(), reservation.id, [1])
    at(NOW + 4 * MINUTE)
    await ringAlarm(poolNameOf(hall.types.free))
    expect(await expectSettled(hall)).toBe(3)
  })

  it('keeps the seat of a ticket that moves to another person, and frees it with the ticket', async () => {
    const hall = await stageHall(3)
    const { reservation } = (await take(await registerPlayer(), hall.types.free, 2)).body
    const receiver = await registerPlayer()
    const pool = poolNameOf(hall.types.free)
    const { seq } = addressOf(reservation.id)
    const moved = await askPool(testContext(), pool, (stub) =>
      stub.transfer(seq, reservation.id, 2, { holder: receiver.id, key: 'a gift' }),
    )
    expect(moved.ok).toBe(true)
    expect((await countsOf(hall)).seats.sold).toBe(2)
    if (moved.ok) await voidTickets(testContext(), moved.reservation.id, null)
    expect(await expectSettled(hall)).toBe(1)
    await voidTickets(testContext(), reservation.id, [1])
    expect(await expectSettled(hall)).toBe(0)
  })

  it('is cancelled with its event, and who paid gets the money back, also who pays later', async () => {
    const hall = await stageHall(6)
    const player = await registerPlayer()
    const paid = (await order(player, [{ ticketTypeId: hall.types.vip, quantity: 1 }])).body
    await press(paid.payment.checkoutUrl, 'approve')
    const other = await registerPlayer()
    const late = (await order(other, [{ ticketTypeId: hall.types.vip, quantity: 1 }])).body
    await as(hall.operator, 'POST', `/events/${hall.id}/cancel`, { reason: 'The hall is flooded.' })
    expect((await stateOf(hall.groupId)).cancellation).not.toBeNull()
    await press(late.payment.checkoutUrl, 'approve')
    for (let minute = 1; minute <= 3; minute++) {
      at(NOW + minute * MINUTE)
      await sweep()
    }
    expect((await orderOf(player, paid.id)).status).toBe('refunded')
    expect((await orderOf(other, late.id)).status).toBe('refunded')
  })

  it('costs ticket types without a group no trip and no row', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    await as(player, 'GET', '/tickets')
    const trips = await countTrips(() => take(player, staged.types.free))
    // The pool writes the reservation and its counts.
    expect(trips.map(({ statements }) => statements.length)).toEqual([2])
  })
})

describe('a storm', { timeout: 120_000 }, () => {
  it('of buyers of three types never sells more than the seats, and leaks none', async () => {
    const SEATS = 12
    const hall = await stageHall(SEATS, 10)
    const { free, regular, vip } = hall.types
    const people = await Promise.all(Array.from({ length: 36 }, () => registerPlayer()))
    const wants = (index: number) => {
      if (index % 3 === 0) return take(people[index]!, free, 1 + (index % 2))
      const lines = [{ ticketTypeId: index % 3 === 1 ? regular : vip, quantity: 1 }]
      return order(people[index]!, index % 4 === 1 ? [...lines, { ticketTypeId: free, quantity: 1 }] : lines)
    }
    const mustFit = async () => {
      const { seats, tickets } = await countsOf(hall)
      expect(seats.sold + seats.held).toBeLessThanOrEqual(SEATS)
      expect(tickets.sold).toBeLessThanOrEqual(seats.sold)
    }
    const first = await Promise.all(people.slice(0, 24).map((_, index) => wants(index)))
    await mustFit()
    const placed = first.flatMap(({ status, body }) => (status === 201 && body.payment ? [body] : []))
    expect(placed.length).toBeGreaterThan(2)
    // A third pays at once, a third pays after the holds have expired, and a third never pays. New buyers come meanwhile.
    await Promise.all([
      ...placed.filter((_, at) => at % 3 === 0).map(({ payment }) => press(payment.checkoutUrl, 'approve')),
      ...people.slice(24, 30).map((_, index) => wants(24 + index)),
    ])
    await mustFit()
    // Tickets of the free orders are taken back while others want them.
    const taken = first.filter(({ body }) => body.reservation !== undefined)
    await Promise.all([
      ...taken.slice(0, 3).map(({ body }) => voidTickets(testContext(), body.reservation.id, null)),
      ...people.slice(30).map((_, index) => wants(30 + index)),
    ])
    await mustFit()
    // The holds end, but no order is expired yet: who pays now gets what is left.
    at(NOW + 13 * MINUTE)
    const again = await Promise.all(people.slice(0, 6).map((person) => take(person, free)))
    expect(again.some(({ status }) => status === 201)).toBe(true)
    await Promise.all(
      placed.filter((_, at) => at % 3 === 1).map(({ payment }) => press(payment.checkoutUrl, 'approve')),
    )
    await mustFit()
    for (let minute = 14; minute <= 30; minute += 8) {
      at(NOW + minute * MINUTE)
      for (const id of [hall.groupId, ...Object.values(hall.types)]) await ringAlarm(poolNameOf(id))
      await sweep()
    }
    const sold = await expectSettled(hall)
    expect(sold).toBeLessThanOrEqual(SEATS)
    // No seat has leaked: every seat that is left can be sold.
    const left = SEATS - sold
    const before = await stateOf(free)
    const room = Math.min(left, before.total - before.sold)
    if (room > 0) expect((await take(await registerPlayer(), free, room)).status).toBe(201)
    expect(await expectSettled(hall)).toBe(sold + room)
  })
})

describe('a process that dies at any call', { timeout: 300_000 }, () => {
  const partsOf = (hall: Hall) =>
    [hall.groupId, ...Object.values(hall.types)].map((id) => ({ ...hall, id, pool: poolNameOf(id) }))

  it('leaks no seat while somebody takes free tickets', async () => {
    const hall = await stageHall(5_000, 5_000)
    await everyCrash({
      stage: async () => ({ person: await registerPlayer(), key: newKey() }),
      act: async ({ person, key }, send) =>
        expectStatus(await send((bindings) => take(person, hall.types.free, 2, { bindings }, key)), 201),
      raffles: () => partsOf(hall),
    })
    await expectSettled(hall)
  })

  it('leaks no seat while somebody orders, pays and gets a refund', async () => {
    const hall = await stageHall(5_000, 5_000)
    const lines = [
      { ticketTypeId: hall.types.vip, quantity: 2 },
      { ticketTypeId: hall.types.free, quantity: 1 },
    ]
    await everyCrash({
      stage: async () => ({ person: await registerPlayer(), key: newKey() }),
      act: async ({ person, key }, send) =>
        expectStatus(await send((bindings) => order(person, lines, { bindings }, key)), 201),
      raffles: () => partsOf(hall),
    })
    await everyCrash({
      stage: async () => {
        const bought = (await order(await registerPlayer(), lines)).body
        await press(bought.payment.checkoutUrl, 'approve')
        return { bought, key: newKey() }
      },
      act: async ({ bought, key }, send) =>
        expectStatus(
          await send((bindings) =>
            refund(
              hall.operator,
              bought.id,
              {
                lines: [
                  {
                    line: 0,
                    numbers: bought.lines[0].tickets.map(({ number }: { number: number }) => number),
                  },
                ],
              },
              key,
              { bindings },
            ),
          ),
          201,
        ),
      raffles: () => partsOf(hall),
    })
    await expireHolds(partsOf(hall), 2)
    await expectSettled(hall)
  })
})
