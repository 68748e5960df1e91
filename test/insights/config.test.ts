// What a deployment offers: the configuration for clients, the API document, and the providers of a raffle that names none.
import { describe, expect, it } from 'vitest'
import { apiDocument } from '../../scripts/api-document/document.ts'
import { app } from '../../src/app.ts'
import { readConfig } from '../../src/insights/read-config.ts'
import { purchase } from '../checkout/checkout.ts'
import { call } from '../harness/client.ts'
import { registerPlayer, testSettings } from '../harness/people.ts'
import { as, CLOSES_AT, HOUR, iso, read, stageRaffle, useClock } from '../raffles/scenario.ts'

useClock()

const PRICED = { ticketPrice: { amount: 500, currency: 'KES' }, drawAt: iso(CLOSES_AT + HOUR) }

describe('the configuration', () => {
  it('names what this deployment offers, for everybody, and caches may keep it', async () => {
    const { status, body, headers } = await call('GET', '/api/v1/config')
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('public, max-age=1')
    expect(body.providers).toEqual([
      { name: 'sandbox', needsPhone: false, paySeconds: 600, byDefault: true },
      { name: 'manual', needsPhone: false, paySeconds: 600, byDefault: false },
    ])
    expect(body.currencies).toEqual(
      expect.arrayContaining([
        { code: 'KES', decimals: 2 },
        { code: 'JPY', decimals: 0 },
      ]),
    )
    expect(body).toMatchObject({
      holdSeconds: 600,
      turnstileSiteKey: null,
      limits: { pageSize: 100, ticketsPerPurchase: 1_000, linesPerOrder: 20 },
    })
    expect((await call('GET', `/api/v1/raffles?limit=${body.limits.pageSize + 1}`)).status).toBe(422)
  })

  it('does not offer the sandbox in production', () => {
    const { providers } = readConfig({ settings: { ...testSettings(), ENVIRONMENT: 'production' } })
    expect(providers.map(({ name }) => name)).toEqual(['manual'])
  })
})

describe('the API document', () => {
  it('names every provider, because the settings decide which are set up', () => {
    // biome-ignore lint/suspicious/noExplicitAny: the document's own tests check its shape
    const { PayWith, CreateRaffle } = (apiDocument(app) as any).components.schemas
    const all = ['sandbox', 'stripe', 'mpesa', 'manual']
    expect(PayWith.properties.provider.enum).toEqual(all)
    expect(CreateRaffle.properties.providers.items.enum).toEqual(all)
  })
})

describe('a raffle with a price that names no provider', () => {
  it('takes all that are set up once it is published, but no cash', async () => {
    const { id } = await stageRaffle(PRICED)
    expect((await read(id)).providers).toEqual(['sandbox'])
    const player = await registerPlayer()
    expect((await purchase(player, id)).status).toBe(201)
    const byHand = await purchase(player, id, { quantity: 1 }, { payment: { provider: 'manual' } })
    expect([byHand.status, byHand.body.code]).toEqual([409, 'invalid_state'])
  })

  it('keeps the providers that it names, and a free one has none', async () => {
    expect((await read((await stageRaffle({ ...PRICED, providers: ['manual'] })).id)).providers).toEqual([
      'manual',
    ])
    expect((await read((await stageRaffle()).id)).providers).toEqual([])
  })

  it('takes them too if the price is set after publication', async () => {
    const { id, operator } = await stageRaffle({ drawAt: PRICED.drawAt })
    const { status, body } = await as(operator, 'PUT', `/raffles/${id}`, { ticketPrice: PRICED.ticketPrice })
    expect([status, body.providers]).toEqual([200, ['sandbox']])
  })
})
