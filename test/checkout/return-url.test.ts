// Where a payment page may send the payer afterwards: every route that starts a payment refuses other sites.
import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { stageProduct, stockOf } from '../catalog/shelf.ts'
import { call } from '../harness/client.ts'
import { type Person, registerPlayer, testSettings } from '../harness/people.ts'
import { as, newKey, useClock } from '../raffles/scenario.ts'
import { stagePriced, withKey } from './checkout.ts'

useClock()

const bindings = { RETURN_ORIGINS: 'https://shop.example, https://other.example' } as Partial<Bindings>
const NOT_ALLOWED = 'leads to https://evil.example, which this deployment does not allow'

const send = (person: Person, path: string, body: object, more: Partial<Bindings> = bindings) =>
  as(person, 'POST', path, body, { ...withKey(newKey()), bindings: more })

const payBy = (returnUrl: string) => ({ provider: 'sandbox', returnUrl })

describe('a return address', () => {
  it('is refused by every route that starts a payment, and then nothing is held', async () => {
    const raffle = await stagePriced()
    const { id: productId } = await stageProduct({}, raffle.organisation)
    const player = await registerPlayer()
    const tickets = { raffleId: raffle.id, quantity: 1 }
    const { body: order } = await send(player, '/orders', {
      lines: [tickets],
      payment: payBy('https://shop.example'),
    })
    const evil = payBy('https://user:pw@evil.example/')
    const goods = { lines: [{ productId, quantity: 1 }], pickup: true, payment: evil }
    for (const [path, body, field] of [
      ['/tickets/purchase', { ...tickets, payment: evil }, 'payment.returnUrl'],
      ['/orders', goods, 'payment.returnUrl'],
      [`/orders/${order.id}/pay`, evil, 'returnUrl'],
    ] as const) {
      const refused = await send(player, path, body)
      expect([refused.status, refused.body.errors]).toEqual([422, [{ path: field, message: NOT_ALLOWED }]])
    }
    expect(await stockOf(productId)).toBe(3)
    const credentials = await send(player, '/tickets/purchase', {
      ...tickets,
      payment: payBy('https://user:pw@shop.example/'),
    })
    expect(credentials.body.errors).toEqual([
      { path: 'payment.returnUrl', message: 'must begin with https://shop.example' },
    ])
  })

  it.each([
    'https://other.example/thanks?order=1',
    `${testSettings().PUBLIC_ORIGIN}/thanks`,
    'http://localhost:3000/thanks',
  ])('may be on an allowed site, and the payer is sent there: %s', async (returnUrl) => {
    const raffle = await stagePriced()
    const body = { raffleId: raffle.id, quantity: 1, payment: payBy(returnUrl) }
    const { body: bought } = await send(await registerPlayer(), '/tickets/purchase', body)
    const { pathname } = new URL(bought.order.payment.checkoutUrl)
    const paid = await call('POST', pathname, { form: { action: 'approve' }, bindings })
    expect([paid.status, paid.headers.get('location')]).toEqual([303, returnUrl])
  })

  it('is no longer followed once its site is not allowed', async () => {
    const raffle = await stagePriced()
    const body = { raffleId: raffle.id, quantity: 1, payment: payBy('https://shop.example/thanks') }
    const { body: bought } = await send(await registerPlayer(), '/tickets/purchase', body)
    const { pathname } = new URL(bought.order.payment.checkoutUrl)
    const paid = await call('POST', pathname, { form: { action: 'approve' } })
    expect([paid.status, paid.headers.get('location')]).toEqual([200, null])
    expect(paid.body).not.toContain('shop.example')
  })
})
