// Waiting for tickets of types that share seats, through the API: join, the offer and its mail, buying it, and passing it on.
import { describe, expect, it } from 'vitest'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { mailsTo } from '../accounts/mail/mailbox.ts'
import { orderOf, press, refund } from '../checkout/checkout.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
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
import { ENDS_AT, STARTS_AT, type TypeName } from './event-stage.ts'
import { countsOf, groupsOf, type Hall, order, stageHall, stateOf, take } from './hall.ts'

useClock()

/** Late enough for offers that last a whole day. */
const LATER = { startsAt: iso(STARTS_AT + 9 * DAY), endsAt: iso(ENDS_AT + 9 * DAY) }

const players = (count: number) => Promise.all(Array.from({ length: count }, () => registerPlayer()))

const listOf = ({ id, types }: Hall, name: TypeName) =>
  `/events/${id}/ticket-types/${types[name]}/waiting-list`

const join = (person: Person, hall: Hall, name: TypeName, quantity = 1) =>
  as(person, 'POST', listOf(hall, name), { quantity })

const place = async (person: Person, hall: Hall, name: TypeName) =>
  (await as(person, 'GET', listOf(hall, name))).body

async function joins(person: Person, hall: Hall, name: TypeName, quantity = 1) {
  const { status, body } = await join(person, hall, name, quantity)
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

const partsOf = (hall: Hall) => [hall.groupId, ...Object.values(hall.types)]

async function typeOf(hall: Hall, name: TypeName) {
  await Promise.all(partsOf(hall).map(catchUp))
  const { ticketTypes } = (await as(null, 'GET', `/events/${hall.id}`)).body
  return ticketTypes.find(({ id }: { id: string }) => id === hall.types[name])
}

const change = (hall: Hall, name: TypeName, changes: object) =>
  as(hall.operator, 'PUT', `/events/${hall.id}/ticket-types/${hall.types[name]}`, changes)

async function buys(person: Person, hall: Hall, name: TypeName, quantity = 1, key = newKey()) {
  const placed = await order(person, [{ ticketTypeId: hall.types[name], quantity }], {}, key)
  expect(placed.status, JSON.stringify(placed.body)).toBe(201)
  await press(placed.body.payment.checkoutUrl, 'approve')
  return orderOf(person, placed.body.id)
}

async function takesFree(person: Person, hall: Hall, quantity = 1): Promise<string> {
  const { status, body } = await take(person, hall.types.free, quantity)
  expect(status, JSON.stringify(body)).toBe(201)
  return body.reservation.id
}

const givesBack = (person: Person, reservation: string, numbers: number[]) =>
  as(person, 'POST', `/tickets/${reservation}/return`, { numbers })

/** Rings the alarms of all pools at this time. */
async function ringAt(ms: number, hall: Hall): Promise<void> {
  at(ms)
  for (const id of partsOf(hall)) await ringAlarm(poolNameOf(id))
  await Promise.all(partsOf(hall).map(catchUp))
}

describe('a waiting list of ticket types that share seats', () => {
  it('offers the seat of a refund to who waited longest, for another type, who gets a mail and buys as usual', async () => {
    const hall = await stageHall(2, 100, LATER)
    const [buyer, first, second, stranger] = (await players(4)) as [Person, Person, Person, Person]
    expect((await join(first, hall, 'regular')).body.code).toBe('invalid_state')
    const paid = await buys(buyer, hall, 'vip', 2)
    expect(await joins(first, hall, 'regular')).toMatchObject({
      ticketTypeId: hall.types.regular,
      state: 'waiting',
      position: 1,
      quantity: 1,
      offeredUntil: null,
    })
    expect(await joins(second, hall, 'vip', 2)).toMatchObject({ position: 2 })
    expect((await take(stranger, hall.types.free)).body).toMatchObject({
      code: 'sold_out',
      detail: 'Every ticket is sold. Join the waiting list for the next one that comes free.',
    })
    expect(await typeOf(hall, 'regular')).toMatchObject({ sale: 'sold_out', waiting: 1 })
    expect(await typeOf(hall, 'vip')).toMatchObject({ sale: 'sold_out', waiting: 1 })
    expect(await typeOf(hall, 'free')).toMatchObject({ sale: 'sold_out', waiting: 0 })

    const back = await refund(hall.operator, paid.id, { lines: [{ line: 0, numbers: [1] }] })
    expect(back.status, JSON.stringify(back.body)).toBe(201)
    expect(await place(first, hall, 'regular')).toMatchObject({
      state: 'offered',
      position: 0,
      offeredUntil: iso(NOW + DAY),
    })
    expect(await place(second, hall, 'vip')).toMatchObject({ state: 'waiting', position: 1 })
    expect(await typeOf(hall, 'regular')).toMatchObject({ sold: 0, held: 1, waiting: 0, available: 0 })
    expect(await typeOf(hall, 'vip')).toMatchObject({ sold: 1, held: 0, waiting: 1, available: 0 })
    await sweep()
    const [mail] = await mailsTo(first.email)
    expect(mail!.title).toMatch(/^A ticket is free/)
    expect(mail!.text).toContain('Jazz at the Lake: Regular')
    expect(mail!.text).toContain(hall.types.regular)
    expect(await mailsTo(second.email)).toEqual([])

    for (const name of ['regular', 'vip'] as const) {
      const refused = await order(stranger, [{ ticketTypeId: hall.types[name], quantity: 1 }])
      expect(refused.body.code).toBe('sold_out')
    }
    const key = newKey()
    const bought = await buys(first, hall, 'regular', 1, key)
    expect(bought.status).toBe('paid')
    // The offer is gone by now, but a repeat is no new purchase.
    const again = await order(first, [{ ticketTypeId: hall.types.regular, quantity: 1 }], {}, key)
    expect(again.body.id).toBe(bought.id)
    expect((await as(first, 'GET', listOf(hall, 'regular'))).status).toBe(404)
    expect(await typeOf(hall, 'regular')).toMatchObject({ sold: 1, held: 0, waiting: 0 })
    expect(await countsOf(hall)).toEqual({ seats: { sold: 2, held: 0 }, tickets: { sold: 2, held: 0 } })
  })

  it('keeps the price of an offer, and gives it back to whose order is refused, with one mail', async () => {
    const hall = await stageHall(2, 100, LATER)
    const [holder, amina, brian] = (await players(3)) as [Person, Person, Person]
    const reservation = await takesFree(holder, hall, 2)
    await joins(amina, hall, 'regular')
    await joins(brian, hall, 'free')
    expect((await givesBack(holder, reservation, [1])).status).toBe(200)
    const offer = await place(amina, hall, 'regular')
    expect(offer).toMatchObject({ state: 'offered', quantity: 1 })
    const dearer = await change(hall, 'regular', { price: { amount: 90_000, currency: 'KES' } })
    expect([dearer.status, dearer.body.code]).toEqual([409, 'invalid_state'])
    await sweep()
    const lines = (['regular', 'vip'] as const).map((name) => ({
      ticketTypeId: hall.types[name],
      quantity: 1,
    }))
    for (let count = 0; count < 4; count++) {
      const refused = await order(amina, lines)
      expect([refused.status, refused.body.code]).toEqual([409, 'sold_out'])
      expect(await place(amina, hall, 'regular')).toEqual(offer)
      expect(await place(brian, hall, 'free')).toMatchObject({ state: 'waiting', position: 1 })
    }
    await Promise.all(partsOf(hall).map(catchUp))
    await sweep()
    expect(await mailsTo(amina.email)).toHaveLength(1)
    expect((await buys(amina, hall, 'regular')).status).toBe('paid')
  })

  it('passes an offer on once it is declined, has lapsed, or was ordered and not paid', async () => {
    const hall = await stageHall(3, 100, LATER)
    const [holder, first, second, third] = (await players(4)) as [Person, Person, Person, Person]
    const reservation = await takesFree(holder, hall, 3)
    await joins(first, hall, 'vip')
    await joins(second, hall, 'free')
    await joins(third, hall, 'regular')
    expect((await givesBack(holder, reservation, [2])).status).toBe(200)
    expect(await place(first, hall, 'vip')).toMatchObject({ state: 'offered' })
    for (let count = 0; count < 2; count++)
      expect((await as(first, 'DELETE', listOf(hall, 'vip'))).status).toBe(204)
    expect(await place(second, hall, 'free')).toMatchObject({ state: 'offered' })
    await ringAt(NOW + DAY, hall)
    expect((await as(second, 'GET', listOf(hall, 'free'))).status).toBe(404)
    expect((await take(second, hall.types.free)).body.code).toBe('sold_out')
    expect(await place(third, hall, 'regular')).toMatchObject({ state: 'offered' })
    const tooMany = await order(third, [{ ticketTypeId: hall.types.regular, quantity: 2 }])
    expect(tooMany.body.detail).toBe('1 ticket is kept for you: buy it alone, or leave the waiting list.')
    expect((await order(third, [{ ticketTypeId: hall.types.regular, quantity: 1 }])).status).toBe(201)
    await joins(second, hall, 'free')
    await ringAt(NOW + DAY + 30 * MINUTE, hall)
    await sweep()
    expect(await place(second, hall, 'free')).toMatchObject({ state: 'offered' })
    // Free tickets are taken by an order that costs nothing.
    expect((await take(second, hall.types.free)).status).toBe(201)
    expect(await countsOf(hall)).toEqual({ seats: { sold: 3, held: 0 }, tickets: { sold: 3, held: 0 } })
  })

  it('keeps the ticket of a full type for who waits for it, and sells the others', async () => {
    const hall = await stageHall(10, 10, LATER)
    await change(hall, 'vip', { capacity: 1 })
    const [buyer, first, second, other] = (await players(4)) as [Person, Person, Person, Person]
    await buys(buyer, hall, 'vip')
    await joins(first, hall, 'vip')
    await joins(second, hall, 'vip')
    expect((await join(other, hall, 'regular')).body.code).toBe('invalid_state')
    expect((await take(other, hall.types.free, 2)).status).toBe(201)
    const raised = await change(hall, 'vip', { capacity: 2 })
    expect(raised.body).toMatchObject({ capacity: 2 })
    expect(await place(first, hall, 'vip')).toMatchObject({ state: 'offered' })
    expect(await typeOf(hall, 'vip')).toMatchObject({ sold: 1, held: 1, waiting: 1, available: 0 })
    const refused = await order(other, [{ ticketTypeId: hall.types.vip, quantity: 1 }])
    expect(refused.body.code).toBe('sold_out')
    const lowered = await change(hall, 'vip', { capacity: 1 })
    expect(lowered.body).toMatchObject({
      code: 'invalid_state',
      detail: '2 tickets are held or sold: the total cannot be lower.',
    })
    expect(await typeOf(hall, 'vip')).toMatchObject({ capacity: 2 })
    await buys(first, hall, 'vip')
    expect((await change(hall, 'vip', { capacity: 3 })).status).toBe(200)
    expect(await place(second, hall, 'vip')).toMatchObject({ state: 'offered' })
  })

  it('takes part in a raised hall, and keeps its types in it while people wait', async () => {
    const hall = await stageHall(1, 10, LATER)
    const [holder, first] = (await players(2)) as [Person, Person]
    await takesFree(holder, hall)
    await joins(first, hall, 'vip')
    expect((await change(hall, 'vip', { capacityGroupId: null })).body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('People wait for this ticket type'),
    })
    const path = `${groupsOf(hall)}/${hall.groupId}`
    expect((await as(hall.operator, 'PUT', path, { capacity: 2 })).status).toBe(200)
    expect(await place(first, hall, 'vip')).toMatchObject({ state: 'offered' })
    expect((await as(hall.operator, 'PUT', path, { capacity: 1 })).body.code).toBe('invalid_state')
    expect((await as(first, 'DELETE', listOf(hall, 'vip'))).status).toBe(204)
    expect((await change(hall, 'vip', { capacityGroupId: null })).body.capacityGroupId).toBe(null)
    // Alone again, it sells what it has.
    expect((await order(first, [{ ticketTypeId: hall.types.vip, quantity: 3 }])).status).toBe(201)
  })

  it('ends with its event: who waits for any type, or was offered a seat, gets one mail that says so', async () => {
    const hall = await stageHall(3, 100, LATER)
    const [holder, offered, first, second] = (await players(4)) as [Person, Person, Person, Person]
    const reservation = await takesFree(holder, hall, 3)
    await joins(offered, hall, 'free')
    await joins(first, hall, 'vip')
    await joins(second, hall, 'vip')
    await joins(second, hall, 'regular')
    await givesBack(holder, reservation, [2])
    expect(await place(offered, hall, 'free')).toMatchObject({ state: 'offered' })
    await as(hall.operator, 'POST', `/events/${hall.id}/cancel`, { reason: 'The hall is flooded.' })
    for (let count = 0; count < 3; count++) await sweep()
    for (const person of [offered, first, second]) {
      const mails = await mailsTo(person.email)
      expect(mails.map(({ title }) => title)).toEqual(['Cancelled: “Jazz at the Lake”'])
      expect(mails[0]!.text).toContain('You waited for tickets: there will be none.')
    }
  })
})

