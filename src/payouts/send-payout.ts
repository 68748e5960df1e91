/**
 * Sends an approved payout and polls it until the provider has decided. It is stored as sent before the provider is
 * called, under a key of its own. One to a new payout method waits. While the outcome is unknown, the same key is sent again, never a new one.
 */

import { and, eq, gte, inArray, or, type SQL, sql } from 'drizzle-orm'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { winners } from '../draws/schema.ts'
import { payoutAttemptKey } from '../money/attempt-key.ts'
import { attentionText, whyLate } from '../money/attention-text.ts'
import { account, insertTransfers, tillOf } from '../money/ledger.ts'
import { isPayableYet } from '../money/payout-rows.ts'
import { POLLS_BEFORE_LATE, pauseAfterPoll } from '../money/poll-schedule.ts'
import { providerOf } from '../money/providers/index.ts'
import type { Sent } from '../money/providers/port.ts'
import { type PayoutRow, type PayoutStatus, payouts } from '../money/schema.ts'
import { isUnconfirmedSql } from '../money/unconfirmed.ts'
import { makeDueNow } from '../raffles/schedule-sweep.ts'
import { isNotUnderReview, isStillOwed, mayStillBePaid } from './left-to-pay.ts'

/** Idempotent, and safe to run concurrently: one call sends it, and the key makes it one payment. */
async function sendPayout(ctx: Ctx, payout: PayoutRow): Promise<void> {
  const sending = await recordSending(ctx, payout)
  if (sending === undefined) return
  // Once its payout method is removed, the provider may only say whether it has it already.
  await recordAnswer(ctx, sending, await callProvider(ctx, sending, sending.stoppedAt !== null))
}

/** A failure is logged and the payout stays due: the next sweep retries, and flags it for a person once it is late. */
export async function trySending(ctx: Ctx, payout: PayoutRow): Promise<void> {
  try {
    await sendPayout(ctx, payout)
  } catch (error) {
    ctx.log.error('payout not sent', { payoutId: payout.id, error })
    await flagUnsent(ctx, payout).catch((error) =>
      ctx.log.error('payout not flagged as unsent', { payoutId: payout.id, error }),
    )
  }
}

/** Idempotent: a repeat under the same key returns the status of the first call. */
export function callProvider(ctx: Ctx, payout: PayoutRow, pollOnly = false): Promise<Sent> {
  const { provider, amount, currency, createdAt, destination } = payout
  const id = payoutAttemptKey(payout.id, payout.attempt)
  return providerOf(provider).payout(ctx, { id, amount, currency, createdAt, pollOnly, destination })
}

/**
 * After this the winner cannot be disqualified; one who is disqualified or under review is not paid. Race: an
 * administrator may mark the payout as failed during the call, and a retry would pay twice. Safe: this clears
 * `attention`, which marking needs. Race: two sweeps overlap, and of two requests to M-Pesa a failure proves nothing. Safe:
 * this counts the call, so that it fails for a sweep that read the payout before.
 */
async function recordSending(ctx: Ctx, { id, attempt, tries }: PayoutRow): Promise<PayoutRow | undefined> {
  const [sending] = await withRetry(() =>
    ctx.db
      .update(payouts)
      .set({
        status: 'sent',
        tries: tries + 1,
        dueAt: ctx.now + pauseAfterPoll(tries),
        attention: null,
        updatedAt: ctx.now,
      })
      .where(
        and(
          eq(payouts.id, id),
          eq(payouts.attempt, attempt),
          eq(payouts.tries, tries),
          // What the provider has is polled even during a review, which a late report can overtake.
          or(
            eq(payouts.status, 'sent'),
            and(eq(payouts.status, 'approved'), isPayableYet(ctx), isNotUnderReview(ctx), mayStillBePaid),
          ),
          isStillOwed,
        ),
      )
      .returning(),
  )
  return sending
}

async function recordAnswer(ctx: Ctx, payout: PayoutRow, sent: Sent): Promise<void> {
  const reference = sent.reference ?? payout.reference
  if (sent.status === 'succeeded') {
    // Another call may have been refused meanwhile. What was paid is paid.
    await payPayout(ctx, payout, ['sent', 'failed'], reference)
    return
  }
  await withRetry(() =>
    ctx.db
      .update(payouts)
      .set({ ...undecided(payout, sent), reference, updatedAt: ctx.now })
      .where(isStill(payout, ['sent'])),
  )
}

function undecided(
  { kind, provider, tries, stoppedAt }: PayoutRow,
  { status, reason }: Sent,
): Partial<PayoutRow> {
  if (status === 'failed') {
    const whyStopped = kind === 'prize' ? attentionText.stopped : attentionText.bankChanged
    const attention = stoppedAt === null ? attentionText.failed(provider, reason) : whyStopped
    return { status: 'failed', dueAt: null, attention }
  }
  // A person pays by hand, so there is no provider to poll.
  if (provider === 'manual') return { dueAt: null, attention: attentionText.payByHand }
  const isLate = tries >= POLLS_BEFORE_LATE
  return { attention: isLate || reason !== null ? whyLate({ provider }, status, reason) : null }
}

