/** Notes how far a product of an order is on its way, forward only, and tells its buyer once of each step. */
import { and, eq, sql } from 'drizzle-orm'
import { organisationsWith, requirePermission } from '../accounts/permissions.ts'
import { FULFILMENT_STATUSES, stockHolds } from '../catalog/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import type { Fulfil, Order } from './contract.ts'
import { findOrder } from './find-order.ts'
import { fulfilmentKey, insertOrderEvent } from './history.ts'
import { historyText } from './history-text.ts'
import { readDetails } from './present.ts'
import { presentPart } from './present-part.ts'
import type { OrderLineRow } from './schema.ts'

export async function fulfilLine(ctx: Ctx, orderId: string, input: Fulfil): Promise<Order> {
  const rows = await findOrder(ctx, orderId)
  const line = await findLine(ctx, rows.lines, input.line)
  if (line.kind !== 'product') throw new Problem('invalid_state', 'Tickets are not sent to anybody.')
  if (line.state !== 'issued') {
    throw new Problem('invalid_state', `This line is ${line.state}: there is nothing to send.`)
  }
  await advance(ctx, line, input)
  const isTheirs = (id: string) => id === line.organisationId
  return presentPart(rows, await readDetails(ctx, [rows]), { sees: isTheirs, sends: isTheirs })
}

/** A line of an organisation whose products the actor sends. To strangers there is no such order. */
async function findLine(ctx: Ctx, lines: OrderLineRow[], at: number): Promise<OrderLineRow> {
  const line = lines.find((each) => each.line === at)
  try {
    if (line === undefined) throw notFound('line')
    await requirePermission(ctx, line.organisationId, 'catalogue:write')
    return line
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error
    const mine = await organisationsWith(ctx, ['catalogue:write'])
    const knowsOrder = lines.some(({ organisationId }) => mine?.includes(organisationId) ?? true)
    throw knowsOrder ? new Problem('not_found', `No such line of this order: ${at}.`) : notFound('order')
  }
}

async function advance(ctx: Ctx, line: OrderLineRow, { status, reference }: Fulfil): Promise<void> {
  const { reservationId } = line
  const before = FULFILMENT_STATUSES.slice(0, FULFILMENT_STATUSES.indexOf(status))
  const isThere = sql`EXISTS (SELECT 1 FROM ${stockHolds} WHERE ${stockHolds.id} = ${reservationId}
    AND ${stockHolds.fulfilment} = ${status})`
  const [, , [hold]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(stockHolds)
        .set({
          fulfilment: status,
          // What is delivered keeps the parcel's number unless another is told.
          ...(reference === undefined ? {} : { reference }),
        })
        .where(
          and(
            eq(stockHolds.id, reservationId),
            eq(stockHolds.state, 'sold'),
            sql`${stockHolds.fulfilment} IN (SELECT value FROM json_each(${JSON.stringify(before)}))`,
          ),
        ),
      insertOrderEvent(
        ctx,
        line.orderId,
        fulfilmentKey(line.line, status),
        historyText.fulfilled(status, line.title, reference),
        isThere,
      ),
      ctx.db.select().from(stockHolds).where(eq(stockHolds.id, reservationId)),
    ]),
  )
  const isSame = hold!.fulfilment === status && (reference === undefined || hold!.reference === reference)
  if (isSame) return
  const is = hold!.state === 'sold' ? `${hold!.fulfilment} already` : `${hold!.state}`
  throw new Problem('invalid_state', `“${line.title}” is ${is}.`)
}
