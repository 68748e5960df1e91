/**
 * The demo: three people, an organisation and its raffles, made through the API as people would make them. Every
 * step looks first whether it was done, so a run that was cut short is finished by the next one.
 */
import type * as z from 'zod'
import type { CreateRaffle } from '../src/raffles/contract.ts'

export const DEMO_PASSWORD = 'tombola-demo-2026'
export const DEMO_PEOPLE = [
  { email: 'admin@tombola.example', name: 'Amina Admin', does: 'runs the platform' },
  { email: 'operator@tombola.example', name: 'Otieno Operator', does: 'runs the raffles of Kilimani Books' },
  { email: 'player@tombola.example', name: 'Wanjiru Player', does: 'enters them' },
] as const
const [ADMIN, OPERATOR, PLAYER] = DEMO_PEOPLE
const ORGANISATION = 'Kilimani Books'
/** The one that is drawn while somebody watches. */
const LAMP = 'The ten-minute draw: a reading lamp'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

type RaffleInput = z.input<typeof CreateRaffle>

/** What all demo raffles have in common. */
const COMMON = {
  ticketPrice: { amount: 0, currency: 'KES' },
  winPolicy: 'perHolder',
  timeZone: 'Africa/Nairobi',
  location: 'Kilimani Books, Argwings Kodhek Road, Nairobi',
} as const satisfies Partial<RaffleInput>

function demoRaffles(now: number): RaffleInput[] {
  const at = (ms: number) => new Date(now + ms).toISOString()
  return [
    {
      ...COMMON,
      title: 'A year of books',
      description:
        'One free entry each. Twelve novels by East African writers, one a month, chosen by our booksellers and sent to your door.',
      tags: ['free', 'books'],
      totalTickets: 100_000,
      maxPerUser: 1,
      numbering: 'random',
      opensAt: at(-MINUTE_MS),
      closesAt: at(365 * DAY_MS),
      drawAt: at(366 * DAY_MS),
      prizes: [
        { title: 'A novel a month for a year', quantity: 1, value: { amount: 1_800_000, currency: 'KES' } },
        { title: 'A book voucher', quantity: 10, value: { amount: 200_000, currency: 'KES' } },
      ],
    },
    {
      ...COMMON,
      title: 'Pick your number: the signed first edition',
      description:
        'A hundred numbers, yours to choose. Take up to five and tell your friends which ones are left.',
      tags: ['free', 'chosen numbers'],
      totalTickets: 100,
      maxPerUser: 5,
      numbering: 'chosen',
      opensAt: at(-MINUTE_MS),
      closesAt: at(180 * DAY_MS),
      drawAt: at(181 * DAY_MS),
      prizes: [{ title: 'A signed first edition', quantity: 1, value: { amount: 950_000, currency: 'KES' } }],
    },
    {
      ...COMMON,
      title: 'The long weekend: half the pot',
      description:
        'KES 100 a ticket, up to twenty each. Half of what comes in goes to one of you, a hamper of books to another; the rest keeps our reading room open.',
      tags: ['cash', 'books'],
      ticketPrice: { amount: 10_000, currency: 'KES' },
      providers: ['sandbox', 'manual'],
      totalTickets: 1_000,
      maxPerUser: 20,
      numbering: 'random',
      rakeBps: 500,
      opensAt: at(-MINUTE_MS),
      closesAt: at(90 * DAY_MS),
      drawAt: at(91 * DAY_MS),
      prizes: [
        { title: 'Half the pot', quantity: 1, kind: 'share', value: { shareBps: 5_000 } },
        { title: 'A hamper of books', quantity: 1, value: { amount: 600_000, currency: 'KES' } },
      ],
    },
    {
      ...COMMON,
      title: LAMP,
      description:
        'Closes ten minutes after Tombola was first started, and is drawn a minute later. Watch it.',
      tags: ['free', 'soon'],
      totalTickets: 500,
      maxPerUser: 1,
      numbering: 'sequential',
      opensAt: at(-MINUTE_MS),
      closesAt: at(10 * MINUTE_MS),
      drawAt: at(11 * MINUTE_MS),
      prizes: [{ title: 'A reading lamp', quantity: 1, value: { amount: 350_000, currency: 'KES' } }],
    },
  ]
}

/** What the first week of the daily draw gives away; after it, its bookmark. */
const WEEK_OF_REWARDS = [
  'A reading lamp',
  'Two cinema tickets',
  'A KES 2,000 book voucher',
  'A wireless speaker',
  'A signed first edition',
  'A pair of headphones',
  'Brunch for two',
]

