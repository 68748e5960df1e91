// Every list reads one page by an index, in each form that a client may ask for. The queries are those that the endpoints
// really make. A list whose query reads a whole table, or sorts one, becomes slower with every row.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Bindings } from '../../src/core/context.ts'
import { codesOf, scan, take } from '../admissions/door-stage.ts'
import { reserve, stagePriced } from '../checkout/checkout.ts'
import { stageEvent } from '../events/event-stage.ts'
import { operations } from '../harness/client.ts'
import { type Person, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { lotteryBody, NUMBERS, SOURCE } from '../lotteries/lottery-stage.ts'
import { as, stageRaffle, useClock } from '../raffles/scenario.ts'
import { stageSeries } from '../raffles/series-stage.ts'

useClock()

interface Query {
  sql: string
  values: unknown[]
}

/** The worker's database, which notes every query that is made. */
function recording(): { DB: D1Database; queries: Query[] } {
  const queries: Query[] = []
  const noted = (statement: D1PreparedStatement, query: Query): D1PreparedStatement =>
    new Proxy(statement, {
      get(target, name) {
        if (name === 'bind') {
          return (...values: unknown[]) => noted(target.bind(...values), { ...query, values })
        }
        const method = Reflect.get(target, name)
        return (...args: unknown[]) => {
          queries.push(query)
          return method.apply(target, args)
        }
      },
    })
  const DB = {
    prepare: (sql: string) => noted(env.DB.prepare(sql), { sql, values: [] }),
    batch: (statements: D1PreparedStatement[]) => Promise.all(statements.map((each) => each.all())),
  } as unknown as D1Database
  return { DB, queries }
}

async function planOf({ sql, values }: Query): Promise<string[]> {
  const { results } = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...values)
    .all<{ detail: string }>()
  return results.map(({ detail }) => detail)
}

/**
 * The whole table is read, or sorted. At the start of a list, its first rows are read in the order of an index. The table of
 * payments has no rowid, so it is an index itself. The rows of a subquery are found by steps of their own.
 */
