/** An organisation requests its part of a settled raffle, or its shop's earnings. No request or repeat can pay it twice. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { requirePermission, requireUser } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { bodyHash } from '../core/idempotency.ts'
import { newId } from '../core/ids.ts'
import { account } from '../money/ledger.ts'
import { checkPayoutProvider } from '../money/payout-methods.ts'
import { insertPayout, type NewPayout } from '../money/payout-rows.ts'
import { providerOf } from '../money/providers/index.ts'
import { payouts, transfers } from '../money/schema.ts'
import { findRaffleFor } from '../raffles/find-raffle.ts'
import type { Payout, RequestPayout } from './contract.ts'
import { leftForOrganiser, leftForShop, owesElsewhere, UNPAID } from './left-to-pay.ts'
import { presentPayout } from './present.ts'

/** Money that an organisation may request. */
interface Owed {
  of: Pick<NewPayout, 'kind' | 'subject' | 'raffleId' | 'organisationId' | 'amount' | 'currency'>
  /** Holds while the money is there. */
  guard: SQL
  /** Why it cannot be requested now; null if it can. */
  refusal: Problem | null
}

export async function requestPayout(ctx: Ctx, input: RequestPayout, key: string): Promise<Payout> {
  const { userId } = requireUser(ctx)
  const { of, guard, refusal } =
    'raffleId' in input
      ? await leftByRaffle(ctx, input.raffleId)
      : await earnedByShop(ctx, input, `${userId}:${key}`)
  const request = bodyHash(input)
  const earlier = await findByKey(ctx, userId, key, request)
  if (earlier !== null) return earlier
  const { provider, destination } = input
  checkPayoutProvider(ctx, { provider, destination })
  if (refusal !== null) throw refusal
  const why = providerOf(provider).whyNotPayout(of, destination)
  if (why !== null) throw invalid('provider', why)
  const id = newId('payout')
  const payout = { ...of, id, userId: null, provider, destination, requestedBy: userId, key, request }
  await withRetry(() =>
    ctx.db.batch([
      insertPayout(ctx, payout, guard),
      insertAudit(ctx, {
        action: 'payout.requested',
        subject: { kind: 'payout', id },
        organisationId: of.organisationId,
      }),
    ]),
  )
  const made = await findByKey(ctx, userId, key, request)
  if (made === null) throw alreadyRequested()
  return made
}

/** The payout that was requested under this key; throws if that was another request. */
async function findByKey(ctx: Ctx, userId: string, key: string, request: string): Promise<Payout | null> {
  const row = await ctx.db
    .select()
    .from(payouts)
    .where(and(eq(payouts.requestedBy, userId), eq(payouts.key, key)))
    .get()
  if (row === undefined) return null
  if (row.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another payout.')
  }
  return presentPayout(row)
}

async function leftByRaffle(ctx: Ctx, id: string): Promise<Owed> {
  const { raffle } = await findRaffleFor(ctx, id, 'payouts:request')
  const { organisationId, priceCurrency: currency } = raffle
  const organiser = account.organiser(organisationId)
  // The sum of this raffle alone. After settlement only its payout and disputes change it.
  const left = leftForOrganiser({ organisationId, currency }, UNPAID)
  const { amount, requested, covered } = await ctx.db.get<
    Record<'amount' | 'requested' | 'covered', number>
  >(sql`
    SELECT amount, requested, ${left} AS covered FROM (SELECT (
      SELECT coalesce(sum(iif(${transfers.credit} = ${organiser}, ${transfers.amount}, -${transfers.amount})), 0)
      FROM ${transfers}
      WHERE ${transfers.raffleId} = ${id} AND ${organiser} IN (${transfers.debit}, ${transfers.credit})
    ) AS amount, EXISTS (SELECT 1 FROM ${payouts} WHERE ${payouts.kind} = 'organiser'
      AND ${payouts.subject} = ${id}) AS requested)`)
  const why = [
    raffle.status !== 'settled' &&
      notNow('This raffle is not settled yet: its prizes, payments or refunds are under way.'),
    requested === 0 && amount <= 0 && notNow('This raffle has left nothing to be paid out.'),
    requested === 1 && alreadyRequested(),
    covered < amount && owesElsewhere({ amount: amount - covered, currency }),
  ].find((each) => each !== false)
  return {
    of: { kind: 'organiser', subject: id, raffleId: id, organisationId, amount, currency },
    guard: sql`${left} >= ${amount}`,
    refusal: why ?? null,
  }
}

/** All earnings. Later refunds make the next payout smaller, and the organisation may come to owe them. */
async function earnedByShop(
  ctx: Ctx,
  { organisationId, currency }: { organisationId: string; currency: string },
  subject: string,
): Promise<Owed> {
  await requirePermission(ctx, organisationId, 'payouts:request')
  const left = leftForShop({ organisationId, currency }, UNPAID)
  const { amount } = await ctx.db.get<{ amount: number }>(sql`SELECT ${left} AS amount`)
  const nothing = `The shop has no earnings in ${currency} left to request.`
  return {
    of: { kind: 'shop', subject, raffleId: null, organisationId, amount, currency },
    guard: sql`${left} >= ${amount}`,
    refusal: amount > 0 ? null : new Problem('invalid_state', nothing),
  }
}

const notNow = (why: string) => new Problem('invalid_state', why)
const alreadyRequested = () => new Problem('conflict', 'This payout was already requested.')
