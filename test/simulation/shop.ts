// The shops of a simulation: ours counts its shelf, sends what was bought and asks for what it has earned; another one
// tells of its orders by an API key, of some of them twice, and takes some back.
import { env } from 'cloudflare:workers'
import { type Choose, NOTHING, recent, times } from './step.ts'
import { CURRENCY, type Told, type World } from './world.ts'

/** As whoever counts the shelf does: nothing is changed that somebody else has changed meanwhile. */
export const restocks: Choose = (world) => {
  const index = world.below(world.products.length)
  const difference = world.pick([-2, -1, 1, 1, 2, 3])!
  const count = world.chance(30) ? 2 : 1
  const path = `/products/${world.products[index]}`
  const restock = async () => {
    const { stock: stockWas } = (await world.ask(world.operator, 'GET', path)).body
    const stock = Math.max(0, stockWas + difference)
    const { status } = await world.ask(world.operator, 'PUT', path, { stock, stockWas })
    world.note(`  stock from ${stockWas} to ${stock} → ${status}`)
    if (status === 200) world.putIn(world.products[index]!, stock - stockWas)
  }
  return {
    says: `put ${difference} of product ${index} into stock ×${count}`,
    run: () => times(count, restock),
  }
}

const STAGES = ['packed', 'shipped', 'delivered'] as const

export const fulfils: Choose = (world) => {
  const ofGoods = world.wishes.filter(
    ({ isPaying, body }) => isPaying && JSON.stringify(body).includes('productId'),
  )
  const wish = recent(world, ofGoods)
  const stage = world.pick(STAGES)!
  const count = 1 + world.below(2)
  if (wish === undefined) return NOTHING
  const send = async () => {
    if (wish.orderId === null) return
    const { body: order } = await world.ask(world.operator, 'GET', `/orders/${wish.orderId}`)
    const goods = order.lines.filter(({ productId }: { productId: string | null }) => productId !== null)
    for (const { line } of goods) {
      const body = { line, status: stage, ...(stage === 'shipped' ? { reference: 'parcel 7' } : {}) }
      const { status } = await world.ask(world.operator, 'POST', `/orders/${wish.orderId}/fulfilment`, body)
      world.note(`  line ${line} ${stage} → ${status}`)
    }
  }
  return {
    says: `the goods of order ${world.wishes.indexOf(wish)} are ${stage} ×${count}`,
    run: () => times(count, send),
  }
}

export const asksForEarnings: Choose = (world) => {
  const key = world.newKey()
  const keys = [key, world.chance(50) ? key : world.newKey()]
  const where = { provider: world.pickProvider(), destination: 'account 0114' }
  const body = { organisationId: world.organisation.id, currency: CURRENCY, ...where }
  const ask = async (each: string) => {
    const { status } = await world.ask(world.operator, 'POST', '/payouts', body, each)
    world.note(`  earnings asked for → ${status}`)
  }
  return {
    says: `the shop asks for what it has earned by ${keys.join(', ')}`,
    run: () => Promise.all(keys.map(ask)),
  }
}

async function tell(world: World, told: Told, key: string): Promise<void> {
  const path = `/raffles/${world.earned.id}/grants`
  const { status, body } = await world.askAsShop('POST', path, told.body, key)
  world.note(`  ${told.orderRef} → ${status} ${body.status ?? body.code}`)
  if (status === 201) told.isHeard = true
  else world.wrong.push(`the grant of ${told.orderRef} was answered ${status}: ${JSON.stringify(body)}`)
}

async function tellOfMore(world: World, told: Told, key: string): Promise<void> {
  const { amount, currency } = told.body.amount
  const body = { ...told.body, amount: { amount: amount + 1, currency } }
  const { status } = await world.askAsShop('POST', `/raffles/${world.earned.id}/grants`, body, key)
  if (status !== 409) world.wrong.push(`another grant of ${told.orderRef} was answered ${status}`)
}

export const grants: Choose = (world) => {
  const { id, email } = world.pick(world.buyers)!
  const amount = { amount: 300 + world.below(4_000), currency: CURRENCY }
  const orderRef = `web-${world.told.length}`
  const body = { orderRef, amount, ...(world.chance(60) ? { userId: id } : { email }) }
  const keys = [world.newKey(), world.newKey()].slice(0, 1 + world.below(2))
  const told = { orderRef, body, isHeard: false }
  world.told.push(told)
  return {
    says: `another shop tells of ${orderRef} for ${amount.amount} by ${keys.join(', ')}`,
    run: () => Promise.all(keys.map((key) => tell(world, told, key))),
  }
}

/** The same again; or for more, which then is not what was told before. */
export const grantsAgain: Choose = (world) => {
  const told = recent(world, world.told)
  const isMore = world.chance(30)
  const key = world.newKey()
  if (told === undefined) return NOTHING
  return {
    says: `another shop tells of ${told.orderRef} again${isMore ? ', for more' : ''}`,
    run: async () => (isMore ? told.isHeard && tellOfMore(world, told, key) : tell(world, told, key)),
  }
}

export const revokes: Choose = (world) => {
  const told = recent(world, world.told)
  const isByKey = world.chance(70)
  const count = 1 + world.below(2)
  if (told === undefined) return NOTHING
  const path = `/raffles/${world.earned.id}/grants/${told.orderRef}`
  const revoke = async () => {
    const { status, body } = await (isByKey
      ? world.askAsShop('DELETE', path)
      : world.ask(world.operator, 'DELETE', path))
    world.note(`  taken back → ${status} ${body.status ?? body.code}`)
    if (status === 200) world.takenBack.add(told.orderRef)
  }
  return { says: `${told.orderRef} is taken back ×${count}`, run: () => times(count, revoke) }
}

/** As it is once the door that takes their mail's token has died: what waited for it is the sweep's to find. */
export const proves: Choose = (world) => {
  const index = world.below(world.buyers.length)
  const prove = env.DB.prepare(
    'UPDATE users SET email_verified_at = coalesce(email_verified_at, ?) WHERE id = ?',
  )
  return {
    says: `buyer ${index} proves an address`,
    run: () => prove.bind(Date.now(), world.buyers[index]!.id).run(),
  }
}
