// Nobody keeps a shelf or a small raffle from others without paying: not one buyer, and not many made-up accounts.
import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { UNPAID_ENDS_ALLOWED } from '../../src/core/unpaid-limits.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { stageProduct, stockOf } from '../catalog/shelf.ts'
import type { Answer } from '../harness/client.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import {
  as,
  at,
  buy,
  catchUp,
  HOUR,
  MINUTE,
  NOW,
  SECOND,
  stageRaffle,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { bought, type LineIn, order, ordered } from './cart.ts'
import { paid, press, purchase, reserve, stagePriced, startRemotely } from './checkout.ts'

useClock()

const BOOKS = '“Things Fall Apart”'
const refusal = ({ status, body }: Answer) => [status, body.code, body.detail]
const cancel = (person: Person, id: string) => as(person, 'POST', `/orders/${id}/cancel`)
const throwaways = (count: number) =>
  Promise.all(Array.from({ length: count }, () => registerPlayer({ isProved: false })))

const evictPool = (pool: string) => evictDurableObject(env.TICKET_POOL.getByName(pool) as DurableObjectStub)

/** Places an order and cancels it. */
async function placedInVain(person: Person, lines: LineIn[]): Promise<void> {
  const { id } = await ordered(person, lines)
  expect((await cancel(person, id)).status).toBe(200)
}

describe('a shelf of eight units', () => {
  it('is not emptied by one account that orders, cancels and orders again', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const attacker = await registerPlayer({ isProved: false })
    const units = (quantity: number) => [{ productId, quantity }]
    const codes: string[] = []
    for (let attempt = 0; attempt < 6; attempt++) {
      const all = await order(attacker, units(8))
      expect(all.body.code).toBe('limit_reached')
      const most = await order(attacker, units(3))
      codes.push(most.body.code ?? 'placed')
      expect(await stockOf(productId)).toBeGreaterThanOrEqual(5)
      const honest = await registerPlayer({ isProved: false })
      const { id } = await ordered(honest, units(1))
      await cancel(honest, id)
      if (most.status === 201) await cancel(attacker, most.body.id)
    }
    expect(codes).toEqual([...Array(3).fill('placed'), ...Array(3).fill('limit_reached')])
  })

  it('tells a buyer how many units may be held', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const player = await registerPlayer()
    expect(refusal(await order(player, [{ productId, quantity: 4 }]))).toEqual([
      409,
      'limit_reached',
      `You may hold at most 3 unpaid units of ${BOOKS} at a time: order fewer, and pay for them first.`,
    ])
    await ordered(player, [{ productId, quantity: 2 }])
    expect(refusal(await order(player, [{ productId, quantity: 2 }]))).toEqual([
      409,
      'limit_reached',
      `You may hold at most 3 unpaid units of ${BOOKS} at a time: you have 2, so pay for them first.`,
    ])
    expect(await stockOf(productId)).toBe(6)
  })

  it('keeps half for buyers with a proved address, however many accounts without one order at once', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const crowd = await throwaways(10)
    const answers = await Promise.all(crowd.map((each) => order(each, [{ productId, quantity: 1 }])))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4)
    expect(await stockOf(productId)).toBe(4)
    expect(refusal(await order(crowd[0]!, [{ productId, quantity: 1 }]))).toEqual([
      409,
      'limit_reached',
      `Buyers without a proved e-mail address hold as many units of ${BOOKS} as they may: prove yours, or try again later.`,
    ])
    expect((await bought(await registerPlayer(), [{ productId, quantity: 3 }])).status).toBe('paid')
    expect(await stockOf(productId)).toBe(1)
  })

  it('does not count units that are sold: they are no part of the size', async () => {
    const { id: productId } = await stageProduct({ stock: 20 })
    const player = await registerPlayer()
    expect((await order(player, [{ productId, quantity: 6 }])).body.code).toBe('limit_reached')
    await bought(player, [{ productId, quantity: 5 }])
    expect((await order(player, [{ productId, quantity: 4 }])).body.code).toBe('limit_reached')
    await ordered(player, [{ productId, quantity: 3 }])
    expect(await stockOf(productId)).toBe(12)
  })

  it('that others bought or hold is sold out, for a buyer without a proved address too', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const [buyer, ...crowd] = await throwaways(5)
    for (const each of crowd) await ordered(each, [{ productId, quantity: 1 }])
    for (const quantity of [3, 1]) await ordered(await registerPlayer(), [{ productId, quantity }])
    expect(refusal(await order(buyer!, [{ productId, quantity: 1 }]))[1]).toBe('sold_out')
  })

  it('sells a single unit to a buyer without a proved address too', async () => {
    const { id: productId } = await stageProduct({ stock: 1 })
    const [buyer] = await throwaways(1)
    expect((await bought(buyer!, [{ productId, quantity: 1 }])).status).toBe('paid')
  })
})

