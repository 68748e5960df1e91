/** Makes the demo's raffles through the API, the short ones first, and enters people in them. */
import { call, listByLabel, type Stage } from './call.ts'
import { type DemoRaffle, longRaffles, shortRaffles } from './raffles.ts'
import type { Shop } from './shop.ts'
import { tokenOf } from './tokens.ts'

/** How long a draw may take after its `drawAt`. */
const DRAW_LEEWAY_MS = 3_000

/** Makes the raffles that do not exist yet. Returns when the short ones have been drawn (ms). */
export async function makeRaffles(stage: Stage, shop: Shop): Promise<number> {
  const drawnAt = await makeAll(stage, shortRaffles(Date.now(), shop))
  await makeAll(stage, longRaffles(Date.now(), shop))
  return drawnAt + DRAW_LEEWAY_MS
}

/** Returns the last `drawAt` (ms). */
async function makeAll(stage: Stage, raffles: DemoRaffle[]): Promise<number> {
  const { origin, organisationId, token } = stage
  const existing = await listByLabel(stage, '/raffles')
  const drawnAt = raffles.map(async ({ input, entrants = [], isShort = false }) => {
    const found = existing.get(input.title)
    const isOverWithoutEntries = isShort && found?.sold === 0 && !['draft', 'open'].includes(found.status)
    const raffle =
      found === undefined || isOverWithoutEntries
        ? await call(origin, 'POST', '/raffles', { token, body: { ...input, organisationId } })
        : found
    if (raffle.status === 'draft') {
      // A draft of an interrupted run has old times.
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
    // It has closed, or the person has entered it.
    accept: [409],
  })
}
