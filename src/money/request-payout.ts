/** An organisation asks for what a settled raffle has left it: once, whatever is asked and repeated. */
import { and, eq, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { bodyHash } from '../core/idempotency.ts'
import { findRaffleFor } from '../raffles/find-raffle.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { account } from './ledger.ts'
import type { Payout, RequestPayout } from './payout-contract.ts'
import { checkPayoutProvider } from './payout-methods.ts'
import { insertPayout } from './payout-rows.ts'
import { presentPayout } from './present-payout.ts'
import { payouts, transfers } from './schema.ts'

export async function requestPayout(ctx: Ctx, input: RequestPayout, key: string): Promise<Payout> {
  const { raffle } = await findRaffleFor(ctx, input.raffleId, 'payouts:request')
  const { userId } = requireUser(ctx)
  const request = bodyHash(input)
  const earlier = await madeBy(ctx, userId, key, request)
  if (earlier !== null) return earlier
  checkPayoutProvider(ctx, input.provider)
  if (raffle.status !== 'settled') {
    throw new Problem('invalid_state', 'This raffle is not settled yet: what is left of it is not known.')
  }
  const amount = await owedToOrganiser(ctx, raffle)
  const isTaken = await hasPayout(ctx, raffle.id)
  if (isTaken) throw alreadyRequested()
  if (amount <= 0) throw new Problem('invalid_state', 'This raffle has left nothing to be paid out.')
  const payout = {
    kind: 'organiser' as const,
    subject: raffle.id,
    raffleId: raffle.id,
    organisationId: raffle.organisationId,
    userId: null,
    provider: input.provider,
    destination: input.destination,
    amount,
    currency: raffle.priceCurrency,
    requestedBy: userId,
    key,
    request,
  }
  await withRetry(() => insertPayout(ctx, payout, sql`true`))
  const made = await madeBy(ctx, userId, key, request)
  if (made === null) throw alreadyRequested()
  return made
}

/** What was made under this key, if it was for the same request. */
async function madeBy(ctx: Ctx, userId: string, key: string, request: string): Promise<Payout | null> {
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

const hasPayout = async (ctx: Ctx, raffleId: string): Promise<boolean> =>
  (await ctx.db
    .select({ id: payouts.id })
    .from(payouts)
    .where(and(eq(payouts.kind, 'organiser'), eq(payouts.subject, raffleId)))
    .get()) !== undefined

/** By the ledger, of this raffle alone; a settled one's changes by its payout only. */
async function owedToOrganiser(ctx: Ctx, { id, organisationId }: RaffleRow): Promise<number> {
  const organiser = account.organiser(organisationId)
  const { amount } = await ctx.db.get<{ amount: number }>(sql`
    SELECT coalesce(sum(CASE WHEN ${transfers.credit} = ${organiser} THEN ${transfers.amount}
                             ELSE -${transfers.amount} END), 0) AS amount
    FROM ${transfers}
    WHERE ${transfers.raffleId} = ${id} AND ${organiser} IN (${transfers.debit}, ${transfers.credit})`)
  return amount
}

const alreadyRequested = () => new Problem('conflict', 'The payout of this raffle was asked for already.')
