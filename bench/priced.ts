/** Measures a sale for money: from the purchase through the sandbox's page to the issued ticket. */
import { randomUUID } from 'node:crypto'
import { median } from './load.ts'
import { type People, publishRaffle, purchaseDoor } from './raffle.ts'
import { holds, info, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import type { Effort } from './speed.ts'

/** Concurrent buyers. */
const BUYERS = 16

interface Counts {
  object: number
  database: number
  statements: number
  trips: number
}

export async function sellForMoney(
  { urls }: Runtime,
  people: People,
  { roundSeconds }: Effort,
): Promise<Section> {
  const url = urls.tombola!
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const free = purchaseDoor(url, people, await publishRaffle(url, people, terms))
  const priced = await publishRaffle(url, people, { ...terms, price: 100 })
  const counts = async () => (await (await fetch(`${url}/bench/rows`)).json()) as Counts
  const buy = pricedBuyer(url, people, priced)

  async function enter(): Promise<boolean> {
    const { path, ...init } = free.next()
    return (await fetch(url + path, init).then(drained)).status === 201
  }
  await during(enter, roundSeconds)
  const entered = await during(enter, roundSeconds)
  await during(buy, roundSeconds)
  const before = await counts()
  const bought = await during(buy, roundSeconds)
  const after = await counts()
  const perOrder = (name: keyof Counts) => ((after[name] - before[name]) / bought.done).toFixed(1)
  const state = (await (await fetch(`${url}/api/v1/raffles/${priced}/availability`)).json()) as {
    sold: number
    held: number
  }
  const line = ({ done, ms, seconds }: Awaited<ReturnType<typeof during>>) =>
    `${Math.round(done / seconds)}/s  p50 ${median(ms).toFixed(1)} ms`
  return {
    title: `Tickets for money: ${BUYERS} buyers, one ticket each`,
    how: 'Free: one call. Priced: the purchase, then `approve` on the sandbox’s page, whose webhook settles the order.',
    lines: [
      info('free entry', line(entered)),
      info('priced purchase, paid and issued', line(bought)),
      info(
        'priced : free',
        `${(bought.done / bought.seconds / (entered.done / entered.seconds)).toFixed(2)}×`,
      ),
      info('D1 statements per order', perOrder('statements')),
      info('D1 trips per order, which orders share', perOrder('trips')),
      info('rows written per order in D1', perOrder('database')),
      info('rows written per order in the object', perOrder('object')),
      holds(
        'orders that were not issued',
        state.held === 0 && bought.failed === 0,
        String(state.held + bought.failed),
      ),
    ],
  }
}

/** Buys one ticket of `raffleId` after another, paid on the sandbox's page; false: the purchase or its payment failed. */
export function pricedBuyer(url: string, people: People, raffleId: string): () => Promise<boolean> {
  const run = { id: randomUUID(), count: 0 }
  return async function buy() {
    const buyer = run.count++
    const headers = {
      authorization: `Bearer ${people.players[buyer % people.players.length]}`,
      'content-type': 'application/json',
      'idempotency-key': `${run.id}-${buyer}`,
    }
    const body = JSON.stringify({ raffleId, quantity: 1, payment: { provider: 'sandbox' } })
    const bought = await fetch(`${url}/api/v1/tickets/purchase`, { method: 'POST', headers, body })
    const { order } = (await bought.json()) as {
      order?: { id: string; payment: { checkoutUrl: string } }
    }
    if (order === undefined) return false
    const page = url + new URL(order.payment.checkoutUrl).pathname
    const approved = await fetch(page, {
      method: 'POST',
      body: new URLSearchParams({ action: 'approve' }),
      redirect: 'manual',
    }).then(drained)
    return approved.status < 400
  }
}

const drained = async (response: Response): Promise<Response> => {
  await response.arrayBuffer()
  return response
}

/** Each of the buyers repeats `work` without a pause, for `seconds`. */
export async function during(work: () => Promise<boolean>, seconds: number, buyers = BUYERS) {
  const start = performance.now()
  const ms: number[] = []
  let failed = 0
  const buyer = async () => {
    while (performance.now() - start < seconds * 1_000) {
      const began = performance.now()
      if (await work()) ms.push(performance.now() - began)
      else failed++
    }
  }
  await Promise.all(Array.from({ length: buyers }, buyer))
  return { done: ms.length, failed, ms, seconds: (performance.now() - start) / 1_000 }
}