describe('a buyer without a proved address', () => {
  it('may hold five units of a product, and all that a share allows once the address is proved', async () => {
    const { id: productId } = await stageProduct({ stock: 100 })
    const player = await registerPlayer({ isProved: false })
    const detail = `Prove your e-mail address to order more than 5 units of ${BOOKS} at a time.`
    expect((await order(player, [{ productId, quantity: 6 }])).body.detail).toBe(detail)
    await ordered(player, [{ productId, quantity: 5 }])
    expect((await order(player, [{ productId, quantity: 1 }])).body.detail).toBe(detail)
    await ordered(await registerPlayer(), [{ productId, quantity: 25 }])
  })
})

describe('orders that were not paid', () => {
  const SEVERAL = `Several of your orders were not paid. You can order ${BOOKS} again at`

  it('pause their buyer, for longer each time', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const lines = [{ productId, quantity: 1 }]
    const player = await registerPlayer()
    for (let order = 0; order < UNPAID_ENDS_ALLOWED; order++) await placedInVain(player, lines)
    let now = NOW
    for (const [pause, until] of [
      [30 * MINUTE, '2031-05-05 12:30 UTC'],
      [HOUR, '2031-05-05 13:30 UTC'],
      [2 * HOUR, '2031-05-05 15:30 UTC'],
      [4 * HOUR, '2031-05-05 19:30 UTC'],
    ] as const) {
      await placedInVain(player, lines)
      expect(refusal(await order(player, lines))).toEqual([409, 'limit_reached', `${SEVERAL} ${until}.`])
      expect((await order(await registerPlayer(), lines)).status).toBe(201)
      at(now + pause - 1)
      expect((await order(player, lines)).body.code).toBe('limit_reached')
      now += pause
      at(now)
    }
    expect((await order(player, lines)).status).toBe(201)
  })

  it('count alike if they expire', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const lines = [{ productId, quantity: 1 }]
    const player = await registerPlayer()
    for (let each = 0; each < 3; each++) await ordered(player, lines)
    at(NOW + 10 * MINUTE)
    await sweep()
    expect(refusal(await order(player, lines))[2]).toBe(`${SEVERAL} 2031-05-05 12:40 UTC.`)
  })

  it('are forgotten after a day, and do not count for other products', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const other = await stageProduct({ stock: 8 })
    const player = await registerPlayer()
    for (let each = 0; each < 2; each++) await placedInVain(player, [{ productId, quantity: 1 }])
    at(NOW + 24 * HOUR)
    for (let each = 0; each < 2; each++) await placedInVain(player, [{ productId, quantity: 1 }])
    await placedInVain(player, [{ productId: other.id, quantity: 1 }])
    await placedInVain(player, [{ productId, quantity: 1 }])
    expect((await order(player, [{ productId, quantity: 1 }])).body.detail).toContain(SEVERAL)
    await ordered(player, [{ productId: other.id, quantity: 1 }])
  })

  it('still count after the buyer paid another', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const lines = [{ productId, quantity: 1 }]
    const player = await registerPlayer()
    for (let each = 0; each < 2; each++) await placedInVain(player, lines)
    await bought(player, lines)
    await placedInVain(player, lines)
    expect((await order(player, lines)).body.detail).toContain(SEVERAL)
  })

  it('do not count if the money came after all', async () => {
    const { id: productId } = await stageProduct({ stock: 8 })
    const lines = [{ productId, quantity: 1 }]
    const player = await registerPlayer()
    const placed = await Promise.all([1, 2, 3].map(() => ordered(player, lines)))
    at(NOW + 10 * MINUTE - SECOND)
    await press(placed[0].payment.checkoutUrl, 'later')
    at(NOW + 10 * MINUTE)
    await sweep()
    expect((await order(player, lines)).body.detail).toContain(SEVERAL)
    for (const minute of [11, 16, 20]) {
      at(NOW + minute * MINUTE)
      await sweep()
    }
    expect((await order(player, lines)).status).toBe(201)
  })

  it('do not count if another line of the order could not be held', async () => {
    const book = await stageProduct({ stock: 8 })
    const { id: raffleId } = await stagePriced({ totalTickets: 8 })
    const scarce = await stageProduct({ stock: 0 })
    const player = await registerPlayer()
    const lines = [
      { raffleId, quantity: 1 },
      { productId: book.id, quantity: 1 },
    ]
    for (let each = 0; each < 5; each++) {
      const answer = await order(player, [...lines, { productId: scarce.id, quantity: 1 }])
      expect(answer.body.code).toBe('sold_out')
    }
    await ordered(player, lines)
  })

  it('do not count if the provider started no payment', async () => {
    startRemotely()
    const book = await stageProduct({ stock: 8 })
    const { id: raffleId } = await stagePriced({ totalTickets: 8 })
    const player = await registerPlayer()
    const lines = [
      { raffleId, quantity: 1 },
      { productId: book.id, quantity: 1 },
    ]
    const refuses = vi.spyOn(sandbox, 'start').mockResolvedValue({ status: 'refused', reason: 'Closed.' })
    for (let each = 0; each < 5; each++) await placedInVain(player, lines)
    refuses.mockRestore()
    for (let each = 0; each < 3; each++) await placedInVain(player, lines)
    expect((await order(player, lines)).body.code).toBe('limit_reached')
  })
})

