/**
 * Provider events about payouts that were redirected to another provider since. An earlier attempt may have gone through
 * after all. Then the money is gone: it is booked, and the prize is not paid again if that can be helped.
 */
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { attentionText } from '../money/attention-text.ts'
import { account, insertTransfers, tillOf } from '../money/ledger.ts'
import { Provider } from '../money/provider-name.ts'
import { type PayoutRow, payouts, transfers } from '../money/schema.ts'
import { flagUnknown, payCancelled } from './decided-payouts.ts'
import { readPayout } from './find-payout.ts'
import { callProvider, entryOf, isStill, payPayout, sumOf } from './send-payout.ts'

/** A person or the sweep may change the payout meanwhile. */
const MAX_TRIES = 5

/** Longer than a call to a provider takes. */
const CALL_MS = MINUTE_MS

/** Throws while the payout is with its present provider, so that the event is repeated until that has decided. */
export async function checkRedirectedPayout(ctx: Ctx, payout: PayoutRow, former: Provider): Promise<void> {
  const sent = await callProvider(ctx, { ...payout, provider: former }, true)
  if (sent.isReturned) return takeBackSecond(ctx, payout, former)
  if (sent.status === 'unknown') {
    if (isWithProvider(payout)) throw isWithBoth(former, payout)
    return flagUnknown(ctx, payout, former, sent.reason)
  }
  if (sent.status !== 'succeeded') return
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const now = (await readPayout(ctx, payout.id))!
    if (await bookFormer(ctx, now, former, sent.reference)) return
  }
  throw new Problem('conflict', 'Others are changing this payout.')
}

const isWithProvider = ({ status, provider }: PayoutRow): boolean =>
  status === 'sent' && provider !== 'manual'

const isWithBoth = (former: Provider, { provider }: PayoutRow) =>
  new Problem('unavailable', `${former} may have paid this payout, and it is with ${provider} now.`, {
    retryAfterSeconds: CALL_MS / SECOND_MS,
  })

/** Whether it was booked, now or before; false if the payout has changed since it was read. */
async function bookFormer(
  ctx: Ctx,
  payout: PayoutRow,
  former: Provider,
  reference: string | null,
): Promise<boolean> {
  const { provider, status } = payout
  if (status === 'paid') {
    if (provider !== former) await bookSecond(ctx, payout, former, reference)
    return true
  }
  if (status === 'cancelled') {
    await payCancelled(ctx, { ...payout, provider: former }, reference)
    return true
  }
  if (isWithProvider(payout)) {
    if (provider !== former) await stopSending(ctx, payout)
    throw isWithBoth(former, payout)
  }
  // A person who pays by hand may have begun.
  const isWithPerson = provider === 'manual' && (status === 'approved' || status === 'sent')
  await payPayout(ctx, { ...payout, provider: former }, [status], reference, {
    guard: eq(payouts.provider, provider),
    change: {
      attention: isWithPerson ? attentionText.paidBefore(former, reference) : null,
      // Its destination is not the one that was paid. If the money comes back, only another claim sends it again.
      stoppedAt: ctx.now,
    },
  })
  const now = await readPayout(ctx, payout.id)
  return now?.status === 'paid' && now.provider === former
}

/**
 * From now on its present provider is only polled. Race: a call that sends it may be under way. Safe: the next poll waits
 * until that has ended; and what it sends is reported by an event of that provider, and booked then.
 */
const stopSending = (ctx: Ctx, payout: PayoutRow) =>
  withRetry(() =>
    ctx.db
      .update(payouts)
      .set({ stoppedAt: ctx.now, dueAt: Date.now() + CALL_MS })
      .where(
        and(isStill(payout, ['sent']), eq(payouts.provider, payout.provider), isNull(payouts.stoppedAt)),
      ),
  )

/** The transfers of a second payment: one part for each provider. */
const secondOf = ({ id }: PayoutRow, former: Provider) => ({
  transactionId: `payout:${id}:again`,
  part: Provider.options.indexOf(former),
})

const isBooked = ({ transactionId, part }: ReturnType<typeof secondOf>): SQL =>
  sql`EXISTS (SELECT 1 FROM transfers WHERE transaction_id = ${transactionId} AND part = ${part})`

/** Two providers have paid the prize. Its organisation bears the second payment, and a person must see it. Once. */
async function bookSecond(
  ctx: Ctx,
  payout: PayoutRow,
  former: Provider,
  reference: string | null,
): Promise<void> {
  const { organisationId } = payout
  const second = secondOf(payout, former)
  const isNew = and(isStill(payout, ['paid']), sql`NOT ${isBooked(second)}`)
  const transfer = {
    ...sumOf({ ...payout, provider: former }),
    ...second,
    debit: account.organiser(organisationId),
    credit: tillOf(former, organisationId),
  }
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(payouts)
        .set({ attention: attentionText.paidTwice(former, reference), updatedAt: ctx.now })
        .where(isNew),
      insertAudit(ctx, { ...entryOf(payout, 'payout.paid_twice'), actor: 'system' }),
      insertTransfers(ctx, [transfer], sql`EXISTS (SELECT 1 FROM ${payouts} WHERE ${isNew})`),
    ]),
  )
}

/**
 * The second payment came back: its organisation has the money again. If the first one came back before, nobody has been
 * paid, and a person must see it. Idempotent.
 */
async function takeBackSecond(ctx: Ctx, payout: PayoutRow, former: Provider): Promise<void> {
  const { transactionId, part } = secondOf(payout, former)
  const isFirstBack = sql`EXISTS (SELECT 1 FROM transfers WHERE transaction_id = ${`${transactionId}:returned`}
    AND part = ${part} AND debit <> ${tillOf(former, payout.organisationId)})`
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(payouts)
        .set({ attention: attentionText.contradiction(former, null), updatedAt: ctx.now })
        .where(and(isStill(payout, ['paid']), isFirstBack)),
      ctx.db
        .insert(transfers)
        .select(sql`
        SELECT ${`${transactionId}:returned`}, part, credit, debit, currency, amount, order_id, raffle_id, ${ctx.now},
               organisation_id, provider
        FROM transfers WHERE transaction_id = ${transactionId} AND part = ${part}`)
        .onConflictDoNothing(),
    ]),
  )
}
