/** Takes any refund on from where it stands; what is done already is not done again. */
import type { Ctx } from '../core/context.ts'
import type { RefundRow } from '../money/schema.ts'
import { sendRefund } from './send-refund.ts'
import { takeBack } from './take-back.ts'

export async function resumeRefund(ctx: Ctx, refund: RefundRow): Promise<RefundRow> {
  const known = refund.status === 'requested' ? await takeBack(ctx, refund) : refund
  const isOwed = known.status === 'due' || known.status === 'sent' || known.status === 'failed'
  return isOwed ? sendRefund(ctx, known) : known
}
