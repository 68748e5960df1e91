// A request may name any provider that the API knows. One that is not set up here is refused where it is named.
import { describe, expect, it } from 'vitest'
import { stageProduct } from '../catalog/shelf.ts'
import { withKey } from '../checkout/checkout.ts'
import { eventBody } from '../events/event-stage.ts'
import { call } from '../harness/client.ts'
import { organisationWithOperator, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { stagePriced } from '../payouts/payout-stage.ts'
import { as, KES, newKey, raffleBody, useClock } from '../raffles/scenario.ts'

useClock()

const NOT_HERE = 'stripe is not set up here'
const PRICED = { ticketPrice: KES(1_000) }
const template = () => {
  const {
    organisationId: _,
    opensAt: __,
    closesAt: ___,
    drawAt: ____,
    ...terms
  } = raffleBody() as Record<string, unknown>
  return { ...terms, name: 'Books', colour: '#1e90ff', ...PRICED }
}

describe('a provider that is not set up', () => {
  it.each([
    ['/raffles', () => raffleBody(PRICED)],
    ['/raffle-templates', template],
    ['/events', () => eventBody()],
  ])('is refused in a new thing, and in a change of one: %s', async (path, body) => {
    const { operator, id: organisationId } = await organisationWithOperator()
    const send = (method: 'POST' | 'PUT', to: string, fields: object) => as(operator, method, to, fields)
    const wrong = await send('POST', path, { ...body(), organisationId, providers: ['manual', 'stripe'] })
    expect(wrong.status).toBe(422)
    expect(wrong.body.errors).toEqual([{ path: 'providers.1', message: NOT_HERE }])
    const made = await send('POST', path, { ...body(), organisationId, providers: ['sandbox'] })
    expect(made.status, JSON.stringify(made.body)).toBe(201)
    const changed = await send('PUT', `${path}/${made.body.id}`, { providers: ['stripe'] })
    expect(changed.body.errors).toEqual([{ path: 'providers.0', message: NOT_HERE }])
  })

  it('is refused by an order, a purchase and a second payment', async () => {
    const player = await registerPlayer()
    const { id: productId } = await stageProduct()
    const payment = { provider: 'stripe' }
    const lines = [{ productId, quantity: 1 }]
    const order = await as(player, 'POST', '/orders', { lines, payment, pickup: true }, withKey(newKey()))
    expect(order.body.errors).toEqual([{ path: 'payment.provider', message: NOT_HERE }])
    const { id: raffleId } = await stagePriced()
    const buy = (paid: object) =>
      as(player, 'POST', '/tickets/purchase', { raffleId, quantity: 1, payment: paid }, withKey(newKey()))
    expect((await buy(payment)).body.errors).toEqual([{ path: 'payment.provider', message: NOT_HERE }])
    const { body } = await buy({ provider: 'sandbox' })
    const again = await as(player, 'POST', `/orders/${body.order.id}/pay`, payment, withKey(newKey()))
    expect(again.body.errors).toEqual([{ path: 'provider', message: NOT_HERE }])
  })

  it('is refused by a payout method, a payout and a top-up', async () => {
    const { operator, id: organisationId } = await organisationWithOperator()
    const to = { provider: 'stripe', destination: 'acct_1234' }
    const method = await as(operator, 'POST', '/users/me/payout-methods', to)
    expect(method.body.errors).toEqual([{ path: 'provider', message: NOT_HERE }])
    const ofShop = { organisationId, currency: 'KES', ...to }
    const payout = await as(operator, 'POST', '/payouts', ofShop, withKey(newKey()))
    expect(payout.body.errors).toEqual([{ path: 'provider', message: NOT_HERE }])
    const topUp = await as(await signedInAdmin(), 'POST', `/organisations/${organisationId}/top-ups`, {
      provider: 'stripe',
      reference: newKey(),
      amount: KES(100),
    })
    expect(topUp.body.errors).toEqual([{ path: 'provider', message: NOT_HERE }])
  })

  it('gets no events: nobody could tell who sends them', async () => {
    const { status, body } = await call('POST', '/api/v1/payments/stripe/webhook', { raw: '{}' })
    expect([status, body.code]).toEqual([409, 'invalid_state'])
  })

  it('is a name that nobody knows: the refusal lists the known ones', async () => {
    const { operator } = await organisationWithOperator()
    const { body } = await as(operator, 'POST', '/raffles', raffleBody({ ...PRICED, providers: ['cowries'] }))
    expect(body.errors).toEqual([
      { path: 'providers.0', message: 'must be one of sandbox, stripe, mpesa, manual' },
    ])
  })
})
