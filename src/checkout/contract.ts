/** Schemas for buying: placing an order, purchasing tickets in one call, and the response to a purchase. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { PostalAddress } from '../core/postal-address.ts'
import { MAX_LINES, Order } from '../orders/contract.ts'
import type { LinePort } from '../orders/line.ts'
import { type LineTable, namedItems, referenceFields } from '../orders/lines/index.ts'
import { PayWith } from '../payments/pay-with.ts'
import { Reservation, Ticket, TicketNumber } from '../tickets/contract.ts'
import { MAX_TICKETS_A_CALL } from '../tickets/pool-contract.ts'
import { MAX_TOKEN_CHARS } from './turnstile.ts'

const numbers = z
  .array(TicketNumber)
  .min(1)
  .max(MAX_TICKETS_A_CALL)
  .refine((all) => new Set(all).size === all.length, 'must not name a number twice')

const howMany = {
  quantity: z.number().int().min(1).max(MAX_TICKETS_A_CALL).optional(),
  numbers: numbers.optional().describe('The exact numbers to take, if the raffle lets its players choose.'),
}

/** For items whose terms ask for it. A repeat may send another one, or none. */
const TurnstileToken = z
  .string()
  .min(1)
  .max(MAX_TOKEN_CHARS)
  .optional()
  .meta({ description: 'The token of the Turnstile widget, for a raffle with `challenge: turnstile`.' })

const isEither = ({ quantity, numbers }: { quantity?: number | undefined; numbers?: number[] | undefined }) =>
  (quantity === undefined) !== (numbers === undefined)

const EITHER = 'send either quantity or numbers'

/** A line of an order: units of one item, of any kind in `table`. */
function orderLineOf(table: LineTable) {
  const ports = Object.values(table)
  const fields = ports.map(({ reference }) => `a ${reference.field}`)
  const numbered = ports.filter(({ isNumbered }) => isNumbered)
  // The fingerprint of a request depends on the order of these fields. It must not change: a repeat may come after a deployment.
  const { raffleId, ...others } = referenceFields(table, (id) => id.optional())
  return z
    .strictObject({ raffleId, ...howMany, ...others })
    .refine(isEither, EITHER)
    .refine((line) => namedItems(table, line).length === 1, `name either ${fields.join(' or ')}`)
    .refine(
      (line) =>
        line.numbers === undefined || namedItems(table, line).every(({ kind }) => table[kind]!.isNumbered),
      { path: ['numbers'], message: `are only for ${itemsOf(numbered).join(' and ')}` },
    )
}

export type OrderLineIn = z.infer<ReturnType<typeof orderLineOf>>

/** The schema of an order, with lines of every kind in `table`. */
export function placeOrderOf(table: LineTable) {
  const ports = Object.values(table)
  const sent = ports.filter(({ fulfil }) => fulfil !== null)
  const notSent = ports.filter(({ fulfil }) => fulfil === null).map(({ words }) => `${words.unit}s`)
  const onlyGoods = `is for ${itemsOf(sent).join(' and ')}: ${notSent.join(' and ')} are not sent`
  const itemIds = (lines: OrderLineIn[]) =>
    lines.flatMap((line) => namedItems(table, line).map(({ itemId }) => itemId))
  const hasGoods = (lines: OrderLineIn[]) =>
    lines.some((line) => namedItems(table, line).some(({ kind }) => table[kind]!.fulfil !== null))
  return z
    .strictObject({
      lines: z.array(orderLineOf(table)).min(1).max(MAX_LINES),
      payment: PayWith.optional().describe('How it is paid. Only an order that costs nothing has none.'),
      turnstileToken: TurnstileToken,
      deliveryAddress: PostalAddress.optional().describe('Where its products are sent.'),
      pickup: z
        .boolean()
        .optional()
        .describe('Whether its products are picked up. An order of products has either this or an address.'),
    })
    .refine(
      ({ lines }) => new Set(itemIds(lines)).size === itemIds(lines).length,
      `name each ${ports.map(({ words }) => words.item).join(' and ')} in one line`,
    )
    .refine(
      ({ lines, deliveryAddress, pickup }) => deliveryAddress !== undefined || pickup || !hasGoods(lines),
      {
        path: ['deliveryAddress'],
        message: `is required for ${itemsOf(sent).join(' and ')}, unless pickup is true`,
      },
    )
    .refine(({ deliveryAddress, pickup }) => deliveryAddress === undefined || !pickup, {
      path: ['pickup'],
      message: 'must not be true beside a deliveryAddress',
    })
    .refine(({ lines, deliveryAddress }) => deliveryAddress === undefined || hasGoods(lines), {
      path: ['deliveryAddress'],
      message: onlyGoods,
    })
    .refine(({ lines, pickup }) => !pickup || hasGoods(lines), { path: ['pickup'], message: onlyGoods })
    .meta({ id: 'PlaceOrder' })
}

const itemsOf = (ports: LinePort[]): string[] => ports.map(({ words }) => `${words.item}s`)

export type PlaceOrder = z.infer<ReturnType<typeof placeOrderOf>>

/** An order with one line. Without `payment`: free tickets. */
export const PurchaseTickets = z
  .strictObject({
    raffleId: Id('raffle').optional(),
    ticketTypeId: Id('ticketType').optional(),
    ...howMany,
    payment: PayWith.optional(),
    turnstileToken: TurnstileToken,
  })
  .refine(isEither, EITHER)
  .refine(
    ({ raffleId, ticketTypeId }) => (raffleId === undefined) !== (ticketTypeId === undefined),
    'name either a raffleId or a ticketTypeId',
  )
  .meta({ id: 'PurchaseTickets' })

export type PurchaseTickets = z.infer<typeof PurchaseTickets>

/** The response to a purchase: its tickets, and its order if they cost money. */
export const Purchase = z.lazy(() =>
  z
    .strictObject({ reservation: Reservation, tickets: z.array(Ticket), order: Order.nullable() })
    .meta({ id: 'Purchase' }),
)

export type Purchase = z.infer<typeof Purchase>
