/** Sets by how much an organisation's guarantees may exceed its balance in one currency. */
import { ne } from 'drizzle-orm'
import { requireAdmin, requireMember } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { guaranteeLimits } from '../money/schema.ts'
import type { GuaranteeLimit, GuaranteeLimitParams, SetGuaranteeLimit } from './balance-contract.ts'

/** For administrators only, because the platform bears what an organisation does not pay. A repeat changes nothing. */
export async function setGuaranteeLimit(
  ctx: Ctx,
  { id: organisationId, currency }: GuaranteeLimitParams,
  { amount }: SetGuaranteeLimit,
): Promise<GuaranteeLimit> {
  await requireMember(ctx, organisationId)
  await requireAdmin(ctx)
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(guaranteeLimits)
        .values({ organisationId, currency, amount, updatedAt: ctx.now })
        .onConflictDoUpdate({
          target: [guaranteeLimits.organisationId, guaranteeLimits.currency],
          set: { amount, updatedAt: ctx.now },
          setWhere: ne(guaranteeLimits.amount, amount),
        }),
      insertAudit(ctx, {
        action: 'guarantee_limit.set',
        subject: { kind: 'organisation', id: organisationId },
        organisationId,
        fields: [currency],
      }),
    ]),
  )
  return { organisationId, limit: { amount, currency } }
}
