/** Audit entries of operators' actions on a refund. */
import { type SQL, sql } from 'drizzle-orm'
import type { AuditEntry } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { RefundRow } from '../money/schema.ts'
import { orderLines } from '../orders/schema.ts'

export const refundEntry = (
  refund: Pick<RefundRow, 'id' | 'orderId' | 'lines'>,
  action: Extract<AuditAction, `refund.${string}`>,
): AuditEntry => ({
  action,
  subject: { kind: 'refund', id: refund.id },
  organisationId: organisationOf(refund),
})

/** The organisation of the refunded lines, if it is the same for all. A refund without lines concerns the whole order. */
function organisationOf({ orderId, lines }: Pick<RefundRow, 'orderId' | 'lines'>): SQL {
  const named = JSON.stringify(lines.map(({ line }) => line))
  return sql`(
    SELECT iif(min(${orderLines.organisationId}) = max(${orderLines.organisationId}), min(${orderLines.organisationId}), NULL)
    FROM ${orderLines} WHERE ${orderLines.orderId} = ${orderId}
      AND (${lines.length} = 0 OR ${orderLines.line} IN (SELECT value FROM json_each(${named}))))`
}
