// Every route that takes a new price, prize or top-up refuses a currency that is not in use. Stored rows stay readable.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { stageProduct } from '../catalog/shelf.ts'
import { ADDRESS, BOOK_PRICE, ordered } from '../checkout/cart.ts'
import { organisationWithOperator, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { as, raffleBody, stageDraft, useClock } from '../raffles/scenario.ts'
import { seriesBody, stageSeries } from '../raffles/series-stage.ts'

useClock()

const NOT_IN_USE = 'must be a currency of ISO 4217 that is in use, such as KES'
const NOT_CURRENCIES = [
  'KSH',
  'RMB',
  'BTC',
  'ZZZ',
  'XXX',
  'XTS',
  'XAU',
  'XDR',
  'CLF',
  'SVC',
  'VED',
  'kes',
  '',
]
const WITHDRAWN = ['DEM', 'HRK', 'ZWL', 'SLL', 'ANG', 'CUC', 'BGN']

const priced = (currency: string) => ({ amount: 100, currency })
const item = (currency: string) => [{ title: 'A book', quantity: 1, value: priced(currency) }]
const cash = (currency: string) => [{ title: 'Cash', quantity: 1, kind: 'cash', value: priced(currency) }]
const template = (changes: object) => {
  const { opensAt, closesAt, drawAt, ...terms } = raffleBody()
  return { ...terms, name: 'A book', colour: '#1e90ff', ...changes }
}

describe('a currency that is not in use', () => {
  it.each([...NOT_CURRENCIES, ...WITHDRAWN])('is refused as a price: %s', async (currency) => {
    const { operator } = await organisationWithOperator()
    const ticketPrice = priced(currency)
    const { status, body } = await as(operator, 'POST', '/raffles', raffleBody({ ticketPrice }))
    expect(status).toBe(422)
    expect(body.errors).toEqual([{ path: 'ticketPrice.currency', message: NOT_IN_USE }])
  })

  it('is refused by every route that takes a new sum', async () => {
    const bad = priced('KSH')
    const { operator, organisation, path } = await stageSeries()
    const draft = await stageDraft({}, organisation)
    const product = await stageProduct({}, organisation)
    const made = await as(operator, 'POST', '/raffle-templates', template({}))
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    const { terms } = seriesBody()
    const book = { kind: 'other', title: 'A pen', stock: 1, price: bad }
    const topUps = `/organisations/${organisation.id}/top-ups`
    const cases: [typeof operator, 'POST' | 'PUT', string, object, string][] = [
      [operator, 'POST', '/raffles', raffleBody({ prizes: item('KSH') }), 'prizes.0.value.currency'],
      [operator, 'POST', '/raffles', raffleBody({ prizes: cash('KSH') }), 'prizes.0.value.currency'],
      [operator, 'PUT', `/raffles/${draft.id}`, { ticketPrice: bad }, 'ticketPrice.currency'],
      [operator, 'POST', '/products', book, 'price.currency'],
      [operator, 'PUT', `/products/${product.id}`, { price: bad }, 'price.currency'],
      [operator, 'POST', '/raffle-templates', template({ ticketPrice: bad }), 'ticketPrice.currency'],
      [operator, 'PUT', `/raffle-templates/${made.body.id}`, { ticketPrice: bad }, 'ticketPrice.currency'],
      [
        operator,
        'POST',
        '/series',
        seriesBody({ terms: { ...terms, ticketPrice: bad } }),
        'terms.ticketPrice.currency',
      ],
      [operator, 'PUT', path, { terms: { ticketPrice: bad } }, 'terms.ticketPrice.currency'],
      [operator, 'PUT', `${path}/rewards/2031-05-06`, { prizes: item('KSH') }, 'prizes.0.value.currency'],
      [await signedInAdmin(), 'POST', topUps, { reference: 'FT 1', amount: bad }, 'amount.currency'],
    ]
    for (const [person, method, route, sent, field] of cases) {
      const { status, body } = await as(person, method, route, sent)
      expect([status, body.errors], `${method} ${route}`).toEqual([
        422,
        [{ path: field, message: NOT_IN_USE }],
      ])
    }
  })
})

describe('a currency in use', () => {
  it.each(['KES', 'UGX', 'JPY', 'KWD', 'XAF', 'XCG', 'ZWG', 'SLE'])('is accepted: %s', async (currency) => {
    await stageDraft({ ticketPrice: priced(currency), prizes: cash(currency) })
  })
})

describe('a row from before codes were checked', () => {
  it('is readable, and a draft is published only with another currency', async () => {
    const { id, operator } = await stageDraft()
    await env.DB.prepare(`UPDATE raffles SET price_currency = 'KSH' WHERE id = ?`).bind(id).run()
    expect((await as(operator, 'GET', `/raffles/${id}`)).body.ticketPrice).toEqual({
      amount: 0,
      currency: 'KSH',
    })
    const refused = await as(operator, 'POST', `/raffles/${id}/publish`)
    expect(refused.body.errors).toEqual([{ path: 'ticketPrice.currency', message: NOT_IN_USE }])
    await as(operator, 'PUT', `/raffles/${id}`, { ticketPrice: { amount: 0, currency: 'KES' } })
    expect((await as(operator, 'POST', `/raffles/${id}/publish`)).status).toBe(200)
  })

  it('is readable in the terms of a series', async () => {
    const { id, path, operator } = await stageSeries()
    const price = `json_set(terms, '$.ticketPrice.currency', 'KSH')`
    await env.DB.prepare(`UPDATE series SET terms = ${price} WHERE id = ?`).bind(id).run()
    const { body } = await as(operator, 'GET', path)
    expect(body.terms.ticketPrice).toEqual({ amount: 0, currency: 'KSH' })
  })

  it('can be changed, bought and settled', async () => {
    const { id, organisation } = await stageProduct({ kind: 'other', details: {} })
    const { operator } = organisation
    await env.DB.prepare(`UPDATE products SET price_currency = 'KSH' WHERE id = ?`).bind(id).run()
    const changed = await as(operator, 'PUT', `/products/${id}`, { title: 'A pen' })
    expect([changed.status, changed.body.price.currency]).toEqual([200, 'KSH'])
    const { payment } = await ordered(await registerPlayer(), [{ productId: id, quantity: 1 }], {
      payment: { provider: 'manual' },
      deliveryAddress: ADDRESS,
    })
    const sent = { reference: 'R 1', amount: { amount: BOOK_PRICE, currency: 'KSH' } }
    const receipt = await as(operator, 'POST', `/payments/${payment.id}/receipts`, sent)
    expect([receipt.status, receipt.body.amount]).toEqual([201, sent.amount])
  })
})
