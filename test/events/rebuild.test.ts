// After a restore of the database: an event's pools bring back what they know.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { askPool } from '../../src/tickets/client.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { orderOf, press, withKey } from '../checkout/checkout.ts'
import { registerPlayer, signedInAdmin, testContext } from '../harness/people.ts'
import { as, at, MINUTE, NOW, newKey, sweep, useClock } from '../raffles/scenario.ts'
import { type StagedEvent, stageEvent } from './event-stage.ts'

useClock()

const rebuild = async (staged: StagedEvent) =>
  as(await signedInAdmin(), 'POST', `/events/${staged.id}/rebuild`)

const poolsOf = (staged: StagedEvent, groupId: string) =>
  JSON.stringify([groupId, ...Object.values(staged.types)].map(poolNameOf))

/** The database loses what the pools have written. */
const loseProjection = (pools: string) =>
  env.DB.batch(
    ['pools', 'reservations'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table} WHERE pool IN (SELECT value FROM json_each(?))`).bind(pools),
    ),
  )

/** A published event with a capacity group, three free tickets of it, and a capacity that was raised. */
async function stageSold() {
  const staged = await stageEvent()
  const { operator } = staged
  const hall = { name: 'The hall', capacity: 40 }
  const group = (await as(operator, 'POST', `/events/${staged.id}/capacity-groups`, hall)).body
  const path = `/events/${staged.id}/ticket-types/${staged.types.free}`
  await as(operator, 'PUT', path, { capacityGroupId: group.id, capacity: 30 })
  const player = await registerPlayer()
  const key = withKey(newKey())
  const taken = { ticketTypeId: staged.types.free, quantity: 3 }
  expect((await as(player, 'POST', '/tickets/purchase', taken, key)).status).toBe(201)
  const event = (await as(operator, 'GET', `/events/${staged.id}`)).body
  const groups = async () => (await as(operator, 'GET', `/events/${staged.id}/capacity-groups`)).body.data
  return { staged, player, event, group, groups, pools: poolsOf(staged, group.id) }
}

describe('a rebuild', () => {
  it('brings back the lists and counts of ticket types and capacity groups', async () => {
    const { staged, player, event, group, groups, pools } = await stageSold()
    const before = { mine: (await as(player, 'GET', '/tickets')).body, groups: await groups() }
    expect(before.groups).toMatchObject([{ id: group.id, sold: 3, available: 37 }])
    await loseProjection(pools)
    expect((await as(player, 'GET', '/tickets')).body.data).toEqual([])
    const { status, body } = await rebuild(staged)
    expect(status).toBe(200)
    expect(body.ticketTypes).toEqual(event.ticketTypes)
    expect({ mine: (await as(player, 'GET', '/tickets')).body, groups: await groups() }).toEqual(before)
    expect((await rebuild(staged)).body.ticketTypes).toEqual(event.ticketTypes)
  })

  it('keeps what the pools sell under, if the rows are older', async () => {
    const { staged, event, group, pools } = await stageSold()
    await loseProjection(pools)
    await env.DB.batch([
      env.DB.prepare(`UPDATE events SET status = 'draft', published_at = NULL WHERE id = ?`).bind(staged.id),
      env.DB.prepare(
        `UPDATE ticket_types SET terms_version = 0, capacity = 1, capacity_group_id = NULL WHERE event_id = ?`,
      ).bind(staged.id),
      env.DB.prepare(`UPDATE capacity_groups SET terms_version = 0, capacity = 1 WHERE event_id = ?`).bind(
        staged.id,
      ),
    ])
    const { body } = await rebuild(staged)
    expect(body.status).toBe('published')
    const facts = ({ capacity, capacityGroupId, sold, sale }: (typeof event.ticketTypes)[number]) => [
      capacity,
      capacityGroupId,
      sold,
      sale,
    ]
    expect(body.ticketTypes.map(facts)).toEqual(event.ticketTypes.map(facts))
    at(NOW + 2 * MINUTE)
    await sweep()
    const state = await askPool(testContext(), poolNameOf(group.id), (pool) => pool.state())
    expect(state).toMatchObject({ total: 40, sold: 3 })
  })

  it('cancels an event that was cancelled since, and refunds who paid', async () => {
    const { staged, player } = await stageSold()
    const lines = [{ ticketTypeId: staged.types.vip, quantity: 1 }]
    const paid = await as(
      player,
      'POST',
      '/orders',
      { lines, payment: { provider: 'sandbox' } },
      withKey(newKey()),
    )
    await press(paid.body.payment.checkoutUrl, 'approve')
    await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'The hall is flooded.' })
    await env.DB.batch([
      env.DB.prepare(
        `UPDATE events SET status = 'published', cancelled_at = NULL, cancel_reason = NULL WHERE id = ?`,
      ).bind(staged.id),
      env.DB.prepare('DELETE FROM refund_runs WHERE raffle_id = ?').bind(staged.types.vip),
    ])
    const { body } = await rebuild(staged)
    expect(body).toMatchObject({ status: 'cancelled', cancellation: { reason: 'The hall is flooded.' } })
    for (let minute = 2; minute <= 6; minute += 2) {
      at(NOW + minute * MINUTE)
      await sweep()
    }
    expect((await orderOf(player, paid.body.id)).status).toBe('refunded')
  })

  it('is for administrators alone', async () => {
    const staged = await stageEvent()
    expect((await as(staged.operator, 'POST', `/events/${staged.id}/rebuild`)).status).toBe(403)
    expect((await as(await registerPlayer(), 'POST', `/events/${staged.id}/rebuild`)).status).toBe(403)
  })
})
