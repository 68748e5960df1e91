/** Measures a sale for money: from the purchase through the sandbox's page to the issued ticket. */
import type { Answer } from './connection.ts'
import type { Counts } from './counters.ts'
import { type Door, pressure } from './load.ts'
import { type People, publishRaffle, purchaseDoor, purchases } from './raffle.ts'
import { holds, info, type Line, type Section } from './report.ts'
import type { Runtime } from './runtime.ts'
import { type Effort, speedOf } from './turns.ts'

const BUYERS = [1, 16, 64]

export async function sellForMoney(
  { urls }: Runtime,
  people: People,
  { roundSeconds }: Effort,
): Promise<Section> {
  const url = urls.tombola!
  const terms = { prizes: 100, winPolicy: 'perTicket' } as const
  const free = purchaseDoor(url, people, await publishRaffle(url, people, terms))
  const raffleId = await publishRaffle(url, people, { ...terms, price: 100 })
  const priced = pricedDoor(url, people, raffleId)
  const seconds = roundSeconds * 2
  const lines: Line[] = []
  let failed = 0
  await pressure(free, { seconds: roundSeconds })
  await pressure(priced, { seconds: roundSeconds })
  for (const buyers of BUYERS) {
    const who = buyers === 1 ? '1 buyer' : `${buyers} buyers`
    const entered = await pressure(free, { seconds }, buyers)
    const before = await countsOf(url)
    const bought = await pressure(priced, { seconds }, buyers)
    const each = perVisit(before, await countsOf(url), bought.answered)
    failed += entered.failed + bought.failed
    lines.push(
      info(`${who}: free entry`, speedOf(entered)),
      info(`${who}: priced purchase, paid and issued`, speedOf(bought)),
      info('  priced : free', `${(bought.perSecond / entered.perSecond).toFixed(2)}×`),
      info('  D1 statements per order', each.statements.toFixed(1)),
      info('  D1 trips per order, which orders share', each.trips.toFixed(1)),
      info('  of them for the sandbox’s own books', each.sandboxTrips.toFixed(1)),
      info('  rows written per order in D1', each.database.toFixed(1)),
      info('  of them the sandbox’s own', each.sandbox.toFixed(1)),
      info('  rows written per order in the object', each.object.toFixed(1)),
    )
  }
  const state = (await (await fetch(`${url}/api/v1/raffles/${raffleId}/availability`)).json()) as {
    held: number
  }
  return {
    title: 'Tickets for money: one ticket each',
    how: 'Free: one call. Priced: the purchase, then `approve` on the sandbox’s page, whose webhook settles the order.',
    lines: [
      ...lines,
      holds('orders that were not issued', state.held === 0 && failed === 0, String(state.held + failed)),
    ],
  }
}

export const countsOf = async (url: string): Promise<Counts> =>
  (await (await fetch(`${url}/bench/rows`)).json()) as Counts

/** What was counted between two moments, for each visit. */
export const perVisit = (before: Counts, after: Counts, visits: number): Counts =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, (value - before[name as keyof Counts]) / visits]),
  ) as unknown as Counts

interface Purchase {
  order: { payment: { checkoutUrl: string } }
}

/** Purchases of one ticket for money, each paid on the sandbox's page. */
export function pricedDoor(url: string, people: People, raffleId: string): Door {
  const next = purchases(people, () => ({ raffleId, quantity: 1, payment: { provider: 'sandbox' } }))
  return {
    url,
    visit: async (connection) => {
      const bought = await connection.send(next())
      if (bought.status !== 201) return false
      const { order } = jsonOf<Purchase>(bought)
      const approved = await connection.send({
        method: 'POST',
        path: new URL(order.payment.checkoutUrl).pathname,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'action=approve',
      })
      return approved.status < 400
    },
  }
}

const jsonOf = <Body>({ body }: Answer): Body => JSON.parse(body.toString()) as Body
