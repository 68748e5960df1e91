/**
 * Provider events about payouts that are final. A failed or cancelled one may have gone through after all, and a paid one may
 * have come back. So the provider is queried again, and what became of the money is booked.
 */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { winners } from '../draws/schema.ts'
import { attentionText } from '../money/attention-text.ts'
import { account, insertTransfers, tillOf } from '../money/ledger.ts'
import { FIRST_POLL_MS } from '../money/poll-schedule.ts'
import type { Provider } from '../money/provider-name.ts'
import type { Sent } from '../money/providers/port.ts'
import { type PayoutRow, payouts, transfers } from '../money/schema.ts'
import { makeDueNow } from '../raffles/schedule-sweep.ts'
import { isStillOwed } from './left-to-pay.ts'
import { callProvider, entryOf, isStill, paidFrom, payPayout, sumOf } from './send-payout.ts'

/** A payout that is requested or approved may have been redirected, or retried, after an attempt that has failed. */
export async function checkDecidedPayout(ctx: Ctx, payout: PayoutRow): Promise<void> {
  const { provider, status: known } = payout
  if (provider === 'manual' || known === 'sent') return
  const sent = await callProvider(ctx, payout, true)
  const reference = sent.reference ?? payout.reference
  if (known !== 'failed' && sent.status === 'unknown') await flagUnknown(ctx, payout, provider, sent.reason)
  else if (known === 'paid') await checkPaidPayout(ctx, payout, sent)
  else if (sent.status === 'succeeded') {
    if (known === 'cancelled') await payCancelled(ctx, payout, reference)
    else await payPayout(ctx, payout, ['requested', 'approved', 'failed'], reference)
  } else if (known === 'failed' && sent.status !== 'failed') await markUnderWay(ctx, payout)
}

/** A provider’s report about an earlier attempt proves nothing: a person must look at its statement. */
export const flagUnknown = (ctx: Ctx, payout: PayoutRow, provider: Provider, reason: string | null) =>
  withRetry(async () => {
    await ctx.db
      .update(payouts)
      .set({ attention: attentionText.contradiction(provider, reason), updatedAt: ctx.now })
      .where(isStill(payout, [payout.status]))
  })

/** The successor may be claimed or approved meanwhile. */
const MAX_TRIES = 5

/**
 * The money of a cancelled payout is gone after all. If its winner has won the same prize again by a correction, the money pays
 * that prize, and the two payouts change places. Otherwise the organisation bears the sum, and a person must see the payout.
 * One batch, so a crash books all or nothing; a repeat finds the payout paid. Race: the successor's own payout is sent at this
 * moment. Safe: each statement needs that it is not sent, and then the organisation bears the first payout.
 */
export async function payCancelled(ctx: Ctx, payout: PayoutRow, reference: string | null): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const successor = payout.kind === 'prize' ? await findSuccessor(ctx, payout) : null
    if (await bookCancelled(ctx, payout, reference, successor)) return
  }
  throw new Problem('conflict', 'Others are changing this payout.')
}

/** The same prize of the same user after a correction, if nobody has been paid for it: the winner's id. */
const successorOf = ({ subject }: PayoutRow): SQL => sql`
  SELECT successor.id FROM winners AS former
  JOIN winners AS successor ON successor.raffle_id = former.raffle_id AND successor.unit = former.unit
    AND successor.user_id = former.user_id AND successor.attempt > former.attempt
  WHERE former.id = ${subject} AND successor.status IN ('announced', 'claimed')
    AND NOT EXISTS (SELECT 1 FROM payouts AS theirs WHERE theirs.kind = 'prize' AND theirs.subject = successor.id
      AND theirs.status IN ('sent', 'paid'))`

async function findSuccessor(ctx: Ctx, payout: PayoutRow): Promise<string | null> {
  const [found] = await ctx.db.all<{ id: string }>(successorOf(payout))
  return found?.id ?? null
}

/** Whether it was booked, now or before; false if another one is the successor now. */
async function bookCancelled(
  ctx: Ctx,
  payout: PayoutRow,
  reference: string | null,
  successor: string | null,
): Promise<boolean> {
  const { id, kind, provider, organisationId } = payout
  const isCancelled = isStill(payout, ['cancelled'])
  const isSuccessor = kind === 'prize' ? sql`(${successorOf(payout)}) IS ${successor}` : sql`true`
  const isDue = sql`EXISTS (SELECT 1 FROM ${payouts} WHERE ${isCancelled} AND ${isSuccessor})`
  const transfer = {
    ...sumOf(payout),
    transactionId: `payout:${id}:paid`,
    debit: kind === 'prize' && successor === null ? account.organiser(organisationId) : paidFrom(payout),
    credit: tillOf(provider, organisationId),
  }
  const attention = successor === null ? attentionText.paidThoughCancelled(provider, reference) : null
  const book = [
    insertTransfers(ctx, [transfer], isDue),
    ctx.db
      .update(payouts)
      .set({
        status: 'paid',
        provider,
        reference,
        dueAt: null,
        attention,
        updatedAt: ctx.now,
        ...(successor === null ? {} : { subject: successor }),
      })
      .where(and(isCancelled, isSuccessor)),
    insertAudit(ctx, { ...entryOf(payout, 'payout.paid_though_cancelled'), actor: 'system' }),
  ] as const
  const isPaid = sql`EXISTS (SELECT 1 FROM payouts WHERE id = ${id} AND status = 'paid' AND subject = ${successor})`
  await withRetry(() =>
    ctx.db.batch(
      successor === null
        ? book
        : [
            // Subjects are unique, so the two payouts change theirs one after the other.
            ctx.db
              .update(payouts)
              .set({
                status: 'cancelled',
                subject: sql`${payouts.id}`,
                dueAt: null,
                attention: null,
                updatedAt: ctx.now,
              })
              .where(sql`${payouts.kind} = 'prize' AND ${payouts.subject} = ${successor} AND ${isDue}`),
            ...book,
            ctx.db
              .update(winners)
              .set({
                status: 'paid',
                claimedAt: sql`coalesce(${winners.claimedAt}, ${ctx.now})`,
                updatedAt: ctx.now,
              })
              .where(sql`${winners.id} = ${successor} AND ${isPaid}`),
            ctx.db
              .update(payouts)
              .set({ subject: payout.subject })
              .where(
                sql`${payouts.organisationId} = ${organisationId} AND ${payouts.kind} = 'prize'
                  AND ${payouts.subject} = ${payouts.id} AND ${isPaid}`,
              ),
            makeDueNow(ctx, payout.raffleId!),
          ],
    ),
  )
  const now = await ctx.db.select({ status: payouts.status }).from(payouts).where(eq(payouts.id, id)).get()
  return now?.status !== 'cancelled'
}

