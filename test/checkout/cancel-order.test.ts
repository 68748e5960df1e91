// A buyer's cancel is final: money that arrives later is refunded, and the order never comes back to life.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { stageProduct, stockOf } from '../catalog/shelf.ts'
import { type Answer, call } from '../harness/client.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, at, interrupted, MINUTE, NOW, newKey, sweep, useClock } from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import { ordered } from './cart.ts'
import { historyOf, orderOf, press, soldOf, stagePriced } from './checkout.ts'

useClock()

const REFUNDED = 'This order was cancelled before the money arrived.'

const cancel = (person: Pick<Person, 'id'>, id: string, bindings: Partial<Bindings> = {}): Promise<Answer> =>
  as(person, 'POST', `/orders/${id}/cancel`, undefined, { bindings })

const approve = (checkoutUrl: string, bindings: Partial<Bindings>) =>
  call('POST', new URL(checkoutUrl).pathname, { form: { action: 'approve' }, bindings })

/** An unpaid order of two tickets and one unit of a product. */
async function staged(payment: object = { provider: 'sandbox' }) {
  const raffle = await stagePriced()
  const product = await stageProduct({}, raffle.organisation)
  const player = await registerPlayer()
  const lines = [
    { raffleId: raffle.id, quantity: 2 },
    { productId: product.id, quantity: 1 },
  ]
  return { raffle, product, player, order: await ordered(player, lines, { payment, pickup: true }) }
}

type Stage = Awaited<ReturnType<typeof staged>>

const refundsOf = async ({ player, order }: Stage) =>
  (await as(player, 'GET', `/orders/${order.id}/refunds`)).body.data

async function expectStillCancelled({ raffle, product, player, order }: Stage): Promise<void> {
  const present = await orderOf(player, order.id)
  const released = { state: 'released', tickets: [] }
  expect(present).toMatchObject({ status: 'cancelled', lines: [released, released], refunded: { amount: 0 } })
  expect(historyOf(present)).toContain(REFUNDED)
  expect([await soldOf(raffle.id), await stockOf(product.id)]).toEqual([0, 3])
  expect(await audit(env, { raffles: [raffle.id, product.id], settled: false })).toEqual([])
}

describe('a cancelled order', () => {
  it.each(['approve', 'twice'] as const)('refunds money that arrives later: %s', async (button) => {
    const stage = await staged()
    expect((await cancel(stage.player, stage.order.id)).body.status).toBe('cancelled')
    await press(stage.order.payment.checkoutUrl, button)
    at(NOW + MINUTE)
    await sweep()
    await expectStillCancelled(stage)
    const paid = { status: 'paid', amount: stage.order.amount }
    expect(await refundsOf(stage)).toMatchObject(button === 'twice' ? [paid, paid] : [paid])
  })

  it('refunds money that was under way when its buyer cancelled it', async () => {
    const stage = await staged()
    await press(stage.order.payment.checkoutUrl, 'later')
    expect((await cancel(stage.player, stage.order.id)).body.status).toBe('cancelled')
    for (const minute of [2, 6, 16]) {
      at(NOW + minute * MINUTE)
      await sweep()
    }
    await expectStillCancelled(stage)
    expect(await refundsOf(stage)).toMatchObject([{ status: 'paid', amount: stage.order.amount }])
  })

  it('owes a refund by hand for cash that an operator records later', async () => {
    const stage = await staged({ provider: 'manual' })
    const { raffle, player, order } = stage
    await cancel(player, order.id)
    const path = `/payments/${order.payment.id}/receipts`
    expect((await as(raffle.operator, 'POST', path, { reference: `cash ${newKey()}` })).status).toBe(201)
    await sweep()
    await expectStillCancelled(stage)
    const [refund] = await refundsOf(stage)
    expect(refund).toMatchObject({ amount: order.amount })
    expect(refund.status).not.toBe('paid')
  })

  it('differs from an expired order, which its buyer may still pay', async () => {
    const stage = await staged()
    at(NOW + 10 * MINUTE)
    await sweep()
    await press(stage.order.payment.checkoutUrl, 'approve')
    expect((await orderOf(stage.player, stage.order.id)).status).toBe('paid')
    expect(await soldOf(stage.raffle.id)).toBe(2)
  })
})

describe('a cancel while money arrives', () => {
  it('is refused if the money is recorded first', async () => {
    const { player, order } = await staged()
    const { DB, done } = interrupted(/update "orders" set "status"/, () =>
      press(order.payment.checkoutUrl, 'approve'),
    )
    const { status, body } = await cancel(player, order.id, { DB })
    expect(done()).toBe(true)
    expect([status, body.detail]).toEqual([409, 'This order is paid: ask the organiser for a refund.'])
    expect((await orderOf(player, order.id)).status).toBe('paid')
  })

  it('is final if it comes first, even if the money is being recorded at that moment', async () => {
    const stage = await staged()
    const { player, order } = stage
    const { DB, done } = interrupted(/insert into "receipts"/, async () => {
      // The cancel polled the provider a moment before the money arrived there.
      const unpaid = { status: 'pending' as const, captures: [], reason: null }
      vi.spyOn(sandbox, 'fetch').mockResolvedValueOnce(unpaid)
      expect((await cancel(player, order.id)).body.status).toBe('cancelled')
    })
    expect((await approve(order.payment.checkoutUrl, { DB })).status).toBeLessThan(400)
    expect(done()).toBe(true)
    await sweep()
    await expectStillCancelled(stage)
  })
})
