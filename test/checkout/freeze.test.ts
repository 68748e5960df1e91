// The freeze of a raffle with paid tickets: money that arrived before it counts, even if no webhook reported it.
import { describe, expect, it, vi } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { expectLogged } from '../harness/log.ts'
import { registerPlayer } from '../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  HOUR,
  iso,
  MINUTE,
  newKey,
  poolState,
  ringAlarm,
  SECOND,
  type Staged,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { historyOf, orderOf, PRICE, press, reserve, stagePriced, withKey } from './checkout.ts'

useClock()

/** An hour to pay. The raffle was published when it was ten minutes. */
const RAISED = { HOLD_SECONDS: '3600' } as Partial<Bindings>

const FREEZE_AT = CLOSES_AT + 10 * MINUTE
/** The alarm rings a little later if the draw leaves time for it. */
const FREEZES = FREEZE_AT + 2 * SECOND

async function freeze(raffle: Staged, when = FREEZES) {
  at(when)
  await ringAlarm(raffle.pool)
  return (await poolState(raffle.pool))!
}

/** Reserves tickets at the last moment before sales end. */
async function lastMinute(changes: Record<string, unknown> = {}) {
  const raffle = await stagePriced(changes)
  const player = await registerPlayer()
  at(CLOSES_AT - SECOND)
  return { raffle, player, bought: await reserve(player, raffle.id, 2) }
}

describe('the freeze', () => {
  it.each([
    ['at the end of sales', CLOSES_AT - SECOND, false],
    ['before an operator ends them', CLOSES_AT - HOUR / 2, true],
  ])(
    'comes after the time to pay of tickets reserved %s, even if the time to pay was raised since',
    async (_when, reservedAt, isClosed) => {
      const raffle = await stagePriced({ earlyClose: 'operator' })
      const player = await registerPlayer()
      at(reservedAt)
      const { status, body: order } = await as(
        player,
        'POST',
        '/orders',
        { lines: [{ raffleId: raffle.id, quantity: 2 }], payment: { provider: 'sandbox' } },
        { ...withKey(newKey()), bindings: RAISED },
      )
      expect([status, order.payUntil]).toEqual([201, iso(reservedAt + 10 * MINUTE)])
      if (isClosed)
        await as(raffle.operator, 'POST', `/raffles/${raffle.id}/close`, { reason: 'All is ready.' })
      const { freezeAt } = (await poolState(raffle.pool))!
      expect(Date.parse(order.payUntil)).toBeLessThanOrEqual(freezeAt!)
      at(Date.parse(order.payUntil) - 1)
      await press(order.payment.checkoutUrl, 'approve')
      expect(await orderOf(player, order.id)).toMatchObject({ status: 'paid', lines: [{ state: 'issued' }] })
    },
  )

  it('queries providers a last time, and counts unreported money that arrived in time', async () => {
    const { raffle, player, bought } = await lastMinute()
    at(FREEZE_AT - 40 * SECOND)
    await press(bought.checkoutUrl, 'later')
    const { sold, held, commitment } = await freeze(raffle)
    expect({ sold, held, ticketCount: commitment?.ticketCount }).toEqual({ sold: 2, held: 0, ticketCount: 2 })
    expect(await orderOf(player, bought.id)).toMatchObject({ status: 'paid', lines: [{ state: 'issued' }] })
    expect(commitment!.round).toBe((await freeze(raffle)).commitment!.round)
  })

  it('counts that money towards the minimum of the raffle', async () => {
    const { raffle, bought } = await lastMinute({ minTickets: 2 })
    at(FREEZE_AT - 40 * SECOND)
    await press(bought.checkoutUrl, 'later')
    expect(await freeze(raffle)).toMatchObject({ sold: 2, cancellation: null })
  })

  it('expires unpaid orders, and refunds money that arrives later', async () => {
    const { raffle, player, bought } = await lastMinute()
    expect(await freeze(raffle)).toMatchObject({ sold: 0, held: 0, commitment: { ticketCount: 0 } })
    expect((await orderOf(player, bought.id)).status).toBe('expired')
    at(FREEZES + MINUTE)
    await press(bought.checkoutUrl, 'approve')
    await sweep()
    const order = await orderOf(player, bought.id)
    expect(order).toMatchObject({ status: 'refunded', refunded: { amount: 2 * PRICE } })
    expect(await poolState(raffle.pool)).toMatchObject({ sold: 0 })
  })

  it('neither waits for a provider that does not answer nor moves its round', async () => {
    expectLogged('a provider could not be reached')
    const { raffle, player, bought } = await lastMinute()
    const outage = vi.spyOn(sandbox, 'fetch').mockRejectedValue(new Error('no route to host'))
    const { sold, commitment } = await freeze(raffle)
    outage.mockRestore()
    expect([sold, commitment?.ticketCount]).toEqual([0, 0])
    expect(commitment!.effectiveDrawAt).toBe(Date.parse(iso(CLOSES_AT + HOUR)) / SECOND)
    await press(bought.checkoutUrl, 'approve')
    at(FREEZES + MINUTE)
    await sweep()
    const order = await orderOf(player, bought.id)
    expect(['refund_due', 'refunded']).toContain(order.status)
    expect(historyOf(order)).toContain('will be refunded to you')
  })

  it('happens once, even if the alarm and several sweeps start it at once', async () => {
    const { raffle, bought, player } = await lastMinute()
    at(FREEZE_AT - 40 * SECOND)
    await press(bought.checkoutUrl, 'later')
    at(FREEZES)
    await Promise.all([ringAlarm(raffle.pool), sweep(), sweep()])
    expect(await poolState(raffle.pool)).toMatchObject({ sold: 2, commitment: { ticketCount: 2 } })
    expect((await orderOf(player, bought.id)).status).toBe('paid')
  })
})