/** What came back in part is told to operators, because a payout is paid in whole or not at all. */
async function checkPaidPayout(ctx: Ctx, payout: PayoutRow, sent: Sent): Promise<void> {
  if (sent.isReturned) await takeBackPayout(ctx, payout, sent.reason)
  else if (sent.status === 'succeeded' && sent.reason !== null) {
    const flagged = { attention: sent.reason, updatedAt: ctx.now }
    await withRetry(() =>
      ctx.db
        .update(payouts)
        .set(flagged)
        .where(isStill(payout, ['paid'])),
    )
  }
}

/**
 * The provider took a paid payout back: it is owed again, and can be retried or redirected like a failed one. A prize that was
 * paid although it was cancelled is cancelled again. One that an earlier provider has paid too stays paid, and its
 * organisation, which bore the second payment, has its money back. Idempotent.
 */
async function takeBackPayout(ctx: Ctx, payout: PayoutRow, reason: string | null): Promise<void> {
  const { id, provider, attempt, kind, subject, raffleId } = payout
  const isPaid = isStill(payout, ['paid'])
  const second = secondPayment(ctx, payout)
  const isOwed = sql`(${payouts.kind} <> 'prize' OR EXISTS (
    SELECT 1 FROM winners WHERE winners.id = ${payouts.subject} AND winners.status = 'paid'))`
  // The account that paid it gets the money back.
  const reverse = ctx.db
    .insert(transfers)
    .select(sql`
      SELECT ${`payout:${id}:returned`}, part, credit, debit, currency, amount, order_id, raffle_id, ${ctx.now},
             organisation_id, provider
      FROM transfers WHERE transaction_id = ${`payout:${id}:paid`} AND part = ${attempt} AND NOT ${second.stays}
        AND EXISTS (SELECT 1 FROM ${payouts} WHERE ${isPaid})`)
    .onConflictDoNothing()
  const statements = [
    ctx.db
      .insert(transfers)
      .select(sql`${second.returned} AND EXISTS (SELECT 1 FROM ${payouts} WHERE ${isPaid})`)
      .onConflictDoNothing(),
    reverse,
    ctx.db
      .update(payouts)
      .set({
        status: sql`iif(${second.stays}, 'paid', iif(${isOwed}, 'failed', 'cancelled'))`,
        attention: sql`iif(${isOwed} AND NOT ${second.stays}, ${attentionText.failed(provider, reason)}, NULL)`,
        updatedAt: ctx.now,
      })
      .where(isPaid),
  ] as const
  const isBack = sql`EXISTS (SELECT 1 FROM ${payouts} WHERE ${payouts.id} = ${id} AND ${payouts.status} = 'failed')`
  const ofWinner = [
    ctx.db
      .update(winners)
      .set({ status: 'claimed', updatedAt: ctx.now })
      .where(and(eq(winners.id, subject), eq(winners.status, 'paid'), isBack)),
    makeDueNow(ctx, raffleId!),
  ] as const
  await withRetry(() => ctx.db.batch(kind === 'prize' ? [...statements, ...ofWinner] : statements))
}

/**
 * Another provider has paid it too. `returned`: the money of `payout` comes back in place of that second payment, which its
 * organisation bore. `stays`: whether the second payment stays with the receiver, also once `returned` is booked.
 */
function secondPayment(
  { now }: Ctx,
  { id, provider, organisationId }: PayoutRow,
): { returned: SQL; stays: SQL } {
  const back = `payout:${id}:again:returned`
  const till = tillOf(provider, organisationId)
  const isOpen = sql`again.transaction_id = ${`payout:${id}:again`} AND NOT EXISTS (
    SELECT 1 FROM transfers AS back WHERE back.transaction_id = ${back} AND back.part = again.part)`
  return {
    returned: sql`
      SELECT ${back}, part, ${till}, debit, currency, amount, order_id, raffle_id, ${now}, organisation_id, ${provider}
      FROM transfers AS again WHERE ${isOpen}`,
    stays: sql`(EXISTS (SELECT 1 FROM transfers AS again WHERE ${isOpen})
      OR EXISTS (SELECT 1 FROM transfers AS back WHERE back.transaction_id = ${back} AND back.debit = ${till}))`,
  }
}

/** A failed payout is under way after all: as `sent` it can be neither retried nor redirected. */
const markUnderWay = (ctx: Ctx, payout: PayoutRow) =>
  withRetry(() =>
    ctx.db
      .update(payouts)
      .set({ status: 'sent', dueAt: ctx.now + FIRST_POLL_MS, attention: null, updatedAt: ctx.now })
      .where(and(isStill(payout, ['failed']), isStillOwed)),
  )
