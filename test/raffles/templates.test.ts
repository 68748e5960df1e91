// Raffle templates through the API: saved terms, their economics, and raffles started from them.
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { operations } from '../harness/client.ts'
import { addOperator, organisationWithOperator, registerPlayer } from '../harness/people.ts'
import { allowGuarantees } from '../payouts/payout-stage.ts'
import { as, CLOSES_AT, HOUR, iso, NOW, readAll, useClock } from './scenario.ts'

const TEMPLATE = newId('raffleTemplate')
const TIMES = { opensAt: iso(NOW - HOUR), closesAt: iso(CLOSES_AT), drawAt: iso(CLOSES_AT + HOUR) }

const templateBody = (changes: Record<string, unknown> = {}) => ({
  name: 'Half the pot',
  colour: '#1E90FF',
  title: 'Half the pot',
  ticketPrice: { amount: 333, currency: 'KES' },
  totalTickets: 100,
  numbering: 'sequential',
  rakeBps: 1_000,
  providers: ['sandbox'],
  prizes: [
    { kind: 'share', title: 'A quarter', quantity: 2, value: { shareBps: 2_500 } },
    { kind: 'cash', title: 'Cash', quantity: 3, value: { amount: 1_000, currency: 'KES' } },
    { title: 'A book', quantity: 5 },
  ],
  guaranteed: true,
  winPolicy: 'perTicket',
  ...changes,
})

const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/v1/raffle-templates' },
  { method: 'POST', path: '/api/v1/raffle-templates', body: templateBody() },
  { method: 'GET', path: `/api/v1/raffle-templates/${TEMPLATE}` },
  { method: 'PUT', path: `/api/v1/raffle-templates/${TEMPLATE}`, body: { name: 'Other' } },
  { method: 'DELETE', path: `/api/v1/raffle-templates/${TEMPLATE}` },
  { method: 'POST', path: `/api/v1/raffle-templates/${TEMPLATE}/raffles`, body: TIMES },
]

protectedRoutes(ROUTES)

async function stageTemplate(changes: Record<string, unknown> = {}) {
  const organisation = await organisationWithOperator()
  const { status, body } = await as(organisation.operator, 'POST', '/raffle-templates', templateBody(changes))
  expect(status, JSON.stringify(body)).toBe(201)
  return { organisation, operator: organisation.operator, template: body }
}

