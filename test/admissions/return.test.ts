// Holders give free admissions back: to which events, until when, and what becomes of the seats.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { orderOf } from '../checkout/checkout.ts'
import { givesTo, orders, STARTS_AT, stageEvent, takes } from '../events/event-stage.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, at, buy, DAY, KES, NOW, SECOND, stageRaffle, sweep, useClock } from '../raffles/scenario.ts'
import { sold } from '../suspensions/stage.ts'

useClock()

const giveBack = (who: Person | null, id: string, body: object = {}) =>
  as(who, 'POST', `/tickets/${id}/return`, body)

it('some or all of the tickets, and a repeat changes nothing', async () => {
  const { types } = await stageEvent()
  const [holder, other] = [await registerPlayer(), await registerPlayer()]
  const id = await takes(holder, types.free, 3)
  const { body } = await giveBack(holder, id, { numbers: [2] })
  expect(body.tickets).toEqual([
    { number: 1, label: '1' },
    { number: 3, label: '3' },
  ])
  await takes(other, types.free)
  for (let count = 0; count < 2; count++) {
    const { status, body } = await giveBack(holder, id, { numbers: [2] })
    expect([status, body.tickets.length]).toEqual([200, 2])
  }
  expect(await sold(types.free)).toBe(3)
  expect((await giveBack(holder, id)).body.reservation.state).toBe('voided')
  expect((await giveBack(holder, id)).body.reservation.state).toBe('voided')
  expect(await sold(types.free)).toBe(1)
})

it('what was given to somebody else stays there', async () => {
  const { types } = await stageEvent()
  const [holder, friend] = [await registerPlayer(), await registerPlayer()]
  const id = await takes(holder, types.free, 2)
  await givesTo(friend, id, 1)
  expect((await giveBack(holder, id, { numbers: [1] })).status).toBe(200)
  expect((await giveBack(holder, id)).status).toBe(200)
  expect(await sold(types.free)).toBe(1)
  const [{ reservation }] = (await as(friend, 'GET', '/tickets')).body.data
  expect((await giveBack(friend, reservation.id)).body.reservation.state).toBe('voided')
  expect(await sold(types.free)).toBe(0)
})

it('of an order with others, the free ones alone', async () => {
  const { types } = await stageEvent()
  const holder = await registerPlayer()
  const order = await orders(holder, [
    { ticketTypeId: types.vip, quantity: 1 },
    { ticketTypeId: types.free, quantity: 2 },
  ])
  const [vip, free] = order.lines
  expect((await giveBack(holder, vip.reservationId)).body.detail).toContain('cost money')
  expect((await giveBack(holder, free.reservationId)).status).toBe(200)
  const after = await orderOf(holder, order.id)
  expect(after.status).toBe('paid')
  expect(after.lines.map(({ tickets }: { tickets: unknown[] }) => tickets.length)).toEqual([1, 0])
})

it('not those of another person, of a raffle, of an unpaid order, or after the start', async () => {
  const { types } = await stageEvent()
  const [holder, other, debtor] = await Promise.all(Array.from({ length: 3 }, () => registerPlayer()))
  const id = await takes(holder!, types.free)
  expect((await giveBack(other!, id)).status).toBe(404)
  expect((await giveBack(null, id)).status).toBe(401)
  const raffle = await stageRaffle({ ticketPrice: KES(0) })
  const entry = (await buy(other!, raffle.id)).body.reservation.id
  expect((await giveBack(other!, entry)).body.code).toBe('invalid_state')
  const lines = [
    { ticketTypeId: types.vip, quantity: 1 },
    { ticketTypeId: types.free, quantity: 1 },
  ]
  const unpaid = await orders(debtor!, lines, false)
  const held = unpaid.lines[1].reservationId
  expect((await giveBack(debtor!, held)).body.detail).toContain('not paid yet')
  at(STARTS_AT - SECOND)
  expect((await giveBack(holder!, id, { numbers: [7] })).body.tickets).toHaveLength(1)
  at(STARTS_AT)
  expect((await giveBack(holder!, id)).body.detail).toBe('The event has begun.')
})

it('leaves a row for 90 days after it was carried out', { timeout: 60_000 }, async () => {
  const { types } = await stageEvent()
  const holder = await registerPlayer()
  const [settled, open] = [await takes(holder, types.free), await takes(holder, types.free)]
  for (const id of [settled, open]) expect((await giveBack(holder, id)).status).toBe(200)
  // A return that is not carried out is kept.
  await env.DB.prepare('UPDATE ticket_returns SET settled_at = NULL WHERE reservation_id = ?')
    .bind(open)
    .run()
  const kept = async () => {
    await sweep()
    const { results } = await env.DB.prepare(
      'SELECT reservation_id AS id FROM ticket_returns WHERE reservation_id IN (?, ?) ORDER BY reservation_id',
    )
      .bind(settled, open)
      .all<{ id: string }>()
    return results.map(({ id }) => id)
  }
  at(NOW + 90 * DAY)
  expect(await kept()).toEqual([settled, open].sort())
  at(NOW + 90 * DAY + 1)
  expect(await kept()).toEqual([open])
})
