/** The shapes of buying on the wire: what is ordered, how it is paid, and what a purchase answers. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { PostalAddress } from '../core/postal-address.ts'
import { MAX_LINES, Order } from '../orders/contract.ts'
import { PayWith } from '../payments/pay-with.ts'
import { Reservation, Ticket, TicketNumber } from '../tickets/contract.ts'
import { MAX_TICKETS_A_CALL } from '../tickets/pool-contract.ts'

const numbers = z
  .array(TicketNumber)
  .min(1)
  .max(MAX_TICKETS_A_CALL)
  .refine((all) => new Set(all).size === all.length, 'must not name a number twice')

const what = {
  raffleId: Id('raffle'),
  quantity: z.number().int().min(1).max(MAX_TICKETS_A_CALL).optional(),
  /** The exact numbers, where the raffle lets its players choose. */
  numbers: numbers.optional(),
}

const isEither = ({ quantity, numbers }: { quantity?: number | undefined; numbers?: number[] | undefined }) =>
  (quantity === undefined) !== (numbers === undefined)

const EITHER = 'send either quantity or numbers'

/** Tickets of a raffle, or units of a product. */
export const OrderLineIn = z
  .strictObject({ ...what, raffleId: what.raffleId.optional(), productId: Id('product').optional() })
  .refine(isEither, EITHER)
  .refine(
    ({ raffleId, productId }) => (raffleId === undefined) !== (productId === undefined),
    'name either a raffleId or a productId',
  )
  .refine(({ productId, numbers }) => productId === undefined || numbers === undefined, {
    path: ['numbers'],
    message: 'are for raffles alone',
  })

export type OrderLineIn = z.infer<typeof OrderLineIn>

export const PlaceOrder = z
  .strictObject({
    lines: z.array(OrderLineIn).min(1).max(MAX_LINES),
    payment: PayWith,
    /** Where its products are sent; without, they are picked up. */
    deliveryAddress: PostalAddress.optional(),
  })
  .refine(
    ({ lines }) => new Set(lines.map((line) => line.raffleId ?? line.productId)).size === lines.length,
    'name each raffle and product in one line',
  )
  .refine(
    ({ lines, deliveryAddress }) =>
      deliveryAddress === undefined || lines.some(({ productId }) => productId !== undefined),
    { path: ['deliveryAddress'], message: 'is for products: tickets are not sent to anybody' },
  )
  .meta({ id: 'PlaceOrder' })

export type PlaceOrder = z.infer<typeof PlaceOrder>

/** The one-line form of an order; without `payment`, of a free raffle. */
export const PurchaseTickets = z
  .strictObject({ ...what, payment: PayWith.optional() })
  .refine(isEither, EITHER)
  .meta({ id: 'PurchaseTickets' })

export type PurchaseTickets = z.infer<typeof PurchaseTickets>

/** What a purchase got: its tickets, and the order where something is to be paid. */
export const Purchase = z
  .strictObject({ reservation: Reservation, tickets: z.array(Ticket), order: Order.nullable() })
  .meta({ id: 'Purchase' })

export type Purchase = z.infer<typeof Purchase>
