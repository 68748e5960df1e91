// What a suspended person holds of events: it is taken back as raffle tickets are, until the event is over.
import { expect, it } from 'vitest'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { ENDS_AT, orders, stageEvent, takes, VIP_PRICE } from '../events/event-stage.ts'
import { stageHall } from '../events/hall.ts'
import { registerPlayer } from '../harness/people.ts'
import { as, at, catchUp, MINUTE, poolState, sweep, useClock } from '../raffles/scenario.ts'
import { reservationOf, sold, storedOrder, suspend } from './stage.ts'

useClock()

it('admissions are taken back: free ones, paid ones, and free ones inside a paid order', async () => {
  const staged = await stageEvent()
  const { free, vip } = staged.types
  const [person, other] = [await registerPlayer(), await registerPlayer()]
  await takes(person, free)
  await takes(other, free)
  const { id } = await orders(person, [
    { ticketTypeId: free, quantity: 1 },
    { ticketTypeId: vip, quantity: 1 },
  ])
  expect([await sold(free), await sold(vip)]).toEqual([3, 1])
  await suspend(person)
  expect([await sold(free), await sold(vip)]).toEqual([1, 0])
  await sweep()
  expect(await storedOrder(id)).toMatchObject({ status: 'refunded', returned: VIP_PRICE })
})

it('places on waiting lists are left, and what was offered there goes to the next', async () => {
  const staged = await stageEvent()
  const { free, vip } = staged.types
  const [person, holder, next] = [await registerPlayer(), await registerPlayer(), await registerPlayer()]
  const list = (type: string) => `/events/${staged.id}/ticket-types/${type}/waiting-list`
  const placeOf = async (who: typeof person, type: string) => (await as(who, 'GET', list(type))).body.state
  const reservation = await takes(holder, free, 3)
  await orders(holder, [{ ticketTypeId: vip, quantity: 2 }])
  for (const type of [free, vip])
    for (const who of [person, next])
      expect((await as(who, 'POST', list(type), { quantity: 1 })).status).toBe(201)
  await as(holder, 'POST', `/tickets/${reservation}/return`, { numbers: [1] })
  expect([await placeOf(person, free), await placeOf(person, vip)]).toEqual(['offered', 'waiting'])
  await Promise.all([catchUp(free), catchUp(vip)])
  await suspend(person)
  expect([await placeOf(next, free), await placeOf(next, vip)]).toEqual(['offered', 'waiting'])
  const position = (await as(next, 'GET', list(vip))).body.position
  expect(position).toBe(1)
})

it('places on the list of a hall are left too, for all of its types', async () => {
  const hall = await stageHall(3)
  const { free, regular, vip } = hall.types
  const [person, holder, next] = [await registerPlayer(), await registerPlayer(), await registerPlayer()]
  const list = (type: string) => `/events/${hall.id}/ticket-types/${type}/waiting-list`
  const placeOf = async (who: typeof person, type: string) => (await as(who, 'GET', list(type))).body.state
  const reservation = await takes(holder, free, 3)
  for (const [who, type] of [
    [person, vip],
    [person, regular],
    [next, regular],
  ] as const)
    expect((await as(who, 'POST', list(type), { quantity: 1 })).status).toBe(201)
  await as(holder, 'POST', `/tickets/${reservation}/return`, { numbers: [1] })
  expect([await placeOf(person, vip), await placeOf(person, regular)]).toEqual(['offered', 'waiting'])
  await catchUp(hall.groupId)
  await suspend(person)
  expect([await placeOf(person, vip), await placeOf(person, regular)]).toEqual([undefined, undefined])
  expect(await placeOf(next, regular)).toBe('offered')
})

it('an offer of a hall is given up although nobody else waits there', async () => {
  const hall = await stageHall(1)
  const [person, holder] = [await registerPlayer(), await registerPlayer()]
  const reservation = await takes(holder, hall.types.free)
  const list = `/events/${hall.id}/ticket-types/${hall.types.vip}/waiting-list`
  expect((await as(person, 'POST', list, { quantity: 1 })).status).toBe(201)
  await as(holder, 'POST', `/tickets/${reservation}/return`, { numbers: [1] })
  expect((await as(person, 'GET', list)).body.state).toBe('offered')
  await catchUp(hall.groupId)
  await suspend(person)
  await catchUp(hall.groupId)
  expect((await poolState(poolNameOf(hall.groupId)))!.held).toBe(0)
})

it('admissions of an event that is over stay', async () => {
  const staged = await stageEvent()
  const { free, vip } = staged.types
  const person = await registerPlayer()
  const taken = await takes(person, free)
  const order = await orders(person, [
    { ticketTypeId: free, quantity: 1 },
    { ticketTypeId: vip, quantity: 1 },
  ])
  at(ENDS_AT + MINUTE)
  await suspend(person)
  await sweep()
  expect((await reservationOf(taken)).state).toBe('sold')
  expect(await storedOrder(order.id)).toMatchObject({ status: 'paid', returned: 0 })
})
