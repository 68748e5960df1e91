import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { apiDocument } from '../../scripts/api-document/document.ts'
import { app } from '../../src/app.ts'

const FILE = join(import.meta.dirname, '../../src/web/assets/docs-examples.js')
const { exampleText, openRaffle, NEW_KEY } = (await import(pathToFileURL(FILE).href)) as {
  exampleText(text: string, found: object, now: Date, origin: string): string
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
