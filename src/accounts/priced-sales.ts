/** Whether an organisation may sell for money and enter others by their orders. An admin approves those that people open for themselves. */
import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import type { Organisation } from './contract.ts'
import { requireAdmin } from './permissions.ts'
import { presentOrganisation } from './present.ts'
import { organisations } from './schema.ts'

/** Throws unless the organisation may sell for money and give entries for orders. */
export async function requireApproval(ctx: Ctx, organisationId: string): Promise<void> {
  const approved = await ctx.db
    .select({ id: organisations.id })
    .from(organisations)
    .where(and(eq(organisations.id, organisationId), isNotNull(organisations.pricedSalesSince)))
    .get()
  if (approved !== undefined) return
  throw new Problem(
    'invalid_state',
    'An administrator must approve this organisation first: until then it may not sell for money, nor give entries for orders. What is free can be published now.',
  )
}

/** Approves an organisation, or takes the approval back: what is on sale then stays on sale. Idempotent. */
export async function setPricedSales(ctx: Ctx, id: string, isApproved: boolean): Promise<Organisation> {
  await requireAdmin(ctx)
  const { pricedSalesSince } = organisations
  const change = ctx.db
    .update(organisations)
    .set({ pricedSalesSince: isApproved ? ctx.now : null, updatedAt: ctx.now })
    .where(and(eq(organisations.id, id), isApproved ? isNull(pricedSalesSince) : isNotNull(pricedSalesSince)))
  const [, , [row]] = await ctx.db.batch([
    change,
    insertAudit(ctx, {
      action: isApproved ? 'organisation.priced_sales_approved' : 'organisation.priced_sales_withdrawn',
      subject: { kind: 'organisation', id },
      organisationId: id,
    }),
    ctx.db.select().from(organisations).where(eq(organisations.id, id)),
  ])
  if (row === undefined) throw notFound('organisation')
  return presentOrganisation(row)
}
