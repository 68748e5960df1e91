/** The shapes of orders on the wire: what is bought, what is to be paid and how, and what happened since. */
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
    /** Where the payer goes to pay; null where there is no page, nothing to pay any more, and for everybody but the payer. */
    checkoutUrl: z.string().nullable(),
    /** What the payer does next, in words; null: nothing. */
    message: z.string().nullable(),
  })
  .meta({ id: 'Payment' })
export type Payment = z.infer<typeof Payment>

export const OrderLine = z
  .strictObject({
    line: z.number().int(),
    /** All but one are null. */
    ...referenceFields(LINES, (id) => id.nullable()),
    title: z.string(),
    quantity: z.number().int(),
    amount: Money,
    state: z.enum(LINE_STATES),
    refundedQuantity: z.number().int(),
    /** Of tickets; null of a product. */
    reservationId: Id('reservation').nullable(),
    /** The numbers as they are now; of a line that is not paid yet, those that are held. */
    tickets: z.array(Ticket),
    /** How far it is on its way; null of tickets. */
    fulfilment: z
      .strictObject({ status: z.enum(FULFILMENT_STATUSES), reference: z.string().nullable() })
      .nullable(),
  })
  .meta({ id: 'OrderLine' })

export const Order = z
  .strictObject({
    id: Id('order'),
    status: z.enum(ORDER_STATUSES),
    amount: Money,
    /** What went back, or is on its way back. */
    refunded: Money,
    payUntil: Instant,
    lines: z.array(OrderLine),
    /** The try that paid; while none has, the latest. */
    payment: Payment,
    /** What happened, in words, the oldest first. */
    history: z.array(z.strictObject({ at: Instant, text: z.string() })),
    /** Where its products are sent: for its buyer, and once they are paid for the members who send them; null otherwise. */
    deliveryAddress: PostalAddress.nullable(),
    /** Who bought it, as the buyer chose to be shown: for the members who send its products, once paid; null otherwise. */
    buyer: z.string().nullable(),
    createdAt: Instant,
  })
  .meta({ id: 'Order' })
export type Order = z.infer<typeof Order>

export const OrderPage = Page(Order)
export const OrderParams = z.object({ id: Id('order') })

/** One's own orders; with `organisationId`, those with lines of an organisation whose payments one manages. */
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
    /** The parcel's number or the like, told to the buyer. */
    reference: Line(1, 120).optional(),
  })
  .refine(({ status, reference }) => status !== 'shipped' || reference !== undefined, {
    path: ['reference'],
    message: 'is needed of what is shipped',
  })
  .meta({ id: 'Fulfil' })
export type Fulfil = z.infer<typeof Fulfil>
