/** Makes the demo's lotteries through the API. Each has results of its last two draws, which both admins answer for. */
import { call, logIn } from './call.ts'
import { ADMIN, SECOND_ADMIN } from './people.ts'

const DAY_MS = 86_400_000

interface DemoLottery {
  name: string
  country: string
  time: string
  timeZone: string
  numbersPerDraw: number
  digits: number
  /** Its last draw was so many days ago, and it holds one a week. */
  daysAgo: number
  source: string
  /** Of the last draw, then of the one before. */
  results: [string[], string[]]
}

const LOTTERIES: readonly DemoLottery[] = [
  {
    name: 'Lotería del Río Grande',
    country: 'CO',
    time: '22:30',
    timeZone: 'America/Bogota',
    numbersPerDraw: 3,
    digits: 4,
    daysAgo: 2,
    source: 'https://loteria-del-rio.example/resultados',
    results: [
      ['0427', '9310', '0058'],
      ['7741', '2206', '1190'],
    ],
  },
  {
    name: 'Nairobi Weekly Three',
    country: 'KE',
    time: '20:00',
    timeZone: 'Africa/Nairobi',
    numbersPerDraw: 1,
    digits: 3,
    daysAgo: 3,
    source: 'https://weekly-three.example/results',
    results: [['073'], ['418']],
  },
]

export async function makeLotteries(origin: string): Promise<void> {
  const [admin, second] = await Promise.all([logIn(origin, ADMIN.email), logIn(origin, SECOND_ADMIN.email)])
  const { data } = await call(origin, 'GET', '/lotteries?limit=100')
  for (const { daysAgo, source, results, ...terms } of LOTTERIES) {
    const known = data.find(({ name }: { name: string }) => name === terms.name)
    const last = dateIn(terms.timeZone, daysAgo)
    const body = { ...terms, cadence: { every: 'week', weekdays: [weekdayOf(last)] } }
    const lottery = known ?? (await call(origin, 'POST', '/lotteries', { token: admin, body }))
    // A lottery of an earlier run has its results, or holds its draws on another day.
    const held = known === undefined ? last : lastDraw(lottery.nextDraw.date)
    for (const [weeks, numbers] of results.entries()) {
      const date = daysBefore(held, 7 * weeks)
      const record = { token: admin, body: { date, numbers, source }, accept: [409, 422] }
      const { records } = await call(origin, 'POST', `/lotteries/${lottery.id}/results`, record)
      const pending = records?.find(({ status }: { status: string }) => status === 'pending')
      if (pending === undefined) continue
      const confirmation = { token: second, body: { recordId: pending.id } }
      await call(origin, 'POST', `/lotteries/${lottery.id}/results/${date}/confirm`, confirmation)
    }
  }
}

const dateIn = (timeZone: string, daysAgo: number): string =>
  new Intl.DateTimeFormat('sv', { timeZone }).format(Date.now() - daysAgo * DAY_MS)

const daysBefore = (date: string, days: number): string =>
  new Date(Date.parse(date) - days * DAY_MS).toISOString().slice(0, 10)

const lastDraw = (next: string): string => daysBefore(next, 7)

const weekdayOf = (date: string): string =>
  new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'UTC' }).format(Date.parse(date)).toLowerCase()
