/** Takes a payout that is paid or cancelled off the list of those that a person must check. */
import { and, eq, inArray, isNotNull } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { payouts } from '../money/schema.ts'
import type { Payout } from './contract.ts'
import { findPayoutFor, readPayout } from './find-payout.ts'
import { presentPayout } from './present.ts'
import { entryOf } from './send-payout.ts'

/** Any other payout waits for a decision, which takes it off the list. A repeat changes nothing. */
export async function dismissPayout(ctx: Ctx, id: string): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(payouts)
        .set({ attention: null, updatedAt: ctx.now })
        .where(
          and(
            eq(payouts.id, id),
            inArray(payouts.status, ['paid', 'cancelled']),
            isNotNull(payouts.attention),
          ),
        ),
      insertAudit(ctx, entryOf(payout, 'payout.dismissed')),
    ]),
  )
  const now = (await readPayout(ctx, id))!
  if (now.status === 'paid' || now.status === 'cancelled') return presentPayout(now)
  throw new Problem(
    'invalid_state',
    `Only a payout that is paid or cancelled can be dismissed; this one is ${now.status}.`,
  )
}
