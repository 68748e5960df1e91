// A raffle settles when its winners are final and all its payments and refunds are done; nothing else delays it.
import { describe, expect, it, vi } from 'vitest'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { payments } from '../../src/money/schema.ts'
import { settleCaptures } from '../../src/payments/settle-order.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { bought } from '../checkout/cart.ts'
import { orderOf, PRICE, paid, purchase, stagePriced, withKey } from '../checkout/checkout.ts'
import { AWAY } from '../harness/faults.ts'
import { expectLogged, rowNotDone } from '../harness/log.ts'
import { type Person, registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  DAY,
  HOUR,
  MINUTE,
  newKey,
  read,
  ringAlarm,
  SECOND,
  type Staged,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { claim, deliver } from './prizes.ts'

useClock()

const DRAWN = CLOSES_AT + HOUR
const PENDING = { status: 'pending', reference: null, reason: null } as const

interface Final {
  raffle: Staged
  winner: Person
  /** The winner's order. */
  order: { id: string }
  /** Another player's order, which was unpaid at the freeze. */
  late: { player: Person; order: { id: string; payment: { id: string } } }
}

/** A drawn raffle whose only prize is delivered, before the next sweep. */
async function stageFinal(
  buy: (winner: Person, raffle: Staged) => Promise<{ id: string }> = (winner, { id }) => paid(winner, id),
): Promise<Final> {
  const raffle = await stagePriced()
  const [winner, player] = [await registerPlayer(), await registerPlayer()]
  const order = await buy(winner, raffle)
  at(CLOSES_AT - SECOND)
  const { body } = await purchase(player, raffle.id, { quantity: 1 }, { payment: { provider: 'manual' } })
  at(CLOSES_AT + 11 * MINUTE)
  await ringAlarm(raffle.pool)
  at(DRAWN)
  await sweep()
  const [{ id }] = await winnersOf(raffle.id)
  await claim(winner, id)
  expect((await deliver(raffle.operator, id)).status).toBe(200)
  return { raffle, winner, order, late: { player, order: body.order } }
}

/** A provider reports that `amount` has arrived for an order. */
async function arrives(orderId: string, amount: number): Promise<void> {
  const ctx = testContext()
  const all = await ctx.db.select().from(payments)
  const payment = { ...all.find((each) => each.orderId === orderId)!, provider: 'sandbox' as const }
  const captures = [{ reference: newKey(), amount, currency: 'KES' }]
  await settleCaptures(ctx, payment, { status: 'succeeded', captures, reason: null })
}

/** An operator records that the late order was paid by hand. */
const recordReceipt = ({ raffle, late }: Final, more = {}) =>
  as(
    raffle.operator,
    'POST',
    `/payments/${late.order.payment.id}/receipts`,
    { reference: newKey() },
    { ...withKey(newKey()), ...more },
  )

async function payBackByHand({ raffle, late }: Final): Promise<void> {
  const { data } = (await as(late.player, 'GET', `/orders/${late.order.id}/refunds`)).body
  expect(data).toMatchObject([{ status: 'due', provider: 'manual' }])
  const marked = await as(raffle.operator, 'POST', `/refunds/${data[0].id}/mark-paid`, { reference: 'till' })
  expect(marked.body.status).toBe('paid')
}

async function statusAfterSweep({ raffle }: Final, bindings = {}): Promise<string> {
  await sweep(bindings)
  return (await read(raffle.id)).status
}

describe('a raffle whose winners are final', () => {
  it('is settled at once if no money is under way', async () => {
    expect(await statusAfterSweep(await stageFinal())).toBe('settled')
  })

  it.each<[string, (final: Final) => Promise<void>]>([
    ['came late', ({ late }) => arrives(late.order.id, PRICE)],
    ['came late and was too much', ({ late }) => arrives(late.order.id, PRICE + 7)],
    ['came late and was too little', ({ late }) => arrives(late.order.id, PRICE - 7)],
    ['came twice', ({ order }) => arrives(order.id, PRICE)],
  ])('waits until money that %s is refunded', async (_what, pay) => {
    const final = await stageFinal()
    const provider = vi.spyOn(sandbox, 'refund').mockResolvedValue(PENDING)
    await pay(final)
    expect(await statusAfterSweep(final)).toBe('drawn')
    at(DRAWN + 10 * MINUTE)
    expect(await statusAfterSweep(final)).toBe('drawn')
    provider.mockRestore()
    at(DRAWN + DAY)
    await sweep()
    at(DRAWN + DAY + 5 * MINUTE)
    expect(await statusAfterSweep(final)).toBe('settled')
  })

  it('waits for money that has arrived while its pool cannot be reached', async () => {
    expectLogged(rowNotDone('order'), 'unexpected error')
    const final = await stageFinal()
    expect((await recordReceipt(final, { bindings: AWAY })).status).toBe(500)
    expect(await statusAfterSweep(final, AWAY)).toBe('drawn')
    at(DRAWN + 5 * MINUTE)
    expect(await statusAfterSweep(final)).toBe('drawn')
    await payBackByHand(final)
    at(DRAWN + 10 * MINUTE)
    expect(await statusAfterSweep(final)).toBe('settled')
  })

  it('waits for a refund by hand however long it takes, and refuses payouts until then', async () => {
    const final = await stageFinal()
    const { raffle } = final
    const requestPayout = () =>
      as(
        raffle.operator,
        'POST',
        '/payouts',
        { raffleId: raffle.id, provider: 'sandbox', destination: '0112 4455 778' },
        withKey(newKey()),
      )
    expect((await recordReceipt(final)).status).toBe(201)
    expect(await statusAfterSweep(final)).toBe('drawn')
    at(DRAWN + 3 * DAY)
    expect(await statusAfterSweep(final)).toBe('drawn')
    expect((await requestPayout()).body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringMatching(/refunds/),
    })
    await payBackByHand(final)
    at(DRAWN + 3 * DAY + 5 * MINUTE)
    await Promise.all([sweep(), sweep()])
    expect(await statusAfterSweep(final)).toBe('settled')
    expect((await requestPayout()).status).toBe(201)
  })

  it('does not wait for a refund that was refused', async () => {
    const final = await stageFinal()
    const { raffle, winner, order } = final
    const refused = await as(
      raffle.operator,
      'POST',
      `/orders/${order.id}/refunds`,
      { reason: 'Too late.' },
      withKey(newKey()),
    )
    expect(refused.body.code).toBe('invalid_state')
    expect((await orderOf(winner, order.id)).status).toBe('paid')
    expect(await statusAfterSweep(final)).toBe('settled')
  })

  it('does not wait for other lines of the same order', async () => {
    const final = await stageFinal(async (winner, raffle) => {
      const other = await stagePriced({}, raffle)
      const book = await stageProduct({}, raffle.organisation)
      return bought(winner, [
        { raffleId: other.id, quantity: 1 },
        { raffleId: raffle.id, quantity: 1 },
        { productId: book.id, quantity: 1 },
      ])
    })
    vi.spyOn(sandbox, 'refund').mockResolvedValue(PENDING)
    const { body } = await as(
      final.raffle.operator,
      'POST',
      `/orders/${final.order.id}/refunds`,
      { reason: 'Damaged.', lines: [{ line: 2, numbers: [1] }] },
      withKey(newKey()),
    )
    expect(body.status).toBe('sent')
    expect(await statusAfterSweep(final)).toBe('settled')
  })

  it('refunds money that arrives later, and stays settled', async () => {
    const final = await stageFinal()
    expect(await statusAfterSweep(final)).toBe('settled')
    at(DRAWN + DAY)
    await arrives(final.late.order.id, PRICE)
    expect(await statusAfterSweep(final)).toBe('settled')
    expect(await orderOf(final.late.player, final.late.order.id)).toMatchObject({
      status: 'refunded',
      refunded: { amount: PRICE },
    })
  })
})