/** After several failed calls to the provider, flags the payout for a person; the sweep still retries. */
const flagUnsent = (ctx: Ctx, payout: PayoutRow) =>
  ctx.db
    .update(payouts)
    .set({ attention: attentionText.cannotBeSent(payout.provider) })
    .where(and(isStill(payout, ['sent']), gte(payouts.tries, POLLS_BEFORE_LATE)))

export const entryOf = ({ id, organisationId }: PayoutRow, action: AuditAction): AuditEntry => ({
  action,
  subject: { kind: 'payout', id },
  organisationId,
})

/** The provider paid it without a report. Changes nothing unless the provider is silent. */
export const recordPayoutPaidByAdmin = (ctx: Ctx, payout: PayoutRow, reference: string): Promise<void> =>
  payPayout(ctx, payout, ['sent'], reference, {
    guard: isUnconfirmedSql(payouts),
    audited: entryOf(payout, 'payout.marked_paid'),
  })

/** By a person, outside. */
export const recordPayoutPaidByHand = (ctx: Ctx, payout: PayoutRow, reference: string): Promise<void> =>
  payPayout(ctx, payout, ['approved', 'sent'], reference, {
    guard: and(isPayableYet(ctx), isNotUnderReview(ctx), mayStillBePaid)!,
    audited: entryOf(payout, 'payout.marked_paid'),
  })

/** The provider did not pay it and sent no report. Changes nothing unless the provider is silent. */
export const recordPayoutFailedByAdmin = (ctx: Ctx, payout: PayoutRow, reason: string) =>
  withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(payouts)
        .set({ status: 'failed', dueAt: null, attention: reason, updatedAt: ctx.now })
        .where(and(isStill(payout, ['sent']), isUnconfirmedSql(payouts))),
      insertAudit(ctx, entryOf(payout, 'payout.marked_failed')),
    ]),
  )

/** Records the payment by `payout.provider`: the ledger, the payout and its winner in one transaction. Idempotent. */
export async function payPayout(
  ctx: Ctx,
  payout: PayoutRow,
  from: PayoutStatus[],
  reference: string | null,
  { guard, audited, change }: { guard?: SQL; audited?: AuditEntry; change?: Partial<PayoutRow> } = {},
): Promise<void> {
  const isPayable = and(isStill(payout, from), isStillOwed, guard)
  const transfer = {
    ...sumOf(payout),
    transactionId: `payout:${payout.id}:paid`,
    debit: paidFrom(payout),
    credit: tillOf(payout.provider, payout.organisationId),
  }
  const isDue = sql`EXISTS (SELECT 1 FROM ${payouts} WHERE ${isPayable})`
  const statements = [
    insertTransfers(ctx, [transfer], isDue),
    ctx.db
      .update(payouts)
      .set({
        status: 'paid',
        provider: payout.provider,
        reference,
        dueAt: null,
        attention: null,
        updatedAt: ctx.now,
        ...change,
      })
      .where(isPayable),
    ...(audited === undefined ? [] : [insertAudit(ctx, audited)]),
  ] as const
  const isPaid = sql`EXISTS (SELECT 1 FROM payouts WHERE id = ${payout.id} AND status = 'paid')`
  const ofWinner = [
    ctx.db
      .update(winners)
      .set({ status: 'paid', updatedAt: ctx.now })
      .where(and(eq(winners.id, payout.subject), eq(winners.status, 'claimed'), isPaid)),
    makeDueNow(ctx, payout.raffleId!),
  ] as const
  await withRetry(() => ctx.db.batch(payout.kind === 'prize' ? [...statements, ...ofWinner] : statements))
}

/** One transfer for each attempt: a payout that came back is paid again by a later one. */
export const sumOf = ({ attempt, currency, amount, raffleId, organisationId, provider }: PayoutRow) => ({
  part: attempt,
  currency,
  amount,
  ...(raffleId === null ? {} : { raffleId }),
  organisationId,
  provider,
})

/** The account that owes the payout. */
export function paidFrom({ kind, raffleId, organisationId }: PayoutRow): string {
  if (kind === 'prize') return account.prizes(raffleId!)
  return kind === 'organiser' ? account.organiser(organisationId) : account.shop(organisationId)
}

/** Guard: the payout is still in one of these statuses, at the attempt that was read. */
export const isStill = ({ id, attempt }: PayoutRow, from: PayoutStatus[]): SQL =>
  and(eq(payouts.id, id), eq(payouts.attempt, attempt), inArray(payouts.status, from))!
