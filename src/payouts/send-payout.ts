/**
 * Sends an approved payout and follows it until the provider has decided. Written down as sent before the provider is
 * asked, under a key of its own; what is not known is asked again under that key, never sent under another.
 */

import { and, eq, gte, inArray, isNotNull, ne, type SQL, sql } from 'drizzle-orm'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { winners } from '../draws/schema.ts'
import { attemptKey } from '../money/attempt-key.ts'
import { attentionText, whyLate } from '../money/attention-text.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { FIRST_POLL_MS, POLLS_BEFORE_LATE, pauseAfterPoll } from '../money/poll-schedule.ts'
import { providerOf } from '../money/providers/index.ts'
import type { Sent } from '../money/providers/port.ts'
import { type PayoutRow, type PayoutStatus, payouts } from '../money/schema.ts'
import { makeDueNow } from '../raffles/schedule-sweep.ts'
import { isStillOwed } from './left-to-pay.ts'

/** Safe to repeat, and at the same time: the key makes it one payment. */
async function sendPayout(ctx: Ctx, payout: PayoutRow): Promise<void> {
  const going = await noteSending(ctx, payout)
  if (going === undefined) return
  await takeSent(ctx, going, await ask(ctx, going))
}

/** A failure is logged and the payout stays due: the next sweep retries, and flags it for a person once it is late. */
export async function trySending(ctx: Ctx, payout: PayoutRow): Promise<void> {
  try {
    await sendPayout(ctx, payout)
  } catch (error) {
    ctx.log.error('payout not sent', { payoutId: payout.id, error })
    await noteUnsent(ctx, payout).catch((error) =>
      ctx.log.error('payout not noted as unsent', { payoutId: payout.id, error }),
    )
  }
}

/** Asked again, it says how that one stands. */
function ask(ctx: Ctx, payout: PayoutRow): Promise<Sent> {
  const { provider, amount, currency, createdAt, destination } = payout
  const id = attemptKey(payout.id, payout.attempt)
  return providerOf(provider).payout(ctx, { id, amount, currency, createdAt, destination })
}

/**
 * From here on the winner cannot be disqualified; one who was is not paid. While the provider is asked nobody else says what
 * came of it: were it marked as failed meanwhile, it could be paid twice.
 */
async function noteSending(ctx: Ctx, { id, attempt, tries }: PayoutRow): Promise<PayoutRow | undefined> {
  const [going] = await withRetry(() =>
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
          inArray(payouts.status, ['approved', 'sent']),
          isStillOwed,
        ),
      )
      .returning(),
  )
  return going
}

async function takeSent(ctx: Ctx, payout: PayoutRow, sent: Sent): Promise<void> {
  const reference = sent.reference ?? payout.reference
  if (sent.status === 'succeeded') {
    await payPayout(ctx, payout, ['sent'], reference)
    return
  }
  await withRetry(() =>
    ctx.db
      .update(payouts)
      .set({ ...undecided(payout, sent), reference, updatedAt: ctx.now })
      .where(isStill(payout, ['sent'])),
  )
}

function undecided({ provider, tries }: PayoutRow, { status, reason }: Sent): Partial<PayoutRow> {
  if (status === 'failed') {
    return { status: 'failed', dueAt: null, attention: attentionText.failed(provider, reason) }
  }
  // Only a person knows: there is nothing to ask again.
  if (provider === 'manual') return { dueAt: null, attention: attentionText.payByHand }
  const isLate = tries >= POLLS_BEFORE_LATE
  return { attention: isLate || reason !== null ? whyLate({ provider }, status, reason) : null }
}

/** Its provider could not be asked, again and again: somebody is told, and it goes on being asked. */
const noteUnsent = (ctx: Ctx, payout: PayoutRow) =>
  ctx.db
    .update(payouts)
    .set({ attention: attentionText.cannotBeSent(payout.provider) })
    .where(and(isStill(payout, ['sent']), gte(payouts.tries, POLLS_BEFORE_LATE)))

