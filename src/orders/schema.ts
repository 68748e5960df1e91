/** Orders and their lines: what somebody is to pay for, and where that stands. Times are milliseconds. */
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

/** `held` → `issued` → `refunded`, or `held` → `released`; `lost`: paid when its numbers were gone. */
export const LINE_STATES = ['held', 'issued', 'lost', 'released', 'refunded'] as const
export type LineState = (typeof LINE_STATES)[number]

export const orders = sqliteTable(
  'orders',
  {
    id: text().primaryKey(),
    userId: text().notNull(),
    /** The client's Idempotency-Key, and a fingerprint of what was asked under it. */
    key: text().notNull(),
    request: text().notNull(),
    currency: text().notNull(),
    /** Of all lines, in minor units. */
    amount: integer().notNull(),
    status: text({ enum: ORDER_STATUSES }).notNull().default('pending'),
    /** Until when it can be paid; the pools hold its numbers a little longer. */
    payUntil: integer().notNull(),
    /** The receipt (`<provider>:<reference>`) that pays for it: the first; whatever else comes goes back. */
    receipt: text(),
    /** When its lines were confirmed and the ledger was told. */
    settledAt: integer(),
    /** Sum of its refunds that are not refused, whether the money has arrived or not. */
    refundedAmount: integer().notNull().default(0),
    /** When the sweep must look at it; null once nothing is left to do. */
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** Personal: where its products are sent; null: they are picked up. Never logged. */
    deliveryAddress: text({ mode: 'json' }).$type<PostalAddress>(),
  },
  (table) => [
    check(
      'orders_status',
      sql`status IN ('pending', 'paid', 'expired', 'cancelled', 'partially_refunded', 'refunded', 'refund_due')`,
    ),
    check('orders_amount', sql`amount > 0 AND refunded_amount >= 0`),
    uniqueIndex('orders_key').on(table.userId, table.key),
    index('orders_user').on(table.userId, table.id),
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
    /** A row of the table in `lines/`: another version of the worker may know more of them. */
    kind: text().notNull(),
    /** What it is a line of: the raffle's id, or the product's. */
    itemId: text().notNull(),
    organisationId: text().notNull(),
    /** What it was called when it was bought. */
    title: text().notNull(),
    quantity: integer().notNull(),
    /** The exact numbers that were asked for; null where the raffle gives them. */
    numbers: text({ mode: 'json' }).$type<number[]>(),
    unitAmount: integer().notNull(),
    state: text({ enum: LINE_STATES }).notNull().default('held'),
    /** Of a product, the hold of its stock. */
    reservationId: text().notNull(),
    /** How many of its tickets were refunded. */
    refundedQuantity: integer().notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.line] }),
    check('order_lines_state', sql`state IN ('held', 'issued', 'lost', 'released', 'refunded')`),
    check('order_lines_quantity', sql`quantity > 0 AND refunded_quantity BETWEEN 0 AND quantity`),
    index('order_lines_item').on(table.itemId, table.orderId),
    index('order_lines_organisation').on(table.organisationId, table.orderId),
    // For the sweep of held stock, which looks for the lines of products alone.
    index('order_lines_hold').on(table.reservationId).where(sql`kind = 'product'`),
  ],
)
export type OrderLineRow = typeof orderLines.$inferSelect

/** An order's history in plain words; `key` makes each happen once. */
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
