/** Examples for the API document. */
import { EXAMPLE_PRODUCT_ID, EXAMPLE_RAFFLE_ID, EXAMPLE_RESERVATION_ID } from '../core/examples.ts'
import type { Order, Payment } from './contract.ts'
export const EXAMPLE_ORDER_ID = 'order_01kaf1q7v8fmk9m2q0c8w1g6nf'
export const EXAMPLE_PAYMENT_ID = 'pay_01kaf1q7v8fmk9m2q0c8w1g6ng'

const SUM = { amount: 30_000, currency: 'KES' }

export const EXAMPLE_PAYMENT: Payment = {
  id: EXAMPLE_PAYMENT_ID,
  provider: 'sandbox',
  status: 'pending',
  amount: SUM,
  checkoutUrl: `https://tombola.example/sandbox/checkout/${EXAMPLE_PAYMENT_ID}/Zm9yIHlvdSBhbG9uZQ`,
  message: 'Pay on the sandbox’s page.',
  next: 'open_page',
  until: '2026-11-20T17:10:00.000Z',
  payWith: [],
}

export const EXAMPLE_ORDER: Order = {
  id: EXAMPLE_ORDER_ID,
  status: 'pending',
  amount: SUM,
  refunded: { amount: 0, currency: 'KES' },
  payUntil: '2026-11-20T17:10:00.000Z',
  lines: [
    {
      line: 0,
      raffleId: EXAMPLE_RAFFLE_ID,
      productId: null,
      ticketTypeId: null,
      title: 'Signed first editions',
      quantity: 2,
      amount: SUM,
      state: 'held',
      refundedQuantity: 0,
      reservationId: EXAMPLE_RESERVATION_ID,
      tickets: [
        { number: 17, label: '17' },
        { number: 42, label: '42' },
      ],
      fulfilment: null,
    },
  ],
  payment: EXAMPLE_PAYMENT,
  history: [
    { at: '2026-11-20T17:00:00.000Z', text: 'Reserved. Pay KES 300.00 by 2026-11-20T17:10:00.000Z.' },
  ],
  deliveryAddress: null,
  pickup: false,
  buyer: null,
  createdAt: '2026-11-20T17:00:00.000Z',
}
const PAYMENT = { provider: 'sandbox', returnUrl: 'https://tombola.example/thanks' }

/** Example request bodies, by the names of their schemas. */
export const BODIES = {
  PurchaseTickets: { raffleId: EXAMPLE_RAFFLE_ID, quantity: 2, payment: PAYMENT },
  PlaceOrder: {
    lines: [
      { raffleId: EXAMPLE_RAFFLE_ID, quantity: 2 },
      { productId: EXAMPLE_PRODUCT_ID, quantity: 1 },
    ],
    payment: PAYMENT,
    deliveryAddress: { name: 'Amina Wanjiru', lines: ['Ngong Road 12'], city: 'Nairobi', country: 'KE' },
  },
  PayWith: PAYMENT,
  Fulfil: { line: 1, status: 'shipped', reference: 'EMS KE 4471 2209' },
}
