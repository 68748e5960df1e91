/** The demo's daily lucky draw: every evening at eight, with a different reward on each day of the first week. */
import { call, listByLabel, type Stage } from './call.ts'
import { COMMON, DAY_MS, type RaffleInput } from './raffles.ts'
import type { Shop } from './shop.ts'

/** The rewards of the first week, some of them from the shop. Each later day's reward is a bookmark. */
const WEEK_OF_REWARDS: readonly { title: string; product?: string }[] = [
  { title: 'A reading lamp', product: 'Clip-on reading lamp' },
  { title: 'Two cinema tickets' },
  { title: 'A KES 2,000 book voucher' },
  { title: 'A wireless speaker', product: 'Sauti Mini wireless speaker' },
  { title: 'A signed first edition' },
  { title: 'A pair of headphones', product: 'Sauti One headphones' },
  { title: 'Brunch for two' },
]

const dailyDraw = (startsOn: string, { categoryId }: Shop) => ({
  title: 'The daily lucky draw',
  cadence: { every: 'day' },
  time: '20:00',
  timeZone: COMMON.timeZone,
  opensBefore: 24 * 60,
  closesBefore: 5,
  startsOn,
  terms: {
    description: 'One free entry each, every evening at eight. Each day another reward.',
    categoryId: categoryId('Lucky draws'),
    tags: ['free', 'daily'],
    location: COMMON.location,
    ticketPrice: COMMON.ticketPrice,
    winPolicy: COMMON.winPolicy,
    totalTickets: 10_000,
    numbering: 'random',
    prizes: [{ title: 'A bookmark', quantity: 1, value: { amount: 15_000, currency: 'KES' } }],
  } satisfies Partial<RaffleInput>,
})

export async function makeDailyDraw(stage: Stage, shop: Shop): Promise<void> {
  const { origin, organisationId, token } = stage
  const input = dailyDraw(dayAt(Date.now()), shop)
  const series =
    (await listByLabel(stage, '/series')).get(input.title) ??
    (await call(origin, 'POST', '/series', { token, body: { ...input, organisationId } }))
  for (const [day, { title, product }] of WEEK_OF_REWARDS.entries()) {
    const productId = product === undefined ? undefined : shop.productId(product)
    await call(origin, 'PUT', `/series/${series.id}/rewards/${dayAt(Date.now() + day * DAY_MS)}`, {
      token,
      body: { prizes: [{ title, quantity: 1, productId }] },
      // Today's entries have closed, or today's raffle exists already.
      accept: [409, 422],
    })
  }
}

/** The date in the demo's time zone. */
const dayAt = (now: number): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: COMMON.timeZone }).format(now)
