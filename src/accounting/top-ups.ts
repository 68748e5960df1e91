/**
 * Top-ups: an organisation's payments in cash or by bank transfer, for prizes that its raffles' takings do not cover. The
 * ledger's transfer is the only record, and it is unique per reference, so a repeat changes nothing.
 */

import { and, desc, eq, sql } from 'drizzle-orm'
import * as z from 'zod'
import { requireAdmin, requireMember, requirePermission } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import { toInstant } from '../core/time.ts'
import { account, insertTransfers, tillOf } from '../money/ledger.ts'
import { whyNotProvider } from '../money/providers/index.ts'
import { type TransferRow, transfers } from '../money/schema.ts'
import { isTopUpOf, transactionOf } from '../money/top-up-key.ts'
import type { RecordTopUp, TopUp } from './balance-contract.ts'

/** For administrators only: nobody may credit their own organisation. */
export async function recordTopUp(ctx: Ctx, organisationId: string, input: RecordTopUp): Promise<TopUp> {
  await requireMember(ctx, organisationId)
  await requireAdmin(ctx)
  const { amount, currency } = input.amount
  const { provider } = input
  const why = whyNotProvider(provider, ctx.settings)
  if (why !== null) throw invalid('provider', why)
  const transactionId = transactionOf(organisationId, input.reference)
  const transfer = {
    transactionId,
    part: 0,
    debit: tillOf(provider, organisationId),
    credit: account.organiser(organisationId),
    currency,
    amount,
    organisationId,
    provider,
  }
  await withRetry(() =>
    ctx.db.batch([
      insertTransfers(ctx, [transfer]),
      insertAudit(ctx, {
        action: 'top_up.recorded',
        subject: { kind: 'organisation', id: organisationId },
        organisationId,
      }),
    ]),
  )
  const row = await ctx.db.select().from(transfers).where(eq(transfers.transactionId, transactionId)).get()
  if (row!.amount !== amount || row!.currency !== currency || row!.provider !== provider) {
    throw new Problem('conflict', 'This reference is already recorded with another amount or provider.')
  }
  return presentTopUp(organisationId, row!)
}

/** The newest first. */
export async function listTopUps(ctx: Ctx, organisationId: string, query: PageQuery): Promise<PageOf<TopUp>> {
  await requirePermission(ctx, organisationId, 'reports:read')
  const last = readCursor(query.cursor, z.tuple([z.number(), z.string()]))
  const rows = await ctx.db
    .select()
    .from(transfers)
    .where(
      and(
        isTopUpOf(organisationId),
        last === undefined
          ? undefined
          : sql`(${transfers.at}, ${transfers.transactionId}) < (${last[0]}, ${last[1]})`,
      ),
    )
    .orderBy(desc(transfers.at), desc(transfers.transactionId))
    .limit(query.limit + 1)
  return toPage(
    rows,
    query.limit,
    ({ at, transactionId }) => [at, transactionId],
    (row) => presentTopUp(organisationId, row),
  )
}

const presentTopUp = (
  organisationId: string,
  { transactionId, amount, currency, provider, at }: TransferRow,
): TopUp => ({
  organisationId,
  reference: transactionId.slice(transactionOf(organisationId, '').length),
  amount: { amount, currency },
  provider: provider!,
  recordedAt: toInstant(at),
})