const dailyDraw = (startsOn: string) => ({
  title: 'The daily lucky draw',
  cadence: { every: 'day' },
  time: '20:00',
  timeZone: COMMON.timeZone,
  opensBefore: 24 * 60,
  closesBefore: 5,
  startsOn,
  terms: {
    description: 'One free entry each, every evening at eight. Each day another reward.',
    tags: ['free', 'daily'],
    location: COMMON.location,
    ticketPrice: COMMON.ticketPrice,
    winPolicy: COMMON.winPolicy,
    totalTickets: 10_000,
    numbering: 'random',
    prizes: [{ title: 'A bookmark', quantity: 1, value: { amount: 15_000, currency: 'KES' } }],
  } satisfies Partial<RaffleInput>,
})

/**
 * Makes the demo at `origin`. `execute` runs SQL on the worker's database: the very first admin has nobody to be
 * appointed by, so an operator does it with one wrangler command, here as in production.
 */
export async function seed(origin: string, execute: (sql: string) => Promise<void>): Promise<void> {
  for (const { email, name } of DEMO_PEOPLE) {
    await call(origin, 'POST', '/auth/register', {
      body: { email, name, password: DEMO_PASSWORD },
      accept: [409],
    })
  }
  await execute(`UPDATE users SET role = 'admin' WHERE email = '${ADMIN.email}'`)
  const admin = await logIn(origin, ADMIN.email)
  const organisations = await call(origin, 'GET', '/organisations?limit=100', { token: admin })
  const organisation =
    organisations.data.find((each: { name: string }) => each.name === ORGANISATION) ??
    (await call(origin, 'POST', '/organisations', { token: admin, body: { name: ORGANISATION } }))
  await call(origin, 'POST', `/organisations/${organisation.id}/members`, {
    token: admin,
    body: { email: OPERATOR.email, role: 'operator' },
    accept: [409],
  })
  await makeRaffles(origin, organisation.id)
  await makeSeries(origin, organisation.id)
}

async function makeRaffles(origin: string, organisationId: string): Promise<void> {
  const token = await logIn(origin, OPERATOR.email)
  const player = await logIn(origin, PLAYER.email)
  const present = await call(origin, 'GET', `/raffles?limit=100&organisationId=${organisationId}`, { token })
  for (const input of demoRaffles(Date.now())) {
    const raffle =
      present.data.find((each: { title: string }) => each.title === input.title) ??
      (await call(origin, 'POST', '/raffles', { token, body: { ...input, organisationId } }))
    if (raffle.status === 'draft') await call(origin, 'POST', `/raffles/${raffle.id}/publish`, { token })
    if (input.title !== LAMP) continue
    await call(origin, 'POST', '/tickets/purchase', {
      token: player,
      body: { raffleId: raffle.id, quantity: 1 },
      key: 'tombola-demo',
      accept: [409],
    })
  }
}

async function makeSeries(origin: string, organisationId: string): Promise<void> {
  const token = await logIn(origin, OPERATOR.email)
  const input = dailyDraw(dayAt(Date.now()))
  const present = await call(origin, 'GET', `/series?limit=100&organisationId=${organisationId}`, {})
  const series =
    present.data.find((each: { title: string }) => each.title === input.title) ??
    (await call(origin, 'POST', '/series', { token, body: { ...input, organisationId } }))
  for (const [day, title] of WEEK_OF_REWARDS.entries()) {
    await call(origin, 'PUT', `/series/${series.id}/rewards/${dayAt(Date.now() + day * DAY_MS)}`, {
      token,
      body: { prizes: [{ title, quantity: 1 }] },
      // Over for today, or made already.
      accept: [409, 422],
    })
  }
}

/** The date of the demo's time zone. */
const dayAt = (now: number): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: COMMON.timeZone }).format(now)

const logIn = async (origin: string, email: string): Promise<string> =>
  (await call(origin, 'POST', '/auth/login', { body: { email, password: DEMO_PASSWORD } })).access_token

interface Call {
  token?: string
  body?: unknown
  key?: string
  /** Statuses beyond success that mean: somebody did it before. */
  accept?: number[]
}

/** One call of the API; its answer is trusted to be what the contract says. */
async function call(origin: string, method: string, path: string, { token, body, key, accept = [] }: Call) {
  const response = await fetch(`${origin}/api/v1${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await response.text()
  if (response.ok || accept.includes(response.status)) return text === '' ? undefined : JSON.parse(text)
  throw new Error(
    `The demo could not be made: ${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`,
  )
}
