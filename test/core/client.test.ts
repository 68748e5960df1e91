import { exports } from 'cloudflare:workers'
import { hc } from 'hono/client'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Api } from '../../src/app.ts'
import { organisationWithOperator } from '../harness/people.ts'

const { operator } = await organisationWithOperator()
const client = hc<Api>('http://localhost:8787', {
  headers: { authorization: `Bearer ${operator.token}` },
  fetch: (input: RequestInfo | URL, init?: RequestInit) => exports.default.fetch(new Request(input, init)),
})

describe('the typed client', () => {
  it('knows the paths, their requests and their responses', async () => {
    const response = await client.api.v1.raffles.$post({
      json: {
        title: 'Books',
        ticketPrice: { amount: 0, currency: 'KES' },
        totalTickets: 10,
        numbering: 'random',
        opensAt: '2030-01-01T00:00:00Z',
        closesAt: '2030-01-02T00:00:00Z',
        drawAt: '2030-01-03T00:00:00Z',
        prizes: [{ title: 'Book', quantity: 1 }],
        winPolicy: 'perTicket',
      },
    })
    const raffle = await response.json()
    expectTypeOf(raffle.status).toEqualTypeOf<
      'draft' | 'scheduled' | 'open' | 'closed' | 'committed' | 'drawn' | 'settled' | 'cancelled'
    >()
    expect(raffle.status).toBe('draft')

    const read = await client.api.v1.raffles[':id'].$get({ param: { id: raffle.id } })
    expect((await read.json()).title).toBe('Books')
    const page = await client.api.v1.raffles.$get({ query: { organisationId: raffle.organisation.id } })
    expect((await page.json()).data.map(({ id }) => id)).toEqual([raffle.id])
  })

  it('rejects at compile time a request that the API refuses', async () => {
    // @ts-expect-error: a raffle needs more than a title
    const response = await client.api.v1.raffles.$post({ json: { title: 'Books' } })
    expect(response.status).toBe(422)
  })
})