describe('a buyer who pays', () => {
  it('is never paused, and may hold again at once', async () => {
    const { id: productId } = await stageProduct({ stock: 40 })
    const { id: raffleId } = await stagePriced({ totalTickets: 20 })
    const player = await registerPlayer()
    for (let each = 0; each < 5; each++) {
      expect((await bought(player, [{ productId, quantity: 2 }])).status).toBe('paid')
      await paid(player, raffleId, 3)
    }
    expect(await stockOf(productId)).toBe(30)
  })
})

describe('a small priced raffle', () => {
  const TITLE = '“Signed first editions”'
  const held = async (id: string) => {
    await catchUp(id)
    return (await as(null, 'GET', `/raffles/${id}/availability`)).body.held
  }

  it('is not emptied by one account that reserves, cancels and reserves again', async () => {
    const { id, pool } = await stagePriced({ totalTickets: 8 })
    const attacker = await registerPlayer({ isProved: false })
    expect(refusal(await purchase(attacker, id, { quantity: 8 }))).toEqual([
      409,
      'limit_reached',
      `You may hold at most 3 unpaid tickets of ${TITLE} at a time: order fewer, and pay for them first.`,
    ])
    for (let attempt = 0; attempt < 3; attempt++) {
      const taken = await reserve(attacker, id, 3)
      expect(await held(id)).toBe(3)
      expect((await purchase(await registerPlayer(), id, { quantity: 3 })).status).toBe(201)
      at(NOW + (attempt + 1) * 13 * MINUTE - MINUTE)
      await cancel(attacker, taken.id)
      at(NOW + (attempt + 1) * 13 * MINUTE)
    }
    const until = `Several of your orders were not paid. You can order ${TITLE} again at 2031-05-05 13:08 UTC.`
    const { status, body } = await purchase(attacker, id)
    expect([status, body.detail]).toEqual([409, until])
    await evictPool(pool)
    expect((await purchase(attacker, id)).body.detail).toBe(until)
  })

  it('keeps half for buyers with a proved address, also after its object was evicted', async () => {
    const { id, pool } = await stagePriced({ totalTickets: 8 })
    const crowd = await throwaways(10)
    const answers = await Promise.all(crowd.map((each) => purchase(each, id)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4)
    await evictPool(pool)
    const [late] = await throwaways(1)
    expect((await purchase(late!, id)).body.detail).toBe(
      `Buyers without a proved e-mail address hold as many tickets of ${TITLE} as they may: prove yours, or try again later.`,
    )
    await paid(await registerPlayer(), id, 3)
  })

  it('keeps its last tickets on sale: what is sold does not make a share larger', async () => {
    const { id } = await stagePriced({ totalTickets: 60 })
    for (const quantity of [15, 11, 8, 6]) await paid(await registerPlayer(), id, quantity)
    expect(refusal(await purchase(await registerPlayer(), id, { quantity: 15 }))).toEqual([
      409,
      'limit_reached',
      `You may hold at most 5 unpaid tickets of ${TITLE} at a time: order fewer, and pay for them first.`,
    ])
    const crowd = await throwaways(5)
    const answers = await Promise.all(crowd.map((each) => purchase(each, id, { quantity: 4 })))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2)
    await paid(await registerPlayer(), id, 5)
  })

  it('that is free gives all its tickets to anybody', async () => {
    const { id } = await stageRaffle({ totalTickets: 8, maxPerUser: null })
    const [player] = await throwaways(1)
    expect((await buy(player!, id, { quantity: 8 })).status).toBe(201)
  })
})
