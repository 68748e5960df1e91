import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { apiDocument } from '../../scripts/api-document/document.ts'
import { app } from '../../src/app.ts'

const FILE = join(import.meta.dirname, '../../src/web/assets/docs-examples.js')
const { exampleText, openEvent, openRaffle, NEW_KEY } = (await import(pathToFileURL(FILE).href)) as {
  exampleText(text: string, found: object, now: Date, origin: string): string
  openEvent(events: object[]): { event: object | undefined; type: object | undefined }
  openRaffle(raffles: object[]): { id: string } | undefined
  NEW_KEY: string
}

const NOW = new Date('2027-03-01T10:00:00Z')
const idOf = (prefix: string) => `${prefix}_01m00000000000000000000000`
const FOUND = {
  raffle: { id: idOf('raffle') },
  product: { id: idOf('prod'), organisationId: idOf('org'), categoryId: idOf('cat') },
}
const text = JSON.stringify(apiDocument(app))
const { paths, components } = JSON.parse(exampleText(text, FOUND, NOW, 'http://localhost:8787'))
const bodyOf = (path: string) => paths[path].post.requestBody.content['application/json'].example

describe('the examples of the API page', () => {
  it('name what exists in this deployment', () => {
    expect(bodyOf('/api/v1/orders').lines).toEqual([
      { raffleId: idOf('raffle'), quantity: 2 },
      { productId: idOf('prod'), quantity: 1 },
    ])
    expect(paths['/api/v1/products/{id}'].get.parameters[0].example).toBe(idOf('prod'))
    expect(bodyOf('/api/v1/raffles')).toMatchObject({ organisationId: idOf('org'), categoryId: idOf('cat') })
    expect(bodyOf('/api/v1/tickets/purchase').payment.returnUrl).toMatch(/^http:\/\/localhost:8787\//)
  })

  it('name a raffle that fits the call, if there is one', () => {
    const found = {
      ...FOUND,
      drawn: { id: 'd' },
      chosen: { id: 'c' },
      earned: { id: 'e' },
    }
    const all = JSON.parse(exampleText(text, found, NOW, 'http://localhost:8787')).paths
    const exampleOf = (path: string, method = 'get') =>
      all[`/api/v1/raffles/{id}${path}`][method].parameters.find(
        ({ name }: { name: string }) => name === 'id',
      ).example
    expect([exampleOf(''), exampleOf('/availability')]).toEqual([idOf('raffle'), idOf('raffle')])
    expect([exampleOf('/proof'), exampleOf('/proof/list.csv'), exampleOf('/winners')]).toEqual([
      'd',
      'd',
      'd',
    ])
    expect([exampleOf('/numbers'), exampleOf('/grants', 'post')]).toEqual(['c', 'e'])
  })

  it('name an event and a ticket type that are on sale', () => {
    const type = (sale: string) => ({ id: sale, sale })
    const over = { id: 'over', status: 'over', ticketTypes: [type('ended')] }
    const now = { id: 'now', status: 'published', ticketTypes: [type('sold_out'), type('open')] }
    expect(openEvent([over, now])).toEqual({ event: now, type: type('open') })
    expect(openEvent([over])).toEqual({ event: over, type: type('ended') })
    expect(openEvent([])).toEqual({ event: undefined, type: undefined })
  })

  it('have times that are ahead, in their order', () => {
    const { opensAt, closesAt, drawAt } = bodyOf('/api/v1/raffles')
    const times = [NOW.toISOString(), opensAt, closesAt, drawAt].map((each) => Date.parse(each))
    expect(times).toEqual(times.toSorted((one, other) => one - other))
    expect(opensAt).toMatch(/^2027-03-0[12]T/)
  })

  it('have a key that the page replaces in each call', () => {
    expect(components.parameters.IdempotencyKey.example).toBe(NEW_KEY)
  })

  it('stay as they are if nothing is here', () => {
    const empty = JSON.parse(exampleText(text, {}, NOW, 'http://localhost:8787'))
    expect(empty.paths['/api/v1/products/{id}'].get.parameters[0].example).toBe(
      'prod_01kaf1q7v8fmk9m2q0c8w1g6ne',
    )
  })

  it('buy tickets of a raffle that anybody may enter, for money', () => {
    const open = {
      id: 'open',
      ticketPrice: { amount: 100 },
      numbering: 'random',
      entry: 'purchase',
      entrants: 'anyone',
      challenge: 'none',
      available: 50,
    }
    const others = [
      { ...open, ticketPrice: { amount: 0 } },
      { ...open, numbering: 'chosen' },
      { ...open, entry: 'order' },
      { ...open, entrants: 'proved' },
      { ...open, challenge: 'turnstile' },
      { ...open, available: 3 },
    ]
    expect(openRaffle([...others, open])).toBe(open)
    expect(openRaffle(others)).toBe(others[0])
    expect(openRaffle([])).toBeUndefined()
  })
})
