// The tickets of a cancelled raffle: every page shows them as voided, and none can be bought.
import { describe, expect, it } from 'vitest'
import { orderOf, paid, purchase, reserve, stagePriced } from '../checkout/checkout.ts'
import { failingDatabase } from '../harness/faults.ts'
import { expectLogged } from '../harness/log.ts'
import { registerPlayer } from '../harness/people.ts'
import {
  as,
  buy,
  catchUp,
  crashing,
  poolState,
  read,
  type Staged,
  stageRaffle,
  sweep,
  useClock,
} from '../raffles/scenario.ts'

useClock()

const cancel = async ({ id, operator }: Staged) =>
  expect((await as(operator, 'POST', `/raffles/${id}/cancel`, { reason: 'It rains.' })).status).toBe(200)
const availability = async ({ id }: Staged) => {
  await catchUp(id)
  return (await as(null, 'GET', `/raffles/${id}/availability`)).body
}

const NOTHING_LEFT = { sold: 0, held: 0, available: 0 }

describe('once a raffle is cancelled', () => {
  it('its tickets are voided for their buyer, before the refund and after it', async () => {
    const raffle = await stagePriced({ totalTickets: 100 })
    const player = await registerPlayer()
    const bought = await paid(player, raffle.id, 3)
    expect(bought.order.lines[0].tickets).toHaveLength(3)
    await cancel(raffle)
    for (const status of ['paid', 'refunded']) {
      if (status === 'refunded') await sweep()
      const [mine] = (await as(player, 'GET', '/tickets')).body.data
      expect(mine.reservation).toMatchObject({ id: bought.reservationId, state: 'voided', quantity: 3 })
      const { body } = await as(player, 'GET', `/tickets/${bought.reservationId}`)
      expect(body.reservation).toEqual(mine.reservation)
      expect(await orderOf(player, bought.id)).toMatchObject({ status, lines: [{ tickets: [] }] })
      const repeated = await purchase(player, raffle.id, { quantity: 3 }, { key: bought.key })
      expect(repeated.body).toMatchObject({
        reservation: { state: 'voided' },
        order: { status, lines: [{ tickets: [] }] },
      })
    }
  })

  it('it shows no tickets as sold, held or available', async () => {
    const raffle = await stagePriced({ totalTickets: 100, numbering: 'chosen' })
    const player = await registerPlayer()
    const { status, body } = await purchase(player, raffle.id, { numbers: [7, 13] })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(await availability(raffle)).toEqual({ total: 100, sold: 0, held: 2, available: 98 })
    await cancel(raffle)
    expect(await availability(raffle)).toEqual({ total: 100, ...NOTHING_LEFT })
    expect(await read(raffle.id)).toMatchObject({ status: 'cancelled', totalTickets: 100, ...NOTHING_LEFT })
    const free = await as(null, 'GET', `/raffles/${raffle.id}/numbers`)
    expect(free.body).toEqual({ data: [], nextCursor: null })
  })

  it('its unpaid reservations are released', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const { reservationId } = await reserve(player, raffle.id)
    await cancel(raffle)
    const { body } = await as(player, 'GET', `/tickets/${reservationId}`)
    expect(body.reservation).toMatchObject({ state: 'released', heldUntil: null })
  })

  it('its free entries are voided too, even while D1 is down; the pool keeps its list', async () => {
    const raffle = await stageRaffle({ maxPerUser: null })
    const player = await registerPlayer()
    const { reservation, tickets } = (await buy(player, raffle.id, { quantity: 2 })).body
    const others = await stageRaffle()
    const other = (await buy(player, others.id)).body.reservation
    await cancel(raffle)
    for (const bindings of [{}, { DB: failingDatabase('D1_ERROR: no such database') }]) {
      const { body } = await as(player, 'GET', `/tickets/${reservation.id}`, undefined, { bindings })
      expect(body).toEqual({ reservation: { ...reservation, state: 'voided' }, tickets })
      const open = await as(player, 'GET', `/tickets/${other.id}`, undefined, { bindings })
      expect(open.body.reservation.state).toBe('sold')
    }
    expect(await poolState(raffle.pool)).toMatchObject({ sold: 2, logSize: 2 })
  })

  it('all of this holds even while only its pool knows of the cancellation', async () => {
    const raffle = await stageRaffle()
    const player = await registerPlayer()
    await buy(player, raffle.id)
    expectLogged('unexpected error')
    const { DB } = crashing(/^update "raffles" set "status"/i)
    const body = { reason: 'It rains.' }
    expect(
      (await as(raffle.operator, 'POST', `/raffles/${raffle.id}/cancel`, body, { bindings: { DB } })).status,
    ).toBe(500)
    expect(await availability(raffle)).toMatchObject(NOTHING_LEFT)
    expect((await as(player, 'GET', '/tickets')).body.data[0].reservation.state).toBe('voided')
  })
})
