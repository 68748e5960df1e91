/** Finds a payment for members who manage it. Everyone else gets 404. */
import { eq } from 'drizzle-orm'
import { type Permission, requireLiveUser, requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { orderLines } from '../orders/schema.ts'
import type { ManagedPayment } from './contract.ts'

export interface FoundPayment {
  payment: PaymentRow
  /** The organisations of the order's lines, in the order of the lines. */
  organisationIds: string[]
}

/** Requires `permission` in `any` or in `every` organisation of the payment's order. */
export async function findPaymentFor(
  ctx: Ctx,
  id: string,
  permission: Permission,
  of: 'any' | 'every',
): Promise<FoundPayment> {
  const { isAdmin } = await requireLiveUser(ctx)
  const payment = await ctx.db.select().from(payments).where(eq(payments.id, id)).get()
  if (payment === undefined) throw notFound('payment')
  const organisationIds = await organisationsOf(ctx, payment.orderId)
  const refusals: Problem[] = []
  for (const organisationId of organisationIds) {
    try {
      await requirePermission(ctx, organisationId, permission)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refusals.push(error)
    }
  }
  // What proves a phone belongs to no organisation.
  if (organisationIds.length === 0) {
    if (!isAdmin) throw notFound('payment')
    return { payment, organisationIds }
  }
  const enough = of === 'any' ? refusals.length < organisationIds.length : refusals.length === 0
  if (enough) return { payment, organisationIds }
  const isStranger =
    refusals.length === organisationIds.length && refusals.every(({ code }) => code === 'not_found')
  if (isStranger) throw notFound('payment')
  throw refusals.find(({ code }) => code !== 'not_found') ?? new Problem('forbidden', PARTLY)
}

const PARTLY = 'This order also belongs to another organisation. An administrator can do this.'

async function organisationsOf(ctx: Ctx, orderId: string): Promise<string[]> {
  const lines = await ctx.db
    .select({ organisationId: orderLines.organisationId })
    .from(orderLines)
    .where(eq(orderLines.orderId, orderId))
    .orderBy(orderLines.line)
  return [...new Set(lines.map(({ organisationId }) => organisationId))]
}

/** The prefix that keeps references of different organisations apart. */
const SCOPE = /^org_\w+\//

export const presentManagedPayment = (row: PaymentRow): ManagedPayment => ({
  id: row.id,
  orderId: row.orderId,
  provider: row.provider,
  status: row.status,
  amount: { amount: row.amount, currency: row.currency },
  reference: row.provider === 'manual' ? (row.reference?.replace(SCOPE, '') ?? null) : row.reference,
  attention: row.attention,
  message: null,
  next: null,
  until: null,
  checks: row.checks,
  nextCheckAt: toInstantOrNull(row.dueAt),
  dismissed: row.dismissal && { ...row.dismissal, at: toInstant(row.dismissal.at) },
  createdAt: toInstant(row.createdAt),
  updatedAt: toInstant(row.updatedAt),
})
