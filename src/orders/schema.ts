/** Tables of orders, their lines and their history. Times are in milliseconds. */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { PostalAddress } from '../core/postal-address.ts'

export const ORDER_STATUSES = [
  'pending',
  'paid',
  'expired',
  'cancelled',
  'partially_refunded',
  'refunded',
  'refund_due',
] as const
export type OrderStatus = (typeof ORDER_STATUSES)[number]

/** `held` → `issued` → `refunded`, or `held` → `released`. `lost`: paid, but it could no longer be issued. */
export const LINE_STATES = ['held', 'issued', 'lost', 'released', 'refunded'] as const

export const orders = sqliteTable(
  'orders',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    /** The client's Idempotency-Key, and a fingerprint of the request that used it. */
    key: text().notNull(),
    request: text().notNull(),
    currency: text().notNull(),
    /** The sum of all lines, in minor units. */
    amount: integer().notNull(),
    status: text({ enum: ORDER_STATUSES }).notNull().default('pending'),
    /** The order must be paid by this time. The pools hold its numbers a little longer. */
    payUntil: integer().notNull(),
    /** The receipt (`<provider>:<reference>`) that pays for it: the first one that fits. All others are refunded. `free`: it costs nothing. */
    receipt: text(),
    /** When its lines were confirmed and its ledger rows written. */
    settledAt: integer(),
    /** The sum of its refunds that are not refused, sent or not. */
    refundedAmount: integer().notNull().default(0),
    /** When the sweep must process it; null if there is nothing to do. */
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** Where its products are sent; null if it has none, or if they are picked up. Personal data: never logged. */
    deliveryAddress: text({ mode: 'json' }).$type<PostalAddress>(),
  },
  (table) => [
    check(
      'orders_status',
      sql`status IN ('pending', 'paid', 'expired', 'cancelled', 'partially_refunded', 'refunded', 'refund_due')`,
    ),
    check('orders_amount', sql`amount >= 0 AND refunded_amount >= 0`),
    // Also finds the orders of a user, which are sorted then: an index of its own would cost a row for each order.
    uniqueIndex('orders_key').on(table.userId, table.key),
    index('orders_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type OrderRow = typeof orders.$inferSelect

export const orderLines = sqliteTable(
  'order_lines',
  {
    orderId: text().notNull(),
    /** Its place in the order, from 0. */
    line: integer().notNull(),
    /** A key of the table in `lines/`. Not an enum: another version of the worker may know more kinds. */
    kind: text().notNull(),
    /** The id of the item that it sells: a raffle or a product. */
    itemId: text().notNull(),
    organisationId: text().notNull(),
    /** The title of the item at the time of purchase. */
    title: text().notNull(),
    quantity: integer().notNull(),
    /** The exact numbers that the buyer chose; null if the raffle assigns them. */
    numbers: text({ mode: 'json' }).$type<number[]>(),
    unitAmount: integer().notNull(),
    state: text({ enum: LINE_STATES }).notNull().default('held'),
    /** The reservation of its tickets; for a product, the id of its stock hold. */
    reservationId: text().notNull(),
    /** How many of its units were refunded. */
    refundedQuantity: integer().notNull().default(0),
    /** How many digits its numbers are shown with; null: no leading zeros, or no numbers. */
    digits: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.line] }),
    check('order_lines_state', sql`state IN ('held', 'issued', 'lost', 'released', 'refunded')`),
    check('order_lines_quantity', sql`quantity > 0 AND refunded_quantity BETWEEN 0 AND quantity`),
    index('order_lines_item').on(table.itemId, table.orderId),
    index('order_lines_organisation').on(table.organisationId, table.orderId),
    // Used by the sweep of stock holds.
    index('order_lines_hold').on(table.reservationId).where(sql`kind = 'product'`),
  ],
)
export type OrderLineRow = typeof orderLines.$inferSelect

/** An order's history in words. `key` makes each event unique. */
export const orderEvents = sqliteTable(
  'order_events',
  {
    orderId: text().notNull(),
    key: text().notNull(),
    /** Its place among the order's events, from 0. */
    seq: integer().notNull(),
    at: integer().notNull(),
    text: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.key] })],
)
