/** Schemas for orders on the wire: lines, payment, history and fulfilment. */
import * as z from 'zod'
import { FULFILMENT_STATUSES } from '../catalog/schema.ts'
import { Id } from '../core/ids.ts'
import { Money } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { PostalAddress } from '../core/postal-address.ts'
import { AnyOf } from '../core/query.ts'
import { Line } from '../core/text.ts'
import { Instant, InstantIn } from '../core/time.ts'
import { Provider } from '../money/provider-name.ts'
import { PAYMENT_STATUSES } from '../money/schema.ts'
import { Ticket } from '../tickets/contract.ts'
import { LINES, referenceFields } from './lines/index.ts'
import { NEXT_STEPS } from './payment-advice.ts'
import { LINE_STATES, ORDER_STATUSES } from './schema.ts'

export const MAX_LINES = 20

export const NextStep = z
  .enum(NEXT_STEPS)
  .nullable()
  .describe(
    'What the payer does next; null for other readers. `open_page`: pay on the page at `checkoutUrl`. `check_phone`: confirm on the phone. `pay_organiser`: in cash or by bank transfer. `wait`: look again later. `pay_again`: by the same provider or another. `order_again`: this order is over.',
  )

export const Payment = z
  .strictObject({
    id: Id('payment'),
    provider: Provider,
    status: z.enum(PAYMENT_STATUSES),
    amount: Money,
    checkoutUrl: z
      .string()
      .nullable()
      .describe(
        'The page where the payer pays. Null if there is none, if there is nothing left to pay, and for other readers.',
      ),
    message: z
      .string()
      .nullable()
      .describe('How the payment stands and what the payer does next, in words. Null for other readers.'),
    next: NextStep,
    until: Instant.nullable().describe('Until when the next step is possible. Null: there is no such time.'),
    payWith: z
      .array(Provider)
      .describe(
        'By which providers the payer can try again. Empty, unless this payment failed or its provider gave no answer.',
      ),
  })
  .meta({ id: 'Payment' })
export type Payment = z.infer<typeof Payment>

export const OrderLine = z
  .strictObject({
    line: z.number().int(),
    /** Exactly one of these is not null. */
    ...referenceFields(LINES, (id) => id.nullable()),
    title: z.string(),
    quantity: z.number().int(),
    amount: Money,
    state: z.enum(LINE_STATES),
    refundedQuantity: z.number().int(),
    reservationId: Id('reservation')
      .nullable()
      .describe('The reservation of its tickets; null for products.'),
    tickets: z
      .array(Ticket)
      .describe('The present tickets. Until the line is paid, these are the held ones.'),
    fulfilment: z
      .strictObject({ status: z.enum(FULFILMENT_STATUSES), reference: z.string().nullable() })
      .nullable()
      .describe('The last fulfilment step; null for tickets.'),
  })
  .meta({ id: 'OrderLine' })

export const Order = z
  .strictObject({
    id: Id('order'),
    status: z.enum(ORDER_STATUSES),
    amount: Money,
    refunded: Money.describe('The sum that was refunded or is being refunded.'),
    payUntil: Instant,
    lines: z.array(OrderLine),
    payment: Payment.nullable().describe(
      'The payment that paid the order. Until one has, the latest. Null: the order costs nothing.',
    ),
    history: z
      .array(z.strictObject({ at: Instant, text: z.string() }))
      .describe('What happened, in words, oldest first.'),
    deliveryAddress: PostalAddress.nullable().describe(
      'Where products are sent. Only the buyer sees it, and, once the order is paid, the members who send products.',
    ),
    pickup: z.boolean().describe('Whether its products are picked up. False if it has none.'),
    buyer: z
      .string()
      .nullable()
      .describe('The buyer’s display name. Only members who send products see it, once the order is paid.'),
    createdAt: Instant,
  })
  .meta({ id: 'Order' })
export type Order = z.infer<typeof Order>

export const OrderPage = Page(Order)
export const OrderParams = z.object({ id: Id('order') })

/**
 * Lists the actor's own orders. With `organisationId`: orders with lines of that organisation, for its payment managers.
 */
export const ListOrders = PageQuery.extend({
  organisationId: Id('organisation').optional(),
  raffleId: Id('raffle').optional().describe('Only orders with tickets of this raffle.'),
  eventId: Id('event').optional().describe('Only orders with tickets of this event.'),
  status: AnyOf(z.enum(ORDER_STATUSES)).optional(),
  since: InstantIn.optional().describe('Only orders that were placed from this instant on.'),
  until: InstantIn.optional().describe('Only orders that were placed before this instant.'),
})
export type ListOrders = z.infer<typeof ListOrders>

export const Fulfil = z
  .strictObject({
    line: z
      .number()
      .int()
      .min(0)
      .max(MAX_LINES - 1),
    status: z.enum(FULFILMENT_STATUSES).exclude(['none']),
    reference: Line(1, 120).optional().describe('A parcel number or similar. The buyer reads it.'),
  })
  .refine(({ status, reference }) => status !== 'shipped' || reference !== undefined, {
    path: ['reference'],
    message: 'is required when the status is shipped',
  })
  .meta({ id: 'Fulfil' })
export type Fulfil = z.infer<typeof Fulfil>