describe('a storm', { timeout: 120_000 }, () => {
  it('of refunds, people who wait and buyers of three types gives each freed seat to one who waits', async () => {
    const SEATS = 12
    const hall = await stageHall(SEATS, 100, LATER)
    const names = ['free', 'regular', 'vip'] as const
    const holders = await players(SEATS)
    const waiters = await players(9)
    const strangers = await players(24)
    const taken = await Promise.all(holders.map(async (person) => (await take(person, hall.types.free)).body))
    await Promise.all(waiters.map((person, index) => joins(person, hall, names[index % 3]!)))
    const wants = (person: Person, index: number) =>
      index % 3 === 0
        ? take(person, hall.types.free)
        : order(person, [{ ticketTypeId: hall.types[names[index % 3]!], quantity: 1 }])
    // Seats come free while strangers hurry to buy them.
    const [bought] = await Promise.all([
      Promise.all(strangers.map(wants)),
      ...taken
        .slice(0, 6)
        .map(({ reservation, tickets }, index) =>
          givesBack(holders[index]!, reservation.id, [tickets[0].number]),
        ),
    ])
    expect(bought.map(({ body }) => body.code)).toEqual(strangers.map(() => 'sold_out'))
    const places = await Promise.all(waiters.map((person, index) => place(person, hall, names[index % 3]!)))
    expect(places.filter(({ state }) => state === 'offered')).toHaveLength(6)
    const offered = waiters.flatMap((person, index) =>
      places[index].state === 'offered' ? [{ person, index }] : [],
    )
    // Those who are offered seats buy, others are offered what is declined, and strangers try again.
    const results = await Promise.all([
      ...offered.slice(0, 4).map(({ person, index }) => wants(person, index)),
      ...offered.slice(4).map(({ person, index }) => as(person, 'DELETE', listOf(hall, names[index % 3]!))),
      ...strangers.slice(0, 9).map(wants),
    ])
    expect(results.slice(0, 4).map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(results.slice(6).every(({ body }) => body.code === 'sold_out')).toBe(true)
    const group = await stateOf(hall.groupId)
    expect([group.sold + group.held, group.waiting]).toEqual([SEATS, 1])
    // The declined seats go to those who are left, and lapse for those who do nothing. No seat has leaked.
    for (let day = 1; day <= 3; day++) {
      await ringAt(NOW + day * DAY, hall)
      await sweep()
    }
    expect((await stateOf(hall.groupId)).waiting).toBe(0)
    const { seats, tickets } = await countsOf(hall)
    expect(seats).toEqual(tickets)
    expect(seats.held).toBe(0)
    const room = SEATS - seats.sold
    expect(room).toBeGreaterThan(0)
    expect((await take(await registerPlayer(), hall.types.free, room)).status).toBe(201)
  })
})
