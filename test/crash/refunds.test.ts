// The process dies at any call while money is refunded, or while another shop grants and revokes an entry. Tickets, books
// and entries must be taken back exactly if their money is refunded, and everybody must get each mail once.

import { describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { refund } from '../checkout/checkout.ts'
import { type Answer, call, type Method } from '../harness/client.ts'
import { environment } from '../harness/environment.ts'
import { registerPlayer, signedInAdmin } from '../harness/people.ts'
import { as, at, newKey, ringAlarm, type Staged, useClock } from '../raffles/scenario.ts'
import { everyCrash } from './flow.ts'
import {
  cartOf,
  expectStatus,
  onCheckout,
  people,
  type Shop,
  stageEarned,
  stageOrder,
  stagePaid,
  stagePriced,
  stageShop,
  usePeople,
  wrongStatus,
} from './stage.ts'

useClock()
usePeople()

/** A new raffle with one paid and one pending order. */
async function stageSoldFrom(shop: Shop): Promise<Staged> {
  const raffle = await stagePriced()
  const cart = cartOf({ ...shop, raffle })
  await stagePaid(cart)
  // By a new buyer each time, because a person's unpaid orders are limited.
  await stageOrder(cart, await registerPlayer())
  return raffle
}

/** Ends the sales early and freezes the ticket list. */
async function commit({ id, pool, operator }: Staged): Promise<void> {
  const { freezeAt } = expectStatus(await as(operator, 'POST', `/raffles/${id}/close`, {}), 200).body
  at(Math.max(Date.now(), Date.parse(freezeAt)))
  await ringAlarm(pool)
}

const cancel = ({ id, operator }: Staged, bindings: Partial<Bindings> = {}) =>
  as(operator, 'POST', `/raffles/${id}/cancel`, { reason: 'The venue is closed.' }, { bindings })

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while an operator refunds a ticket and a book', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const bought = await stagePaid(cartOf(shop))
        const { number } = bought.order.lines[0].tickets[1]
        const lines = [
          { line: 0, numbers: [number] },
          { line: 1, numbers: [2] },
        ]
        return { ...bought, lines, key: newKey() }
      },
      act: async ({ order, lines, key }, send) =>
        expectStatus(
          await send((bindings) =>
            refund(people.organisation.operator, order.id, { lines }, key, { bindings }),
          ),
          201,
        ),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => wrongStatus(['paid', 'partially_refunded'], bought),
    })
  })

  it('while an operator refunds a whole order, which revokes the entries that it earned', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => ({ ...(await stagePaid(cartOf(shop), await registerPlayer())), key: newKey() }),
      act: async ({ order, key }, send) =>
        expectStatus(
          await send((bindings) => refund(people.organisation.operator, order.id, {}, key, { bindings })),
          201,
        ),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => wrongStatus(['paid', 'refunded'], bought),
    })
  })

  it('while a dispute takes back a payment and the entries that it earned', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => stagePaid(cartOf(shop), await registerPlayer()),
      act: async ({ order }, send) =>
        expectStatus(
          await send((bindings) => onCheckout(order.payment.checkoutUrl, 'dispute', bindings)),
          200,
        ),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => wrongStatus(['paid', 'refunded'], bought),
    })
  })

  it('while a dispute takes back the payment of frozen tickets', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const raffle = await stagePriced({ minTickets: 1 })
        const lines = [
          { raffleId: raffle.id, quantity: 2 },
          { productId: shop.bookId, quantity: 1 },
        ]
        const bought = await stagePaid(lines, await registerPlayer())
        await commit(raffle)
        return { ...bought, raffle }
      },
      act: async ({ order }, send) =>
        expectStatus(
          await send((bindings) => onCheckout(order.payment.checkoutUrl, 'dispute', bindings)),
          200,
        ),
      raffles: ({ raffle }) => [raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => wrongStatus(['partially_refunded'], bought),
    })
  })

  it('in the sweep that refunds a cancelled raffle with a disputed order', async () => {
    await everyCrash({
      stage: async () => {
        const raffle = await stagePriced({ minTickets: 1 })
        const lines = [{ raffleId: raffle.id, quantity: 2 }]
        const bought = await stagePaid(lines, await registerPlayer())
        await stagePaid(lines, await registerPlayer())
        await commit(raffle)
        expectStatus(await onCheckout(bought.order.payment.checkoutUrl, 'dispute'), 200)
        const admin = await signedInAdmin()
        const reason = 'The venue is closed.'
        expectStatus(await as(admin, 'POST', `/raffles/${raffle.id}/cancel`, { reason }), 200)
        return { ...bought, raffle }
      },
      act: (_, send) => send((bindings) => runSweep(environment(bindings), Date.now())),
      raffles: ({ raffle }) => [raffle],
      sweeps: true,
      wrong: (bought) => wrongStatus(['refunded'], bought),
    })
  })

  it('while an operator cancels a raffle', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => ({ raffle: await stageSoldFrom(shop) }),
      act: async ({ raffle }, send) => expectStatus(await send((bindings) => cancel(raffle, bindings)), 200),
      raffles: ({ raffle }) => [raffle, shop.earned],
      stock: shop.stock,
    })
  })

  it('in the sweep that refunds a cancelled raffle', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const raffle = await stageSoldFrom(shop)
        expectStatus(await cancel(raffle), 200)
        return { raffle }
      },
      act: (_, send) => send((bindings) => runSweep(environment(bindings), Date.now())),
      raffles: ({ raffle }) => [raffle, shop.earned],
      stock: shop.stock,
      sweeps: true,
    })
  })

  it('while another shop grants and revokes an entry', async () => {
    const raffle = await stageEarned()
    const body = { name: 'Shop', scopes: ['grants:write'] }
    const { organisation } = people
    const keys = `/organisations/${organisation.id}/api-keys`
    const { key: token } = expectStatus(await as(organisation.operator, 'POST', keys, body), 201).body
    const at = (method: Method, path: string, more: object): Promise<Answer> =>
      call(method, `/api/v1/raffles/${raffle.id}/grants${path}`, { token, ...more })
    await everyCrash({
      stage: async () => ({ userId: (await registerPlayer()).id, orderRef: newKey() }),
      act: async ({ userId, orderRef }, send) => {
        const grant = { userId, orderRef, amount: { amount: 4_500, currency: 'KES' } }
        const headers = { 'idempotency-key': orderRef }
        expectStatus(await send((bindings) => at('POST', '', { body: grant, headers, bindings })), 201)
        expectStatus(await send((bindings) => at('DELETE', `/${orderRef}`, { bindings })), 200)
      },
      raffles: () => [raffle],
    })
  })
})