describe('raffle templates', () => {
  useClock()

  it('have all their protected routes in this file', () => {
    const known = ROUTES.map(({ method, path }) => `${method} ${path.replace(/template_\w+/, ':id')}`)
    const declared = operations
      .filter(({ path, description }) => path.includes('/raffle-templates') && description.auth === 'user')
      .map(({ method, path }) => `${method} ${path}`)
    expect(known.sort()).toEqual(declared.sort())
  })

  it('show the economics of their terms to the last minor unit', async () => {
    const { template } = await stageTemplate()
    const kes = (amount: number) => ({ amount, currency: 'KES' })
    expect(template).toMatchObject({ name: 'Half the pot', colour: '#1e90ff', maxPerUser: null })
    expect(template.economics).toEqual({
      totalTakings: kes(33_300),
      rake: kes(3_330),
      prizePool: kes(29_970),
      prizePerWinner: [
        { title: 'A quarter', winners: 2, amount: kes(8_325) },
        { title: 'Cash', winners: 3, amount: kes(1_000) },
        { title: 'A book', winners: 5, amount: null },
      ],
      organiser: kes(33_300 - 3_330 - 2 * 8_325 - 3_000),
    })
  })

  it('refuse terms with which no raffle could be published', async () => {
    const { operator } = await organisationWithOperator()
    for (const [changes, path] of [
      [{ rakeBps: 9_000 }, 'prizes'],
      [{ minTickets: 101 }, 'minTickets'],
      [{ maxPerUser: 101 }, 'maxPerUser'],
      [{ colour: 'blue' }, 'colour'],
      [{ opensAt: iso(NOW) }, 'opensAt'],
      [{ ticketPrice: { amount: 1, currency: 'USD' } }, 'prizes.1.value.currency'],
    ] as const) {
      const { status, body } = await as(operator, 'POST', '/raffle-templates', templateBody(changes))
      expect(status).toBe(422)
      expect(body.errors[0].path).toBe(path)
    }
  })

  it('change field by field, and stay publishable', async () => {
    const { operator, template } = await stageTemplate()
    const path = `/raffle-templates/${template.id}`
    const { body } = await as(operator, 'PUT', path, { name: 'Better', totalTickets: 200 })
    expect(body).toMatchObject({ ...template, name: 'Better', totalTickets: 200, economics: body.economics })
    expect(body.economics.totalTakings.amount).toBe(66_600)
    expect((await as(operator, 'PUT', path, { rakeBps: 9_000 })).status).toBe(422)
    expect((await as(operator, 'GET', path)).body).toEqual(body)
  })

  it('start raffles with some fields changed, and do not change themselves', async () => {
    const { operator, organisation, template } = await stageTemplate()
    await allowGuarantees(organisation.id, 3_000)
    const path = `/raffle-templates/${template.id}/raffles`
    const { status, body, headers } = await as(operator, 'POST', path, { ...TIMES, title: 'Tonight' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/api/v1/raffles/${body.id}`)
    const { prizes, rakeBps, totalTickets, ticketPrice } = template
    expect(body).toMatchObject({ ...TIMES, title: 'Tonight', status: 'draft', seriesId: null })
    expect(body).toMatchObject({ prizes, rakeBps, totalTickets, ticketPrice })
    expect(body.organisation.id).toBe(organisation.id)
    expect((await as(operator, 'POST', `/raffles/${body.id}/publish`)).body.status).toBe('open')
    expect((await as(operator, 'DELETE', `/raffle-templates/${template.id}`)).status).toBe(204)
    expect((await as(operator, 'GET', `/raffle-templates/${template.id}`)).status).toBe(404)
    expect((await as(null, 'GET', `/raffles/${body.id}`)).body.title).toBe('Tonight')
  })

  it('let each person enter a free raffle once, even if only the new raffle sets the price to 0', async () => {
    const { operator, template } = await stageTemplate({
      prizes: [{ title: 'A book', quantity: 1 }],
    })
    const path = `/raffle-templates/${template.id}/raffles`
    const free = { ticketPrice: { amount: 0, currency: 'KES' } }
    expect((await as(operator, 'POST', path, { ...TIMES, ...free })).body.maxPerUser).toBe(1)
    expect((await as(operator, 'POST', path, TIMES)).body.maxPerUser).toBeNull()
    expect((await as(operator, 'POST', path, free)).status).toBe(422)
  })

  it('are listed page by page for members who may write the organisation’s raffles', async () => {
    const { operator, organisation, template } = await stageTemplate()
    const { body: second } = await as(operator, 'POST', '/raffle-templates', templateBody({ name: 'Two' }))
    await stageTemplate()
    const ids = (list: { id: string }[]) => list.map(({ id }) => id)
    expect(ids(await readAll('/raffle-templates', 1, operator))).toEqual([second.id, template.id])
    const named = `/raffle-templates?organisationId=${organisation.id}`
    expect(ids(await readAll(named, 10, operator))).toEqual([second.id, template.id])
    const { operator: stranger } = await organisationWithOperator()
    expect(await readAll(named, 10, stranger)).toEqual([])
    expect(await readAll('/raffle-templates', 10, await registerPlayer())).toEqual([])
  })

  it('of another organisation are not found, and a role without the permission is refused', async () => {
    const { organisation, template } = await stageTemplate()
    const { operator } = await organisationWithOperator()
    const janitor = await addOperator(organisation.id, 'janitor')
    for (const { method, path, body } of ROUTES.filter(({ path }) => path.includes(TEMPLATE))) {
      const local = path.replace('/api/v1', '')
      const unknown = await as(operator, method, local, body)
      const theirs = await as(operator, method, local.replace(TEMPLATE, template.id), body)
      expect(unknown.status).toBe(404)
      expect({ ...theirs.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' })
      expect((await as(janitor, method, local.replace(TEMPLATE, template.id), body)).status).toBe(403)
    }
  })
})
