/**
 * Records that money which a provider took back is ours again: the dispute was won, or the payer's bank refused the refund
 * that a person made there. What organisations bore for tickets that stayed in a draw is theirs again. Everything else stays
 * in `disputes`, and operators decide: the buyer has neither the money nor the tickets.
 */
import { type SQLWrapper, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { hasWonBack, lossOfSql, WON } from '../money/losses.ts'
import type { Reversal } from '../money/providers/port.ts'
import { type PaymentRow, type RefundRow, refunds, transfers } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { orderLines } from '../orders/schema.ts'
import { flagDispute } from '../refunds/attention.ts'
import { disputeText } from '../refunds/history-text.ts'

/** `refund`: the one that recorded the dispute. Idempotent. */
export async function recordWonDispute(
  ctx: Ctx,
  { provider, orderId }: PaymentRow,
  reversal: Reversal,
  refund: RefundRow,
): Promise<void> {
  const { amount, currency, reference } = reversal
  const key = `won:${provider}:${reference}`
  const isNew = sql`NOT EXISTS (SELECT 1 FROM ${transfers} WHERE ${transfers.transactionId} = ${key})`
  const borne = sql`FROM ${transfers} AS loss WHERE ${isLossOf(refund)} AND NOT ${hasWonBack(sql`loss`)}`
  const sum = { amount, currency, orderId }
  const { isBorne } = await ctx.db.get<{ isBorne: number }>(sql`SELECT EXISTS (SELECT 1 ${borne}) AS isBorne`)
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(transfers)
        .select(sql`
          SELECT loss.transaction_id || ${WON}, loss.part, loss.credit, loss.debit, loss.currency, loss.amount, loss.order_id,
                 loss.raffle_id, ${ctx.now}, loss.organisation_id, loss.provider
          ${borne} AND ${isNew}`)
        .onConflictDoNothing(),
      flagDispute(ctx, refund, disputeText.won(reversal, provider, isBorne === 1), isNew),
      insertOrderEvent(ctx, orderId, key, disputeText.decidedForUs(reversal), isNew),
      // Last, because the others look whether it is there.
      insertTransfers(ctx, [
        { ...sum, transactionId: key, part: 0, debit: account.cash(provider), credit: account.disputes },
      ]),
    ]),
  )
}

/**
 * The losses of this refund that the organisation still bears. After the raffle was cancelled it has the money back. Both kinds
 * of transfers are found by their keys.
 */
export const isLossOf = ({ id, orderId }: Pick<RefundRow, 'id' | 'orderId'>) => {
  const lossesBy = (refundId: SQLWrapper) => lossOfSql(orderLines.organisationId, refundId)
  return sql`(
    loss.credit = ${account.disputes}
    AND loss.transaction_id IN (SELECT ${lossesBy(sql`${id}`)} FROM ${orderLines} WHERE ${orderLines.orderId} = ${orderId})
    AND NOT EXISTS (SELECT 1 FROM ${transfers} AS back WHERE back.part = loss.part
      AND back.debit = ${account.disputes} AND back.credit = loss.debit
      AND back.transaction_id IN (SELECT ${lossesBy(refunds.id)} FROM ${orderLines} JOIN ${refunds}
        ON ${refunds.orderId} = ${orderLines.orderId} WHERE ${orderLines.orderId} = ${orderId})))`
}
