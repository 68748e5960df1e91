// The process dies wherever it can while somebody orders, pays, pays again or cancels; then the client may ask again, the
// clock runs out, the sweep runs, and the audit must find nothing: no money, ticket, book, earned entry or mail astray.
import { env } from 'cloudflare:workers'
import { describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { order } from '../checkout/cart.ts'
import { registerPlayer } from '../harness/people.ts'
import { as, at, MINUTE, newKey, SECOND, useClock } from '../raffles/scenario.ts'
import { everyCrash, runOut } from './flow.ts'
import {
  answered,
  type Bought,
  cartOf,
  isNot,
  isPaidFor,
  onCheckout,
  payUnheard,
  people,
  stageOrder,
  stagePaid,
  stagePriced,
  stageShop,
  usePeople,
} from './stage.ts'

useClock()
usePeople()

const paidOrEnded = async (bought: Bought, paid = 'paid'): Promise<string[]> =>
  isNot((await isPaidFor(bought)) ? [paid] : ['expired'], bought)

describe('a process that dies at any call', { timeout: 180_000 }, () => {
  it('while tickets of two raffles and books are ordered', async () => {
    const shop = await stageShop()
    const other = await stagePriced()
    const lines = [...cartOf(shop), { raffleId: other.id, quantity: 2 }]
    await everyCrash({
      stage: async () => ({ person: await registerPlayer(), key: newKey() }),
      act: async ({ person, key }, ask) =>
        answered(await ask((bindings) => order(person, lines, key, { bindings })), 201),
      raffles: () => [shop.raffle, other],
      stock: shop.stock,
    })
  })

  it.each(['approve', 'twice'])('while an order is settled from the checkout page: %s', async (action) => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => stageOrder(cartOf(shop), await registerPlayer()),
      act: async ({ order }, ask) =>
        answered(await ask((bindings) => onCheckout(order.payment.checkoutUrl, action, bindings)), 200),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => paidOrEnded(bought),
    })
  })

  it('while an order is settled too late, of which some went to another', async () => {
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
        await runOut([raffle, other], 1)
        await stagePaid(wanted)
        return late
      },
      act: async ({ order }, ask) =>
        answered(await ask((bindings) => onCheckout(order.payment.checkoutUrl, 'approve', bindings)), 200),
      raffles: () => [raffle, other],
      stock,
      wrong: (bought) => paidOrEnded(bought, 'partially_refunded'),
    })
  })

  it('in the sweep that discovers that an order is paid', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const bought = await stageOrder(cartOf(shop), await registerPlayer())
        await payUnheard(bought)
        at(Date.now() + 45 * SECOND)
        return bought
      },
      act: (_, ask) => ask(sweepAs),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      sweeps: true,
      wrong: (bought) => isNot(['paid'], bought),
    })
  })

  it('in the sweep that ends an order which nobody has paid', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const bought = await stageOrder(cartOf(shop), await registerPlayer())
        at(Date.now() + 10 * MINUTE)
        return bought
      },
      act: (_, ask) => ask(sweepAs),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      sweeps: true,
      wrong: (bought) => isNot(['expired'], bought),
    })
  })

  it.each([
    { what: 'that nobody has paid', isPaid: false },
    { what: 'whose payment nobody has heard of', isPaid: true },
  ])('while its buyer cancels an order $what', async ({ isPaid }) => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const bought = await stageOrder(cartOf(shop), await registerPlayer())
        if (isPaid) await payUnheard(bought)
        return bought
      },
      act: async ({ buyer, order }, ask) => {
        const path = `/orders/${order.id}/cancel`
        answered(
          await ask((bindings) => as(buyer, 'POST', path, undefined, { bindings })),
          isPaid ? 409 : 200,
        )
      },
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => isNot(isPaid ? ['paid'] : ['cancelled', 'expired'], bought),
    })
  })

  it.each(['sandbox', 'manual'])('while an order is paid by another try: %s', async (provider) => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => ({ ...(await stageOrder(cartOf(shop), await registerPlayer())), key: newKey() }),
      act: async ({ buyer, order, key }, ask) => {
        const headers = { 'idempotency-key': key }
        const pay = (bindings: Partial<Bindings>) =>
          as(buyer, 'POST', `/orders/${order.id}/pay`, { provider }, { headers, bindings })
        // Asked again, the money may be there already.
        const { payment } = answered(await ask(pay), 201, 200).body
        if (provider === 'sandbox' && payment.checkoutUrl === null) return
        const operator = people.organisation.operator
        const receipts = `/payments/${payment.id}/receipts`
        const take = (bindings: Partial<Bindings>) =>
          provider === 'sandbox'
            ? onCheckout(payment.checkoutUrl, 'approve', bindings)
            : as(operator, 'POST', receipts, { reference: `bank ${key}` }, { bindings })
        answered(await ask(take), 200, 201)
      },
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => paidOrEnded(bought),
    })
  })
})

const sweepAs = (bindings: Partial<Bindings>) => runSweep({ ...env, ...bindings }, Date.now())
