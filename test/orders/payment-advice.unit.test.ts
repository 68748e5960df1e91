import { describe, expect, it } from 'vitest'
import { promptMs } from '../../src/money/providers/payment-span.ts'
import type { PaymentAction } from '../../src/money/schema.ts'
import { mayPayAgain, NEXT_STEPS, paymentAdvice, unansweredText } from '../../src/orders/payment-advice.ts'
import { ORDER_STATUSES } from '../../src/orders/schema.ts'

const NOW = 1_700_000_000_000
const UNTIL = NOW + 180_000

const order = {
  key: 'a-key',
  status: 'pending' as (typeof ORDER_STATUSES)[number],
  receipt: null as string | null,
  payUntil: UNTIL,
  amount: 30_000,
  currency: 'KES',
  refundedAmount: 0,
}
const action = (kind: PaymentAction['kind'], message: string): PaymentAction => ({
  kind,
  checkoutUrl: null,
  message,
})
const payment = {
  status: 'pending' as const,
  reference: 'ref',
  action: action('prompt', 'Look at your phone.'),
  failure: null,
}

type Payment = Parameters<typeof paymentAdvice>[1]
const advice = (of: { order?: Partial<typeof order>; payment?: Partial<Payment> }, now = NOW) =>
  paymentAdvice({ ...order, ...of.order }, { ...payment, ...of.payment }, now)

describe('an order that waits for its payment', () => {
  it.each([
    ['prompt', 'check_phone'],
    ['redirect', 'open_page'],
    ['manual', 'pay_organiser'],
  ] as const)('tells what its provider asks for by %s, and until when', (kind, next) => {
    const told = advice({ payment: { action: action(kind, 'Do this.') } })
    expect(told).toEqual({ message: 'Do this.', next, until: UNTIL })
  })

  it('says that the payment is being started', () => {
    const told = advice({ payment: { status: 'starting', action: null, reference: null } })
    expect(told).toMatchObject({
      next: 'wait',
      until: UNTIL,
      message: expect.stringMatching(/starting your payment/),
    })
  })

  it('says which provider has too little time left for another try, and what to do instead', () => {
    const failed = { ...payment, status: 'failed' as const }
    expect(paymentAdvice(order, failed, NOW, { payWith: ['mpesa'], tooLate: ['stripe'] })).toEqual({
      message:
        'This payment did not go through. Your order is still held: try again, or pay another way. To pay by Stripe instead, cancel this order and order again: it needs more time.',
      next: 'pay_again',
      until: UNTIL,
    })
    expect(paymentAdvice(order, failed, NOW, { payWith: [], tooLate: ['stripe'] })).toEqual({
      message:
        'This payment did not go through. Too little time is left to try again: cancel this order, and order again.',
      next: 'order_again',
      until: null,
    })
  })

  it('says that another sum than the order’s goes back, and to try again', () => {
    expect(advice({ payment: { status: 'succeeded' } })).toEqual({
      message:
        'What arrived is not the sum of your order, and goes back to you. Your order is still held: try again, or pay another way.',
      next: 'pay_again',
      until: UNTIL,
    })
  })

  it('says to try again, or another way, after a failure', () => {
    const told = advice({ payment: { status: 'failed' } })
    expect(told).toMatchObject({
      next: 'pay_again',
      until: UNTIL,
      message: expect.stringMatching(/did not go through/),
    })
  })

  it('says to wait once the time is over, because money may still arrive', () => {
    for (const status of ['pending', 'failed', 'starting'] as const)
      expect(advice({ payment: { status } }, UNTIL)).toMatchObject({ next: 'wait', until: null })
  })

  it('says to wait while an arrived payment is being settled, even after the time', () => {
    for (const now of [NOW, UNTIL + 1]) {
      const told = advice({ order: { receipt: 'mpesa:RLA' }, payment: { status: 'succeeded' } }, now)
      expect(told).toMatchObject({ next: 'wait', message: expect.stringMatching(/has arrived/) })
    }
  })

  it('offers another way if the payment failed, or if its provider gave no answer', () => {
    const lost = { ...payment, reference: null, action: action('prompt', unansweredText('mpesa')) }
    expect(lost.action.message).toMatch(/^M-Pesa has not answered yet\..* within a minute, try again/)
    expect(promptMs('mpesa')).toBe(60_000)
    expect(promptMs('stripe')).toBe(0)
    expect(paymentAdvice(order, lost, NOW).next).toBe('check_phone')
    expect(mayPayAgain(order, lost, NOW)).toBe(true)
    expect(mayPayAgain(order, { ...payment, status: 'failed' }, NOW)).toBe(true)
    expect(mayPayAgain(order, payment, NOW)).toBe(false)
    expect(mayPayAgain(order, { ...payment, status: 'failed' }, UNTIL)).toBe(false)
    expect(mayPayAgain({ ...order, status: 'paid' }, lost, NOW)).toBe(false)
    expect(mayPayAgain(order, null, NOW)).toBe(false)
  })
})

describe('an order that waits no longer', () => {
  it.each([
    ['paid', 'nothing', /^Paid\./],
    ['expired', 'order_again', /no longer held.*your order or your money back/],
    ['cancelled', 'nothing', /cancelled.*goes back to you/],
    ['partially_refunded', 'nothing', /KES 100\.00 of it goes back to you/],
    ['refund_due', 'wait', /You get it all back/],
    ['refunded', 'nothing', /all your money back/],
  ] as const)('says so if it is %s', (status, next, message) => {
    const told = advice({ order: { status, refundedAmount: 10_000 } })
    expect(told).toMatchObject({ next, until: null, message: expect.stringMatching(message) })
  })
})

it('is plain: short sentences without the words of programs or providers', () => {
  for (const status of ORDER_STATUSES)
    for (const paid of ['starting', 'pending', 'succeeded', 'failed', 'expired'] as const)
      for (const now of [NOW, UNTIL]) {
        const { message, next } = advice({ order: { status }, payment: { status: paid } }, now)
        expect(NEXT_STEPS).toContain(next)
        expect(message).not.toMatch(/null|undefined|status|pending|webhook|provider|_|\bcode\b/)
        for (const sentence of message.split(/(?<=[.:!]) /))
          expect(sentence.split(' ').length, sentence).toBeLessThanOrEqual(25)
      }
})
