/** Makes the demo's raffles through the API, those that are drawn first to begin with, and has people enter them. */
import { call, logIn, present, type Stage } from './call.ts'
import { type DemoRaffle, longRaffles, shortRaffles } from './raffles.ts'
import type { Shop } from './shop.ts'

/** How long after its time a draw may still be under way. */
const DRAW_LEEWAY_MS = 3_000

/** Makes what is not there; gives when the short ones can be drawn (ms). */
export async function makeRaffles(stage: Stage, shop: Shop): Promise<number> {
  const drawnAt = await makeAll(stage, shortRaffles(Date.now(), shop))
  await makeAll(stage, longRaffles(Date.now(), shop))
  return drawnAt + DRAW_LEEWAY_MS
}

/** Gives when the last of them is drawn (ms). */
async function makeAll(stage: Stage, raffles: DemoRaffle[]): Promise<number> {
  const { origin, organisationId, token } = stage
  const there = await present(stage, '/raffles')
  const drawnAt = raffles.map(async ({ input, entrants = [], isShort = false }) => {
    const found = there.get(input.title)
    const isSpent = isShort && found?.sold === 0 && !['draft', 'open'].includes(found.status)
    const raffle =
      found === undefined || isSpent
        ? await call(origin, 'POST', '/raffles', { token, body: { ...input, organisationId } })
        : found
    if (raffle.status === 'draft') {
      // One that was made by a run that was cut short has its times from then.
      if (found === raffle) await call(origin, 'PUT', `/raffles/${raffle.id}`, { token, body: input })
      await call(origin, 'POST', `/raffles/${raffle.id}/publish`, { token })
    }
    await Promise.all(entrants.map((email) => enter(stage, raffle.id, email)))
    return Date.parse(raffle.drawAt)
  })
  return Math.max(...(await Promise.all(drawnAt)))
}

async function enter({ origin }: Stage, raffleId: string, email: string): Promise<void> {
  await call(origin, 'POST', '/tickets/purchase', {
    token: await tokenOf(origin, email),
    body: { raffleId, quantity: 1 },
    key: 'tombola-demo',
    // Over, or entered already.
    accept: [409],
  })
}

const tokens = new Map<string, Promise<string>>()

/** Signs each of them in once: a password takes a tenth of a second to check. */
function tokenOf(origin: string, email: string): Promise<string> {
  const token = tokens.get(email) ?? logIn(origin, email)
  tokens.set(email, token)
  return token
}