const COSTLY =
  /^SCAN (?!payments$|\(subquery|.*( USING (COVERING )?INDEX | VIRTUAL TABLE |CONSTANT ROW))|TEMP B-TREE(?! FOR LAST TERM)|AUTOMATIC/
/** After a cursor not even an index is read from its start: the page is found where the last one ended. */
const COSTLY_AFTER_CURSOR =
  /^SCAN (?!\(subquery|.*( VIRTUAL TABLE |CONSTANT ROW))|TEMP B-TREE(?! FOR LAST TERM)|AUTOMATIC/

const WHOLE = /^SCAN (?!\(subquery|.*( USING (COVERING )?INDEX | VIRTUAL TABLE |CONSTANT ROW))/

type Form = Record<string, string>

interface List {
  by?: 'operator' | 'admin' | 'player'
  /** What a client may ask for. Each form is asked for with a cursor too. */
  forms?: Form[]
  /** What a query may sort, found by which index: a set that stays small, or whose own index would cost too much. */
  sorts?: { what: string; by: RegExp }
  /** The key of a cursor; left out if the list has one page. */
  after?: (form: Form) => (string | number)[]
}

const ids = {
  organisationId: '',
  raffleId: '',
  eventId: '',
  seriesId: '',
  categoryId: '',
  orderId: '',
  paymentId: '',
  ticketTypeId: '',
  reservationId: '',
  lotteryId: '',
}
let people: Record<'operator' | 'admin' | 'player', Person>

beforeEach(async () => {
  if (ids.orderId !== '') return
  // Prices compare without a currency only while all of them have the same one.
  await env.DB.prepare(`UPDATE products SET status = 'archived' WHERE price_currency <> 'KES'`).run()
  const priced = await stagePriced()
  const player = await registerPlayer()
  const { order } = await reserve(player, priced.id)
  const staged = await stageRaffle({ numbering: 'chosen' }, priced.organisation)
  const event = await stageEvent({}, staged.organisation)
  const taken = await take(event, 2, player)
  await scan(event, (await codesOf(taken))[0]!)
  ids.eventId = event.id
  ids.ticketTypeId = event.types.free
  ids.reservationId = taken.reservationId
  people = { operator: staged.operator, admin: await signedInAdmin(), player }
  ids.organisationId = staged.organisation.id
  ids.raffleId = staged.id
  ids.seriesId = (await stageSeries()).id
  ids.orderId = order.id
  ids.paymentId = order.payment.id
  ids.lotteryId = (await as(people.admin, 'POST', '/lotteries', lotteryBody())).body.id
  await as(people.admin, 'POST', `/lotteries/${ids.lotteryId}/results`, {
    date: '2031-04-30',
    numbers: NUMBERS,
    source: SOURCE,
  })
  ids.categoryId = (await as(staged.operator, 'POST', '/categories', { name: 'Books' })).body.id
})

/** Every set of some of `parameters`. */
function someOf(parameters: Form): Form[] {
  const sets: Form[] = [{}]
  for (const [name, value] of Object.entries(parameters)) {
    sets.push(...sets.map((set) => ({ ...set, [name]: value })))
  }
  return sets
}

const each = (name: string, values: string[], others: Form[] = [{}]): Form[] =>
  values.flatMap((value) => others.map((other) => ({ ...other, [name]: value })))

const RAFFLE_STATUSES = ['scheduled', 'open', 'closed', 'committed', 'drawn', 'settled', 'cancelled']
const until = '2031-06-01T00:00:00Z'
const byId = () => ['a']
const newest = () => [2_000_000_000_000, 'a']

/** A value in braces is an id of the staged things. */
const LISTS: Record<string, List> = {
  '/raffles': {
    forms: [
      ...each(
        'sort',
        ['drawAt', '-drawAt', '-createdAt'],
        [
          ...someOf({
            organisationId: '{organisationId}',
            seriesId: '{seriesId}',
            categoryId: '{categoryId}',
            currency: 'KES',
          }),
          { q: 'book' },
          ...each(
            'status',
            [...RAFFLE_STATUSES, 'open,closed', 'open,settled'],
            [{}, { organisationId: '{organisationId}' }],
          ),
        ],
      ),
    ],
    after: ({ sort }) => [sort!, 1_900_000_000_000, 'raffle'],
  },
  '/events': {
    forms: each(
      'sort',
      ['startsAt', '-startsAt'],
      [
        ...someOf({ organisationId: '{organisationId}', categoryId: '{categoryId}', country: 'KE' }),
        { country: 'KE', city: 'Kisumu' },
        { from: '2031-01-01T00:00:00Z', to: '2031-02-01T00:00:00Z' },
        { q: 'jazz' },
      ],
    ),
    after: ({ sort }) => [sort!, 1_900_000_000_000, 'event'],
  },
  '/events/:id/check-ins': {
    by: 'operator',
    forms: [{}, { conflict: 'true' }, { conflict: 'false' }],
    after: () => ['checkin_7'],
  },
  '/events/:id/admissions': {
    by: 'operator',
    forms: someOf({ q: 'amina', ticketTypeId: '{ticketTypeId}', checkedIn: 'true' }),
    after: () => [ids.ticketTypeId, 0, 0],
  },
  '/events/:id/capacity-groups': { by: 'operator', after: byId },
  '/raffles/:id/numbers': { after: () => [1] },
  '/raffles/:id/winners': {
    sorts: { what: 'prizes of one raffle', by: /winners_unit/ },
    after: newest,
  },
  '/raffles/:id/reservations': { by: 'operator', after: () => [0] },
  '/raffles/:id/grants': { by: 'operator', forms: someOf({ status: 'waiting,granted' }), after: byId },
  '/draws/upcoming': {
    sorts: {
      what: 'raffles that wait for their draw, of one series or of all',
      by: /raffles_waiting|raffles_series/,
    },
    forms: someOf({ seriesId: '{seriesId}' }),
    after: () => [1_900_000_000, 'raffle'],
  },
  '/winners': { forms: someOf({ since: '2026-01-01T00:00:00Z' }), after: newest },
  '/winners mine': {
    sorts: { what: 'prizes of one person', by: /winners_user/ },
    by: 'player',
    forms: [{ mine: 'true' }],
    after: newest,
  },
  '/winners to decide on': {
    sorts: { what: 'winners under review, for three days each', by: /disqualifications_open/ },
    by: 'operator',
    forms: [{ needs: 'decision' }],
    after: newest,
  },
  '/series': { forms: someOf({ organisationId: '{organisationId}', status: 'active,paused' }), after: byId },
  '/series/:id/rewards': { forms: someOf({ from: '2031-01-01' }), after: () => ['2031-05-05'] },
  '/products': {
    forms: [
      ...each(
        'sort',
        ['price', '-price', '-createdAt', 'title'],
        [
          ...someOf({
            organisationId: '{organisationId}',
            categoryId: '{categoryId}',
            currency: 'KES',
            kind: 'book',
          }),
          { minPrice: '1', maxPrice: '100', currency: 'KES' },
          { minPrice: '1', maxPrice: '100', organisationId: '{organisationId}' },
          { inStock: 'true' },
          { q: 'book' },
        ],
      ),
    ],
    after: ({ sort }) => [sort!, sort === 'title' ? 'm' : 1_900_000_000_000, 'product'],
  },
  '/raffle-templates': {
    sorts: { what: 'templates of the caller’s organisations', by: /raffle_templates_organisation/ },
    by: 'operator',
    forms: someOf({ organisationId: '{organisationId}' }),
    after: byId,
  },
  '/raffle-templates of all': {
    by: 'admin',
    forms: someOf({ organisationId: '{organisationId}' }),
    after: byId,
  },
  '/organisations': { by: 'operator', forms: someOf({ q: 'books' }), after: byId },
  '/organisations of all': { by: 'admin', forms: someOf({ q: 'books' }), after: byId },
  '/organisations/:id/invitations': { by: 'operator', after: byId },
  '/organisations/:id/members': { by: 'operator', after: byId },
  '/organisations/:id/api-keys': { by: 'operator', after: byId },
  '/organisations/:id/top-ups': {
    sorts: {
      what: 'top-ups of one organisation, which an admin records one by one',
      by: /transfers USING PRIMARY KEY/,
    },
    by: 'operator',
    after: newest,
  },
  '/users': { by: 'admin', forms: someOf({ q: 'amina' }), after: byId },
  '/users/me/invitations': { by: 'player', after: byId },
  '/users/me/payout-methods': {
    sorts: {
      what: 'the phones from which one person has paid, among the orders of that person',
      by: /orders USING (COVERING )?INDEX orders_key/,
    },
    by: 'player',
  },
  '/tickets': { by: 'player', after: byId },
  '/tickets/:id/admissions': { by: 'player', after: () => [0] },
  '/tickets/transfers': {
    by: 'player',
    forms: [{ direction: 'in' }, { direction: 'out' }],
    after: ({ direction }) => [direction!, '~'],
  },
  '/orders': {
    sorts: {
      what: 'orders of one person, and lines and history of the orders of one page',
      by: /order_(lines|events) USING PRIMARY KEY|orders_key/,
    },
    by: 'player',
    forms: someOf({
      raffleId: '{raffleId}',
      eventId: '{eventId}',
      status: 'paid,pending',
      since: '2031-01-01T00:00:00Z',
      until,
    }),
    after: byId,
  },
  '/orders of an organisation': {
    sorts: {
      what: 'lines and history of the orders of one page',
      by: /order_(lines|events) USING PRIMARY KEY/,
    },
    by: 'operator',
    forms: someOf({ raffleId: '{raffleId}', status: 'paid', since: '2031-01-01T00:00:00Z', until }).map(
      (form) => ({ ...form, organisationId: '{organisationId}' }),
    ),
    after: byId,
  },
  '/orders of an event': {
    sorts: {
      what: 'a page of orders for each ticket type of one event, and the lines and history of these orders',
      by: /order_lines_item|order_(lines|events) USING PRIMARY KEY/,
    },
    by: 'operator',
    forms: someOf({ raffleId: '{raffleId}', status: 'paid', since: '2031-01-01T00:00:00Z', until }).map(
      (form) => ({ ...form, organisationId: '{organisationId}', eventId: '{eventId}' }),
    ),
    after: byId,
  },
  '/orders/:id/refunds': {
    sorts: { what: 'lines and refunds of one order', by: /order_lines USING PRIMARY KEY|refunds_key/ },
    by: 'player',
    after: byId,
  },
  '/payments': {
    by: 'operator',
    forms: someOf({ needs: 'attention', status: 'pending,failed' }),
    after: byId,
  },
  '/payments of all': {
    by: 'admin',
    forms: someOf({ needs: 'attention', status: 'pending,failed' }),
    after: byId,
  },
  '/payments mine': {
    sorts: { what: 'payments of one person', by: /orders_(user|key)/ },
    by: 'player',
    forms: someOf({ status: 'pending,failed' }),
    after: byId,
  },
  '/payments of an event': {
    sorts: {
      what: 'a page of orders for each ticket type of one event, and their payments',
      by: /order_lines_item|payments_key/,
    },
    by: 'operator',
    forms: someOf({ needs: 'attention', status: 'pending,failed' }).map((form) => ({
      ...form,
      eventId: '{eventId}',
    })),
    after: () => ['order', 'a'],
  },
  '/payments/webhooks': { by: 'admin', forms: someOf({ about: '{paymentId}' }), after: newest },
  '/payouts': {
    by: 'operator',
    forms: someOf({ needs: 'attention', status: 'requested,failed', raffleId: '{raffleId}' }),
    after: byId,
  },
  '/payouts of all': {
    by: 'admin',
    forms: someOf({ needs: 'attention', status: 'requested', raffleId: '{raffleId}' }),
    after: byId,
  },
  '/ledger/transfers': {
    sorts: {
      what: 'transfers of one raffle; sorted, the index would cost another row for each transfer',
      by: /transfers_raffle/,
    },
    by: 'operator',
    forms: [{ raffleId: '{raffleId}' }],
    after: () => [2_000_000_000_000, 'a', 0],
  },
  '/ledger/transfers of all': { by: 'admin', after: () => [2_000_000_000_000, 'a', 0] },
  '/lotteries': { forms: someOf({ country: 'CO', status: 'archived' }), after: byId },
  '/lotteries/:id/results': { after: () => ['2031-05-05'] },
  '/lotteries/:id/results of an admin': { by: 'admin', after: () => ['2031-05-05'] },
  '/lotteries/attention': { by: 'admin', after: () => [1_900_000_000_000, 'lottery', '2031-05-05'] },
  '/categories': {
    sorts: { what: 'categories of one organisation', by: /categories_slug/ },
    forms: someOf({ organisationId: '{organisationId}', q: 'books' }),
    after: () => ['books', 'a'],
  },
}

const isList = (schema: z.ZodType | undefined): boolean =>
  schema instanceof z.ZodLazy && 'nextCursor' in ((schema.unwrap() as z.ZodObject).shape ?? {})

const filled = (text: string): string =>
  text.replaceAll(/\{(\w+)\}/g, (_, name) => ids[name as keyof typeof ids])

const pathOf = (name: string): string => {
  const [path] = name.split(' ') as [string]
  const owner =
    {
      raffles: 'raffleId',
      series: 'seriesId',
      orders: 'orderId',
      events: 'eventId',
      tickets: 'reservationId',
      lotteries: 'lotteryId',
    }[path.split('/')[1]!] ?? 'organisationId'
  return path.replace(':id', ids[owner as keyof typeof ids])
}

const cursorOf = (key: (string | number)[]): string => Buffer.from(JSON.stringify(key)).toString('base64url')

async function costlyQueries(
  name: string,
  { by, after, sorts }: List,
  form: Form,
  isFirst: boolean,
): Promise<string[]> {
  const { DB, queries } = recording()
  const query = new URLSearchParams(Object.entries(form).map(([key, value]) => [key, filled(value)]))
  if (!isFirst) query.set('cursor', cursorOf(after!(form)))
  const path = `${pathOf(name)}?${query}`
  const answer = await as(by === undefined ? null : people[by], 'GET', path, undefined, {
    bindings: { DB } as Partial<Bindings>,
  })
  expect(answer.status, `${path}: ${JSON.stringify(answer.body)}`).toBe(200)
  expect(queries.length, path).toBeGreaterThan(0)
  const costly = isFirst ? COSTLY : COSTLY_AFTER_CURSOR
  const found: string[] = []
  for (const each of queries) {
    const plan = await planOf(each)
    const maySort =
      sorts !== undefined &&
      plan.some((step) => sorts.by.test(step)) &&
      !plan.some((step) => WHOLE.test(step))
    if (!maySort && plan.some((step) => costly.test(step))) found.push(`${path}\n  ${plan.join('\n  ')}`)
  }
  return found
}

describe('the queries of a list', () => {
  it.each(Object.entries(LISTS))('use an index: %s', async (name, list) => {
    const found: string[] = []
    for (const form of list.forms ?? [{}]) {
      for (const isFirst of list.after === undefined ? [true] : [true, false])
        found.push(...(await costlyQueries(name, list, form, isFirst)))
    }
    expect(found.join('\n')).toBe('')
  })

  it('are checked for every list of the API', () => {
    const lists = operations
      .filter(({ method, description }) => method === 'GET' && isList(description.success.schema))
      .map(({ path }) => path.replace('/api/v1', ''))
    // The search has a database of its own: `test/search/plans.test.ts`.
    const checked = ['/search', ...Object.keys(LISTS).map((name) => name.split(' ')[0]!)]
    expect(lists.filter((path) => !checked.includes(path))).toEqual([])
  })
})
