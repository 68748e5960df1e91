/** Schemas for orders on the wire: lines, payment, history and fulfilment. */
import * as z from 'zod'
import { FULFILMENT_STATUSES } from '../catalog/schema.ts'
import { Id } from '../core/ids.ts'
import { Money } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { PostalAddress } from '../core/postal-address.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { Provider } from '../money/provider-name.ts'
import { PAYMENT_STATUSES } from '../money/schema.ts'
import { Ticket } from '../tickets/contract.ts'
import { LINES, referenceFields } from './lines/index.ts'
import { LINE_STATES, ORDER_STATUSES } from './schema.ts'

export const MAX_LINES = 20
export const Payment = z
  .strictObject({
    id: Id('payment'),
    provider: Provider,
    status: z.enum(PAYMENT_STATUSES),
    amount: Money,
    /** The page where the payer pays. Null if there is none, if there is nothing left to pay, and for other readers. */
    checkoutUrl: z.string().nullable(),
    /** What the payer must do next; null if nothing. */
    message: z.string().nullable(),
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
    /** Null for products. */
    reservationId: Id('reservation').nullable(),
    /** The present numbers. Until the line is paid, these are the held ones. */
    tickets: z.array(Ticket),
    /** The last fulfilment step; null for tickets. */
    fulfilment: z
      .strictObject({ status: z.enum(FULFILMENT_STATUSES), reference: z.string().nullable() })
      .nullable(),
  })
  .meta({ id: 'OrderLine' })

export const Order = z.lazy(() =>
  z
    .strictObject({
      id: Id('order'),
      status: z.enum(ORDER_STATUSES),
      amount: Money,
      /** The sum that was refunded or is being refunded. */
      refunded: Money,
      payUntil: Instant,
      lines: z.array(OrderLine),
      /** The payment that paid the order. Until one has, the latest. */
      payment: Payment,
      /** What happened, in words, oldest first. */
      history: z.array(z.strictObject({ at: Instant, text: z.string() })),
      /** Where products are sent. Only the buyer sees it, and, once the order is paid, the members who send products. */
      deliveryAddress: PostalAddress.nullable(),
      /** Whether its products are picked up. False if it has none. */
      pickup: z.boolean(),
      /** The buyer's display name. Only members who send products see it, once the order is paid. */
      buyer: z.string().nullable(),
      createdAt: Instant,
    })
    .meta({ id: 'Order' }),
)
export type Order = z.infer<typeof Order>

export const OrderPage = Page(Order)
export const OrderParams = z.object({ id: Id('order') })

/**
 * Lists the actor's own orders. With `organisationId`: orders with lines of that organisation, for its payment managers.
 */
export const ListOrders = PageQuery.extend({ organisationId: Id('organisation').optional() })
export type ListOrders = z.infer<typeof ListOrders>

export const Fulfil = z
  .strictObject({
    line: z
      .number()
      .int()
      .min(0)
      .max(MAX_LINES - 1),
    status: z.enum(FULFILMENT_STATUSES).exclude(['none']),
    /** A parcel number or similar. The buyer reads it. */
    reference: Line(1, 120).optional(),
  })
  .refine(({ status, reference }) => status !== 'shipped' || reference !== undefined, {
    path: ['reference'],
    message: 'is required when the status is shipped',
  })
  .meta({ id: 'Fulfil' })
export type Fulfil = z.infer<typeof Fulfil>
