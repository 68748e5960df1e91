// The freeze of a priced raffle: what was paid by then has its tickets, whether or not anybody had told of it.
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

/** An hour to pay, in a raffle that was published when there were ten minutes. */
const RAISED = { HOLD_SECONDS: '3600' } as Partial<Bindings>

const FREEZE_AT = CLOSES_AT + 10 * MINUTE
/** When the alarm rings, where the draw leaves room. */
const FREEZES = FREEZE_AT + 2 * SECOND

async function freeze(raffle: Staged, when = FREEZES) {
  at(when)
  await ringAlarm(raffle.pool)
  return (await poolState(raffle.pool))!
}

/** Reserved at the last moment that sales were open. */
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
    'comes after the time to pay of what was reserved %s, also where that was raised since',
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

  it('asks once more, and counts money that arrived in time and nobody told of', async () => {
    const { raffle, player, bought } = await lastMinute()
    at(FREEZE_AT - 40 * SECOND)
    await press(bought.checkoutUrl, 'later')
    const { sold, held, commitment } = await freeze(raffle)
    expect({ sold, held, ticketCount: commitment?.ticketCount }).toEqual({ sold: 2, held: 0, ticketCount: 2 })
    expect(await orderOf(player, bought.id)).toMatchObject({ status: 'paid', lines: [{ state: 'issued' }] })
    expect(commitment!.round).toBe((await freeze(raffle)).commitment!.round)
  })

  it('keeps a raffle above its minimum by it', async () => {
    const { raffle, bought } = await lastMinute({ minTickets: 2 })
    at(FREEZE_AT - 40 * SECOND)
    await press(bought.checkoutUrl, 'later')
    expect(await freeze(raffle)).toMatchObject({ sold: 2, cancellation: null })
  })

  it('ends what is not paid, and sends back what is paid after it', async () => {
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

  it('does not wait for a provider that does not answer, nor move its round', async () => {
    expectLogged('a provider could not be asked')
    const { raffle, player, bought } = await lastMinute()
    const deaf = vi.spyOn(sandbox, 'fetch').mockRejectedValue(new Error('no route to host'))
    const { sold, commitment } = await freeze(raffle)
    deaf.mockRestore()
    expect([sold, commitment?.ticketCount]).toEqual([0, 0])
    expect(commitment!.effectiveDrawAt).toBe(Date.parse(iso(CLOSES_AT + HOUR)) / SECOND)
    await press(bought.checkoutUrl, 'approve')
    at(FREEZES + MINUTE)
    await sweep()
    const order = await orderOf(player, bought.id)
    expect(['refund_due', 'refunded']).toContain(order.status)
    expect(historyOf(order)).toContain('goes back to you')
  })

  it('is one, however often it is due at a time', async () => {
    const { raffle, bought, player } = await lastMinute()
    at(FREEZE_AT - 40 * SECOND)
    await press(bought.checkoutUrl, 'later')
    at(FREEZES)
    await Promise.all([ringAlarm(raffle.pool), sweep(), sweep()])
    expect(await poolState(raffle.pool)).toMatchObject({ sold: 2, commitment: { ticketCount: 2 } })
    expect((await orderOf(player, bought.id)).status).toBe('paid')
  })
})
