/**
 * Sends an approved payout and follows it until the provider has decided. Written down as sent before the provider is
 * asked, under a key of its own; what is not known is asked again under that key, never sent under another.
 */

import { and, eq, gte, inArray, isNotNull, ne, type SQL, sql } from 'drizzle-orm'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { winners } from '../draws/schema.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { providerOf } from '../money/providers/index.ts'
import type { Sent } from '../money/providers/port.ts'
import { type PayoutRow, type PayoutStatus, payouts } from '../money/schema.ts'
import { makeDueNow } from '../raffles/schedule-sweep.ts'
import { isStillOwed } from './left-to-pay.ts'

/** How long after each time the provider is asked again; the last one for ever. */
const PAUSES_MS = [
  20 * SECOND_MS,
  40 * SECOND_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  60 * MINUTE_MS,
] as const

/** The provider's key: another one only where it said that the one before had failed. */
export const keyOfPayout = ({ id, attempt }: Pick<PayoutRow, 'id' | 'attempt'>): string =>
  attempt === 0 ? id : `${id}_${attempt}`

/** Safe to repeat, and at the same time: the key makes it one payment. */
export async function sendPayout(ctx: Ctx, payout: PayoutRow): Promise<void> {
  const going = await noteSending(ctx, payout)
  if (going === undefined) return
  await takeSent(ctx, going, await ask(ctx, going))
}

/** Asked again, it says how that one stands. */
function ask(ctx: Ctx, payout: PayoutRow): Promise<Sent> {
  const { provider, amount, currency, createdAt, destination } = payout
  const id = keyOfPayout(payout)
  return providerOf(provider).payout(ctx, { id, amount, currency, createdAt, destination })
}

/**
 * From here on the winner cannot be disqualified; one who was is not paid. While the provider is asked nobody else says what
 * came of it: were it marked as failed meanwhile, it could be paid twice.
 */
async function noteSending(ctx: Ctx, { id, attempt, tries }: PayoutRow): Promise<PayoutRow | undefined> {
  const pause = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]!
  const [going] = await withRetry(() =>
    ctx.db
      .update(payouts)
      .set({
        status: 'sent',
        tries: tries + 1,
        dueAt: ctx.now + pause,
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
    return { status: 'failed', dueAt: null, attention: reason ?? 'the provider could not pay it' }
  }
  // Only a person knows: there is nothing to ask again.
  if (provider === 'manual') return { dueAt: null, attention: 'to be paid by hand' }
  const isLate = tries >= PAUSES_MS.length
  return { attention: reason ?? (isLate ? 'the provider has not said whether it is paid' : null) }
}

/** Its provider could not be asked, again and again: somebody is told, and it goes on being asked. */
export const noteUnsent = (ctx: Ctx, payout: PayoutRow) =>
  ctx.db
    .update(payouts)
    .set({ attention: `${payout.provider} cannot be asked to pay it; that is tried again.` })
    .where(and(isStill(payout, ['sent']), gte(payouts.tries, PAUSES_MS.length)))

/** Its provider was sent it and is silent: what came of it a person may say, as long as the provider is not being asked. */
const isSilent = and(ne(payouts.provider, 'manual'), isNotNull(payouts.attention))

export const entryOf = ({ id, organisationId }: PayoutRow, action: AuditAction): AuditEntry => ({
  action,
  subject: { kind: 'payout', id },
  organisationId,
})

/** By its provider, which has not said so; nothing happens unless it is silent. */
export const recordPayoutPaidByAdmin = (ctx: Ctx, payout: PayoutRow, reference: string): Promise<void> =>
  payPayout(ctx, payout, ['sent'], reference, {
    guard: isSilent,
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
        .where(and(isStill(payout, ['sent']), isSilent)),
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
      .set({ status: 'sent', dueAt: ctx.now + PAUSES_MS[0], attention: null, updatedAt: ctx.now })
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
