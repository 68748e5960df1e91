/** Payments for those who run what they pay for; to everybody else a payment does not exist. */
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
  /** Of the order's lines, the first line's first. */
  organisationIds: string[]
}

/** A payment that the actor may manage for `any` of its order's organisations, or must for `every` one. */
export async function findPaymentFor(
  ctx: Ctx,
  id: string,
  permission: Permission,
  of: 'any' | 'every',
): Promise<FoundPayment> {
  await requireLiveUser(ctx)
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
  const enough = of === 'any' ? refusals.length < organisationIds.length : refusals.length === 0
  if (enough) return { payment, organisationIds }
  const isStranger =
    refusals.length === organisationIds.length && refusals.every(({ code }) => code === 'not_found')
  if (isStranger) throw notFound('payment')
  throw refusals.find(({ code }) => code !== 'not_found') ?? new Problem('forbidden', PARTLY)
}

const PARTLY = 'This order is also another organisation’s: an administrator may do this.'

async function organisationsOf(ctx: Ctx, orderId: string): Promise<string[]> {
  const lines = await ctx.db
    .select({ organisationId: orderLines.organisationId })
    .from(orderLines)
    .where(eq(orderLines.orderId, orderId))
    .orderBy(orderLines.line)
  return [...new Set(lines.map(({ organisationId }) => organisationId))]
}

/** What sets the references of one organisation apart from another’s. */
const SCOPE = /^org_\w+\//

export const presentManagedPayment = (row: PaymentRow): ManagedPayment => ({
  id: row.id,
  orderId: row.orderId,
  provider: row.provider,
  status: row.status,
  amount: { amount: row.amount, currency: row.currency },
  reference: row.provider === 'manual' ? (row.reference?.replace(SCOPE, '') ?? null) : row.reference,
  attention: row.attention,
  checks: row.checks,
  nextCheckAt: toInstantOrNull(row.dueAt),
  dismissed: row.dismissal && { ...row.dismissal, at: toInstant(row.dismissal.at) },
  createdAt: toInstant(row.createdAt),
  updatedAt: toInstant(row.updatedAt),
})