/** Its provider was sent it and is silent: what came of it a person may say, as long as the provider is not being asked. */
const isUnconfirmed = and(ne(payouts.provider, 'manual'), isNotNull(payouts.attention))

export const entryOf = ({ id, organisationId }: PayoutRow, action: AuditAction): AuditEntry => ({
  action,
  subject: { kind: 'payout', id },
  organisationId,
})

/** By its provider, which has not said so; nothing happens unless it is silent. */
export const recordPayoutPaidByAdmin = (ctx: Ctx, payout: PayoutRow, reference: string): Promise<void> =>
  payPayout(ctx, payout, ['sent'], reference, {
    guard: isUnconfirmed,
    audited: entryOf(payout, 'payout.marked_paid'),
  })

/** By a person, outside. */
export const recordPayoutPaidByHand = (ctx: Ctx, payout: PayoutRow, reference: string): Promise<void> =>
  payPayout(ctx, payout, ['approved', 'sent'], reference, { audited: entryOf(payout, 'payout.marked_paid') })

/** Not by its provider, which has not said so; nothing happens unless it is silent. */
export const recordPayoutFailedByAdmin = (ctx: Ctx, payout: PayoutRow, reason: string) =>
  withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(payouts)
        .set({ status: 'failed', dueAt: null, attention: reason, updatedAt: ctx.now })
        .where(and(isStill(payout, ['sent']), isUnconfirmed)),
      insertAudit(ctx, entryOf(payout, 'payout.marked_failed')),
    ]),
  )

/** It has been paid: the ledger, the payout and its winner in one transaction; a repeat changes nothing. */
export async function payPayout(
  ctx: Ctx,
  payout: PayoutRow,
  from: PayoutStatus[],
  reference: string | null,
  { guard, audited }: { guard?: SQL; audited?: AuditEntry } = {},
): Promise<void> {
  const isPayable = and(isStill(payout, from), isStillOwed, guard)
  const transfer = {
    transactionId: `payout:${payout.id}:paid`,
    part: 0,
    debit: paidFrom(payout),
    credit: account.cash(payout.provider),
    currency: payout.currency,
    amount: payout.amount,
    ...(payout.raffleId === null ? {} : { raffleId: payout.raffleId }),
  }
  const isDue = sql`EXISTS (SELECT 1 FROM ${payouts} WHERE ${isPayable})`
  const statements = [
    insertTransfers(ctx, [transfer], isDue),
    ctx.db
      .update(payouts)
      .set({ status: 'paid', reference, dueAt: null, attention: null, updatedAt: ctx.now })
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

/** Of one that had failed its provider tells again: it may have been paid after all. */
export async function checkFailedPayout(ctx: Ctx, payout: PayoutRow): Promise<void> {
  if (payout.provider === 'manual' || payout.status !== 'failed') return
  const { status, reference } = await ask(ctx, payout)
  if (status === 'succeeded') await payPayout(ctx, payout, ['failed'], reference ?? payout.reference)
  else if (status !== 'failed') await isUnderWay(ctx, payout)
}

/** What had failed is on its way after all: nobody retries it or asks for it again meanwhile. */
const isUnderWay = (ctx: Ctx, payout: PayoutRow) =>
  withRetry(() =>
    ctx.db
      .update(payouts)
      .set({ status: 'sent', dueAt: ctx.now + FIRST_POLL_MS, attention: null, updatedAt: ctx.now })
      .where(and(isStill(payout, ['failed']), isStillOwed)),
  )

/** The account that owes it. */
function paidFrom({ kind, raffleId, organisationId }: PayoutRow): string {
  if (kind === 'prize') return account.prizes(raffleId!)
  return kind === 'organiser' ? account.organiser(organisationId) : account.shop(organisationId)
}

/** The payout is where it was read to be, at the same attempt. */
const isStill = ({ id, attempt }: PayoutRow, from: PayoutStatus[]): SQL =>
  and(eq(payouts.id, id), eq(payouts.attempt, attempt), inArray(payouts.status, from))!
