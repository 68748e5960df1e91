/** Turns a refund's row into a response, for the buyer and for the organisation alike. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { toInstant } from '../core/time.ts'
import type { RefundRow } from '../money/schema.ts'
import { type OrderLineRow, orderLines } from '../orders/schema.ts'
import { presentTickets } from '../tickets/present.ts'
import type { Refund } from './contract.ts'

/** `lines`: of its order. */
export function presentRefund(
  row: RefundRow,
  lines: readonly Pick<OrderLineRow, 'line' | 'digits'>[],
): Refund {
  const digitsOf = (line: number) => lines.find((each) => each.line === line)?.digits ?? null
  return {
    id: row.id,
    orderId: row.orderId,
    status: row.status,
    amount: { amount: row.amount, currency: row.currency },
    reason: row.reason,
    lines: row.lines.map(({ line, numbers }) => ({ line, tickets: presentTickets(numbers, digitsOf(line)) })),
    provider: row.provider,
    reference: row.reference,
    createdAt: toInstant(row.createdAt),
    updatedAt: toInstant(row.updatedAt),
  }
}

/** The same, with the lines of its order read. */
export async function presentOneRefund(ctx: Ctx, row: RefundRow): Promise<Refund> {
  const lines = await ctx.db
    .select({ line: orderLines.line, digits: orderLines.digits })
    .from(orderLines)
    .where(eq(orderLines.orderId, row.orderId))
  return presentRefund(row, lines)
}
