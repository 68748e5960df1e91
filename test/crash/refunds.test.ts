// The process dies wherever it can while money goes back, or another shop grants an entry and takes it back: tickets,
// books and entries must be back exactly where their money is, and everybody must be told once.
import { env } from 'cloudflare:workers'
import { describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { refund } from '../checkout/checkout.ts'
import { type Answer, call, type Method } from '../harness/client.ts'
import { registerPlayer, signedInAdmin } from '../harness/people.ts'
import { as, at, newKey, ringAlarm, type Staged, useClock } from '../raffles/scenario.ts'
import { everyCrash } from './flow.ts'
import {
  answered,
  cartOf,
  isNot,
  onCheckout,
  people,
  type Shop,
  stageEarned,
  stageOrder,
  stagePaid,
  stagePriced,
  stageShop,
  usePeople,
} from './stage.ts'

useClock()
usePeople()

/** A raffle of its own with an order that is paid and one that waits. */
async function stageSoldFrom(shop: Shop): Promise<Staged> {
  const raffle = await stagePriced()
  const cart = cartOf({ ...shop, raffle })
  await stagePaid(cart)
  // Of somebody else each time: one person may keep only so much unpaid.
  await stageOrder(cart, await registerPlayer())
  return raffle
}

/** Its sales are ended early, and its list is fixed. */
async function commit({ id, pool, operator }: Staged): Promise<void> {
  const { freezeAt } = answered(await as(operator, 'POST', `/raffles/${id}/close`, {}), 200).body
  at(Math.max(Date.now(), Date.parse(freezeAt)))
  await ringAlarm(pool)
}

const cancel = ({ id, operator }: Staged, bindings: Partial<Bindings> = {}) =>
  as(operator, 'POST', `/raffles/${id}/cancel`, { reason: 'The venue is closed.' }, { bindings })

describe('a process that dies at any call', { timeout: 180_000 }, () => {
  it('while a ticket and a book are refunded', async () => {
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
      act: async ({ order, lines, key }, ask) =>
        answered(
          await ask((bindings) =>
            refund(people.organisation.operator, order.id, { lines }, key, { bindings }),
          ),
          201,
        ),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => isNot(['paid', 'partially_refunded'], bought),
    })
  })

  it('while all of an order is refunded, and so is what it has earned', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => ({ ...(await stagePaid(cartOf(shop), await registerPlayer())), key: newKey() }),
      act: async ({ order, key }, ask) =>
        answered(
          await ask((bindings) => refund(people.organisation.operator, order.id, {}, key, { bindings })),
          201,
        ),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => isNot(['paid', 'refunded'], bought),
    })
  })

  it('while the bank takes back what was paid, and what it has earned', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => stagePaid(cartOf(shop), await registerPlayer()),
      act: async ({ order }, ask) =>
        answered(await ask((bindings) => onCheckout(order.payment.checkoutUrl, 'dispute', bindings)), 200),
      raffles: () => [shop.raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => isNot(['paid', 'refunded'], bought),
    })
  })

  it('while the bank takes back what is fixed for a draw', async () => {
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
      act: async ({ order }, ask) =>
        answered(await ask((bindings) => onCheckout(order.payment.checkoutUrl, 'dispute', bindings)), 200),
      raffles: ({ raffle }) => [raffle, shop.earned],
      stock: shop.stock,
      wrong: (bought) => isNot(['partially_refunded'], bought),
    })
  })

  it('in the sweep that refunds a raffle of which the bank took something back', async () => {
    await everyCrash({
      stage: async () => {
        const raffle = await stagePriced({ minTickets: 1 })
        const lines = [{ raffleId: raffle.id, quantity: 2 }]
        const bought = await stagePaid(lines, await registerPlayer())
        await stagePaid(lines, await registerPlayer())
        await commit(raffle)
        answered(await onCheckout(bought.order.payment.checkoutUrl, 'dispute'), 200)
        const admin = await signedInAdmin()
        const reason = 'The venue is closed.'
        answered(await as(admin, 'POST', `/raffles/${raffle.id}/cancel`, { reason }), 200)
        return { ...bought, raffle }
      },
      act: (_, ask) => ask((bindings) => runSweep({ ...env, ...bindings }, Date.now())),
      raffles: ({ raffle }) => [raffle],
      sweeps: true,
      wrong: (bought) => isNot(['refunded'], bought),
    })
  })

  it('while a raffle is cancelled', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => ({ raffle: await stageSoldFrom(shop) }),
      act: async ({ raffle }, ask) => answered(await ask((bindings) => cancel(raffle, bindings)), 200),
      raffles: ({ raffle }) => [raffle, shop.earned],
      stock: shop.stock,
    })
  })

  it('in the sweep that refunds a cancelled raffle', async () => {
    const shop = await stageShop()
    await everyCrash({
      stage: async () => {
        const raffle = await stageSoldFrom(shop)
        answered(await cancel(raffle), 200)
        return { raffle }
      },
      act: (_, ask) => ask((bindings) => runSweep({ ...env, ...bindings }, Date.now())),
      raffles: ({ raffle }) => [raffle, shop.earned],
      stock: shop.stock,
      sweeps: true,
    })
  })

  it('while another shop grants an entry, and takes it back', async () => {
    const raffle = await stageEarned()
    const body = { name: 'Shop', scopes: ['grants:write'] }
    const { organisation } = people
    const keys = `/organisations/${organisation.id}/api-keys`
    const { key: token } = answered(await as(organisation.operator, 'POST', keys, body), 201).body
    const at = (method: Method, path: string, more: object): Promise<Answer> =>
      call(method, `/api/v1/raffles/${raffle.id}/grants${path}`, { token, ...more })
    await everyCrash({
      stage: async () => ({ userId: (await registerPlayer()).id, orderRef: newKey() }),
      act: async ({ userId, orderRef }, ask) => {
        const grant = { userId, orderRef, amount: { amount: 4_500, currency: 'KES' } }
        const headers = { 'idempotency-key': orderRef }
        answered(await ask((bindings) => at('POST', '', { body: grant, headers, bindings })), 201)
        answered(await ask((bindings) => at('DELETE', `/${orderRef}`, { bindings })), 200)
      },
      raffles: () => [raffle],
    })
  })
})
