/** A user's own payout methods: where their prizes are paid. Answers show only the end of a destination. */
import { and, asc, eq, sql } from 'drizzle-orm'
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Money } from '../core/money.ts'
import type { PageOf } from '../core/paging.ts'
import type { NewPayoutMethod, PayoutMethod } from './payout-method-contract.ts'
import { presentMethod } from './present-payout-method.ts'
import { providerOf, whyNotProvider } from './providers/index.ts'
import { requirePayee } from './require-payee.ts'
import { payoutMethods } from './schema.ts'

const MAX_METHODS = 10

export async function addPayoutMethod(ctx: Ctx, input: NewPayoutMethod): Promise<PayoutMethod> {
  const { userId } = await requireLiveUser(ctx)
  checkPayoutProvider(ctx, input)
  await requirePayee(ctx, input, { userId }, 'destination')
  const id = newId('payoutMethod')
  // Concurrent calls could each count too few. The insert counts for itself, so that the limit holds.
  await withRetry(() =>
    ctx.db
      .insert(payoutMethods)
      .select(sql`
        SELECT ${id}, ${userId}, ${input.provider}, ${input.destination}, ${ctx.now}
        WHERE (SELECT count(*) FROM payout_methods WHERE user_id = ${userId}) < ${MAX_METHODS}`)
      .onConflictDoNothing(),
  )
  const made = await findOwnMethod(ctx, userId, id)
  if (made === undefined) {
    throw new Problem('limit_reached', `At most ${MAX_METHODS} payout methods: remove one first.`)
  }
  return presentMethod(made)
}

export async function listPayoutMethods(ctx: Ctx): Promise<PageOf<PayoutMethod>> {
  const { userId } = await requireLiveUser(ctx)
  const rows = await ctx.db
    .select()
    .from(payoutMethods)
    .where(eq(payoutMethods.userId, userId))
    .orderBy(asc(payoutMethods.id))
  return { data: rows.map(presentMethod), nextCursor: null }
}

/** Existing payouts keep their destination. */
export async function removePayoutMethod(ctx: Ctx, id: string): Promise<void> {
  const { userId } = await requireLiveUser(ctx)
  const removed = await ctx.db
    .delete(payoutMethods)
    .where(and(eq(payoutMethods.id, id), eq(payoutMethods.userId, userId)))
    .returning({ id: payoutMethods.id })
  if (removed.length === 0) throw notFound('payout method')
}

/** For a claim: the user's method. Throws if this sum cannot be paid by it now. */
export async function findMyMethod(ctx: Ctx, id: string, sum: Money) {
  const { userId } = await requireLiveUser(ctx)
  const method = await findOwnMethod(ctx, userId, id)
  if (method === undefined) throw invalid('payoutMethodId', 'is not one of your payout methods')
  const { provider, destination } = method
  const why = whyNotProvider(provider, ctx.settings) ?? providerOf(provider).whyNotPayout(sum, destination)
  if (why !== null) throw invalid('payoutMethodId', why)
  await requirePayee(ctx, method, { userId }, 'payoutMethodId')
  return method
}

/** Throws unless the provider is available here and can pay to the destination. It checks no sum. */
export function checkPayoutProvider(ctx: Ctx, { provider, destination }: NewPayoutMethod): void {
  const why = whyNotProvider(provider, ctx.settings)
  if (why !== null) throw invalid('provider', why)
  const whyNotThere = providerOf(provider).whyNotPayout(null, destination)
  if (whyNotThere !== null) throw invalid('destination', whyNotThere)
}

const findOwnMethod = (ctx: Ctx, userId: string, id: string) =>
  ctx.db
    .select()
    .from(payoutMethods)
    .where(and(eq(payoutMethods.id, id), eq(payoutMethods.userId, userId)))
    .get()
