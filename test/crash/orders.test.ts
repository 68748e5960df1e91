// The process dies at any call while a buyer orders, pays, pays again or cancels. Then the client may retry, holds expire
// and the sweep runs. The audit must find no lost money, ticket, book, earned entry or mail.

import { describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { order } from '../checkout/cart.ts'
import { environment } from '../harness/environment.ts'
import { registerPlayer } from '../harness/people.ts'
import { as, at, MINUTE, newKey, SECOND, useClock } from '../raffles/scenario.ts'
import { everyCrash, expireHolds } from './flow.ts'
import {
  type Bought,
  cartOf,
  expectStatus,
  isPaidFor,
  onCheckout,
  payWithLostWebhook,
  people,
  stageOrder,
  stagePaid,
  stagePriced,
  stageShop,
  usePeople,
  wrongStatus,
} from './stage.ts'

useClock()
usePeople()

const paidOrExpired = async (bought: Bought, paid = 'paid'): Promise<string[]> =>
  wrongStatus((await isPaidFor(bought)) ? [paid] : ['expired'], bought)

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while a buyer orders tickets of two raffles and books', async () => {
    const shop = await stageShop()
    const other = await stagePriced()
    const lines = [...cartOf(shop), { raffleId: other.id, quantity: 2 }]
    await everyCrash({
      stage: async () => ({ person: await registerPlayer(), key: newKey() }),
      act: async ({ person, key }, send) =>
        expectStatus(await send((bindings) => order(person, lines, key, { bindings })), 201),
      raffles: () => [shop.raffle, other],
      stock: shop.stock,
    })
  })

  it.each(['approve', 'twice'])('while the checkout page settles an order: %s', async (action) => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => stageOrder(cartOf(shop), await registerPlayer()),
      act: async ({ order }, send) =>
        expectStatus(await send((bindings) => onCheckout(order.payment.checkoutUrl, action, bindings)), 200),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => paidOrExpired(bought),
    })
  })

  it('while a late payment settles an order whose lines are partly sold to another buyer', async () => {
    const raffle = await stagePriced({ numbering: 'chosen' })
    const other = await stagePriced()
    const stock = new Map<string, number>()
    let number = 0
    await everyCrash({
      stage: async () => {
        const { id: productId } = await stageProduct({ stock: 1 }, people.organisation)
        stock.set(productId, 1)
        const wanted = [
          { raffleId: raffle.id, numbers: [++number] },
          { productId, quantity: 1 },
        ]
        const late = await stageOrder(
          [...wanted, { raffleId: other.id, quantity: 2 }],
          await registerPlayer(),
        )
        await expireHolds([raffle, other], 1)
        await stagePaid(wanted)
        return late
      },
      act: async ({ order }, send) =>
        expectStatus(
          await send((bindings) => onCheckout(order.payment.checkoutUrl, 'approve', bindings)),
          200,
        ),
      raffles: () => [raffle, other],
      stock,
      wrong: (bought) => paidOrExpired(bought, 'partially_refunded'),
    })
  })

  it('in the sweep that polls a payment and finds it paid', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const bought = await stageOrder(cartOf(shop), await registerPlayer())
        await payWithLostWebhook(bought)
        at(Date.now() + 45 * SECOND)
        return bought
      },
      act: (_, send) => send(sweepWith),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      sweeps: true,
      wrong: (bought) => wrongStatus(['paid'], bought),
    })
  })

  it('in the sweep that expires an unpaid order', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const bought = await stageOrder(cartOf(shop), await registerPlayer())
        at(Date.now() + 10 * MINUTE)
        return bought
      },
      act: (_, send) => send(sweepWith),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      sweeps: true,
      wrong: (bought) => wrongStatus(['expired'], bought),
    })
  })

  it.each([
    { what: 'unpaid', isPaid: false },
    { what: 'paid, but with a lost webhook', isPaid: true },
  ])('while the buyer cancels an order: $what', async ({ isPaid }) => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const bought = await stageOrder(cartOf(shop), await registerPlayer())
        if (isPaid) await payWithLostWebhook(bought)
        return bought
      },
      act: async ({ buyer, order }, send) => {
        const path = `/orders/${order.id}/cancel`
        expectStatus(
          await send((bindings) => as(buyer, 'POST', path, undefined, { bindings })),
          isPaid ? 409 : 200,
        )
      },
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => wrongStatus(isPaid ? ['paid'] : ['cancelled', 'expired'], bought),
    })
  })

  it.each(['sandbox', 'manual'])('while another try pays an order: %s', async (provider) => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => ({ ...(await stageOrder(cartOf(shop), await registerPlayer())), key: newKey() }),
      act: async ({ buyer, order, key }, send) => {
        const headers = { 'idempotency-key': key }
        const pay = (bindings: Partial<Bindings>) =>
          as(buyer, 'POST', `/orders/${order.id}/pay`, { provider }, { headers, bindings })
        // On a retry the order may be paid already.
        const { payment } = expectStatus(await send(pay), 201, 200).body
        if (provider === 'sandbox' && payment.checkoutUrl === null) return
        const operator = people.organisation.operator
        const receipts = `/payments/${payment.id}/receipts`
        const receive = (bindings: Partial<Bindings>) =>
          provider === 'sandbox'
            ? onCheckout(payment.checkoutUrl, 'approve', bindings)
            : as(operator, 'POST', receipts, { reference: `bank ${key}` }, { bindings })
        expectStatus(await send(receive), 200, 201)
      },
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => paidOrExpired(bought),
    })
  })
})

const sweepWith = (bindings: Partial<Bindings>) => runSweep(environment(bindings), Date.now())
