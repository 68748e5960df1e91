// The shops of a simulation. Ours restocks, ships orders and requests payouts. Another shop reports its orders with an API
// key, some of them twice, and takes some back.
import { env } from 'cloudflare:workers'
import { type Choose, NOTHING, recent, times } from './step.ts'
import { CURRENCY, type ShopOrder, type World } from './world.ts'

/** Like a stock count: the update is refused if the stock has changed since it was read. */
export const restocks: Choose = (world) => {
  const index = world.below(world.products.length)
  const difference = world.pick([-2, -1, 1, 1, 2, 3])!
  const count = world.chance(30) ? 2 : 1
  const path = `/products/${world.products[index]}`
  const restock = async () => {
    const { stock: stockWas } = (await world.call(world.operator, 'GET', path)).body
    const stock = Math.max(0, stockWas + difference)
    const { status } = await world.call(world.operator, 'PUT', path, { stock, stockWas })
    world.note(`  stock from ${stockWas} to ${stock} → ${status}`)
    if (status === 200) world.recordRestock(world.products[index]!, stock - stockWas)
  }
  return {
    says: `put ${difference} of product ${index} into stock ×${count}`,
    run: () => times(count, restock),
  }
}

const STAGES = ['packed', 'shipped', 'delivered'] as const

export const fulfils: Choose = (world) => {
  const ofGoods = world.orderRequests.filter(
    ({ isPaying, body }) => isPaying && JSON.stringify(body).includes('productId'),
  )
  const request = recent(world, ofGoods)
  const stage = world.pick(STAGES)!
  const count = 1 + world.below(2)
  if (request === undefined) return NOTHING
  const send = async () => {
    if (request.orderId === null) return
    const { body: order } = await world.call(world.operator, 'GET', `/orders/${request.orderId}`)
    const goods = order.lines.filter(({ productId }: { productId: string | null }) => productId !== null)
    for (const { line } of goods) {
      const body = { line, status: stage, ...(stage === 'shipped' ? { reference: 'parcel 7' } : {}) }
      const { status } = await world.call(
        world.operator,
        'POST',
        `/orders/${request.orderId}/fulfilment`,
        body,
      )
      world.note(`  line ${line} ${stage} → ${status}`)
    }
  }
  return {
    says: `the goods of order ${world.orderRequests.indexOf(request)} are ${stage} ×${count}`,
    run: () => times(count, send),
  }
}

export const requestsShopPayout: Choose = (world) => {
  const key = world.newKey()
  const keys = [key, world.chance(50) ? key : world.newKey()]
  const provider = world.pickProvider()
  const where = {
    provider,
    destination: world.destinationOf(provider, world.organisation.id, 'account 0114'),
  }
  const body = { organisationId: world.organisation.id, currency: CURRENCY, ...where }
  const ask = async (each: string) => {
    const { status } = await world.call(world.operator, 'POST', '/payouts', body, each)
    world.note(`  shop payout requested → ${status}`)
  }
  return {
    says: `the shop requests its earnings by ${keys.join(', ')}`,
    run: () => Promise.all(keys.map(ask)),
  }
}

async function reportOrder(world: World, shopOrder: ShopOrder, key: string): Promise<void> {
  const path = `/raffles/${world.earned.id}/grants`
  const { status, body } = await world.callAsShop('POST', path, shopOrder.body, key)
  world.note(`  ${shopOrder.orderRef} → ${status} ${body.status ?? body.code}`)
  if (status === 201) shopOrder.isAcknowledged = true
  else world.wrong.push(`the grant of ${shopOrder.orderRef} was answered ${status}: ${JSON.stringify(body)}`)
}

async function reportHigherAmount(world: World, shopOrder: ShopOrder, key: string): Promise<void> {
  const { amount, currency } = shopOrder.body.amount
  const body = { ...shopOrder.body, amount: { amount: amount + 1, currency } }
  const { status } = await world.callAsShop('POST', `/raffles/${world.earned.id}/grants`, body, key)
  if (status !== 409) world.wrong.push(`another grant of ${shopOrder.orderRef} was answered ${status}`)
}

export const grants: Choose = (world) => {
  const { id, email } = world.pick(world.buyers)!
  const amount = { amount: 300 + world.below(4_000), currency: CURRENCY }
  const orderRef = `web-${world.shopOrders.length}`
  const body = { orderRef, amount, ...(world.chance(60) ? { userId: id } : { email }) }
  const keys = [world.newKey(), world.newKey()].slice(0, 1 + world.below(2))
  const shopOrder = { orderRef, body, isAcknowledged: false }
  world.shopOrders.push(shopOrder)
  return {
    says: `another shop reports ${orderRef} for ${amount.amount} by ${keys.join(', ')}`,
    run: () => Promise.all(keys.map((key) => reportOrder(world, shopOrder, key))),
  }
}

/** Reports an order again, or with a higher amount, which must be refused. */
export const grantsAgain: Choose = (world) => {
  const shopOrder = recent(world, world.shopOrders)
  const isMore = world.chance(30)
  const key = world.newKey()
  if (shopOrder === undefined) return NOTHING
  return {
    says: `another shop reports ${shopOrder.orderRef} again${isMore ? ', for more' : ''}`,
    run: async () =>
      isMore
        ? shopOrder.isAcknowledged && reportHigherAmount(world, shopOrder, key)
        : reportOrder(world, shopOrder, key),
  }
}

export const revokes: Choose = (world) => {
  const shopOrder = recent(world, world.shopOrders)
  const isByKey = world.chance(70)
  const count = 1 + world.below(2)
  if (shopOrder === undefined) return NOTHING
  const path = `/raffles/${world.earned.id}/grants/${shopOrder.orderRef}`
  const revoke = async () => {
    const { status, body } = await (isByKey
      ? world.callAsShop('DELETE', path)
      : world.call(world.operator, 'DELETE', path))
    world.note(`  taken back → ${status} ${body.status ?? body.code}`)
    if (status === 200) world.takenBack.add(shopOrder.orderRef)
  }
  return { says: `${shopOrder.orderRef} is taken back ×${count}`, run: () => times(count, revoke) }
}

/** The route that verifies an address has crashed after its write, so the sweep must find the grants that waited for it. */
export const verifiesAddress: Choose = (world) => {
  const index = world.below(world.buyers.length)
  const prove = env.DB.prepare(
    'UPDATE users SET email_verified_at = coalesce(email_verified_at, ?) WHERE id = ?',
  )
  return {
    says: `buyer ${index} verifies an address`,
    run: () => prove.bind(Date.now(), world.buyers[index]!.id).run(),
  }
}
