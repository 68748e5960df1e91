/** Manages a payout, for members who approve payouts: approve, cancel, retry after a failure, record the outcome. */

import { and, eq, inArray, ne, or, type SQL, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import { requireSecondPerson } from '../accounts/second-person.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Money } from '../core/money.ts'
import { formatMoney } from '../core/money.ts'
import type { Settings } from '../core/settings.ts'
import { toInstant } from '../core/time.ts'
import { requireNoOpenCorrection } from '../draws/open-correction.ts'
import { readReview, reviewText } from '../draws/under-review.ts'
import { attentionText } from '../money/attention-text.ts'
import { dueOncePayable, isNotStopped } from '../money/payout-rows.ts'
import { requireStatement } from '../money/require-statement.ts'
import { type PayoutRow, type PayoutStatus, payouts } from '../money/schema.ts'
import { isUnconfirmed } from '../money/unconfirmed.ts'
import { keptBack } from '../raffles/guarantee.ts'
import type { Claim } from '../raffles/held-for.ts'
import { leftForOrganiser } from '../raffles/organiser-balance.ts'
import type { ApprovePayout, MarkPaid, Payout } from './contract.ts'
import { findPayoutFor, readPayout } from './find-payout.ts'
import { requireOtherThanSetUp } from './first-to-account.ts'
import { isNotUnderReview, leftForShop, mayStillBePaid, owesElsewhere } from './left-to-pay.ts'
import { presentPayout } from './present.ts'
import { isHeldFor, requireHeld } from './require-held.ts'
import {
  entryOf,
  recordPayoutFailedByAdmin,
  recordPayoutPaidByAdmin,
  recordPayoutPaidByHand,
  trySending,
} from './send-payout.ts'

const WORDS = {
  did: 'requested this payout',
  first: 'The requester of this payout',
  finish: 'approve it',
  always: 'approve payouts',
}

const approverOf = (settings: Settings): 'other' | 'any' =>
  settings.PAYOUT_APPROVAL ?? (settings.ENVIRONMENT === 'production' ? 'other' : 'any')

/**
 * Sends it at once; if that fails, the sweep sends it. Race: its winner may redirect it after the approver has seen it. Safe:
 * the approver names the version that it saw.
 */
export async function approvePayout(
  ctx: Ctx,
  id: string,
  { updatedAt }: ApprovePayout = {},
): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  const { userId } = requireUser(ctx)
  let isSameBank: SQL | undefined
  if (approverOf(ctx.settings) === 'other') {
    const { organisationId, requestedBy: firstId } = payout
    await requireSecondPerson(ctx, { organisationId, firstId, words: WORDS })
    isSameBank = await requireOtherThanSetUp(ctx, payout)
  }
  const seenAt = updatedAt === undefined ? undefined : Date.parse(updatedAt)
  return release(ctx, payout, 'requested', { approvedBy: userId }, 'approved', { seenAt, isSameBank })
}

/** Retries under a new key at the provider, because the last attempt failed there. The same Idempotency-Key is one retry. */
export async function retryPayout(ctx: Ctx, id: string, key: string): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  const retryKey = `${requireUser(ctx).userId}:${key}`
  if (payout.retryKey === retryKey) return presentPayout(payout)
  const isSameBank =
    approverOf(ctx.settings) === 'other' ? await requireOtherThanSetUp(ctx, payout) : undefined
  const change = { retryKey, attempt: payout.attempt + 1, tries: 0 }
  return release(ctx, payout, 'failed', change, 'retried', { isSameBank })
}

/**
 * Releases a payout for sending. Guarded: of two concurrent calls one takes effect, and none if the winner was disqualified
 * or is under review.
 */
async function release(
  ctx: Ctx,
  payout: PayoutRow,
  from: PayoutStatus,
  change: Partial<PayoutRow>,
  what: 'approved' | 'retried',
  { seenAt, isSameBank }: { seenAt?: number | undefined; isSameBank?: SQL | undefined },
): Promise<Payout> {
  // The balance must also cover all payouts that are under way; those only requested can wait.
  const cover = COVERS[payout.kind]?.(payout, ['approved', 'sent'])
  const [[released]] = await ctx.db.batch([
    ctx.db
      .update(payouts)
      .set({
        ...change,
        status: 'approved',
        dueAt: dueOncePayable(ctx),
        attention: null,
        // Only a prize waits for its winner. An organisation's payout was stopped so that a person looks at its bank.
        stoppedAt: null,
        updatedAt: ctx.now,
      })
      .where(
        and(
          isAt(payout, from),
          seenAt === undefined ? undefined : eq(payouts.updatedAt, seenAt),
          or(isNotStopped, ne(payouts.kind, 'prize')),
          isSameBank,
          mayStillBePaid,
          isNotUnderReview(ctx),
          cover && sql`${cover.left} >= ${payout.amount}`,
          isHeldFor(claimOf(payout), payout.amount),
        ),
      )
      .returning(),
    insertAudit(ctx, entryOf(payout, `payout.${what}`)),
  ])
  if (released === undefined) {
    const now = (await readPayout(ctx, payout.id))!
    // A concurrent repeat of this retry has already taken effect.
    if (change.retryKey !== undefined && now.retryKey === change.retryKey) return presentPayout(now)
    if (now.status === from && seenAt !== undefined && now.updatedAt !== seenAt) {
      throw new Problem('conflict', 'This payout has changed since you saw it: read it again.')
    }
    if (now.status === from && now.stoppedAt !== null && now.kind === 'prize')
      throw new Problem('invalid_state', attentionText.stopped)
    if (now.status === from) await requireNoReview(ctx, now)
    if (now.status === from && now.kind === 'prize') await requireNoOpenCorrection(ctx, now.subject)
    if (now.status === from && cover !== undefined) {
      const { left } = await ctx.db.get<{ left: number }>(sql`SELECT ${cover.left} AS left`)
      const missing = payout.amount - left
      if (missing > 0) throw cover.why({ amount: missing, currency: payout.currency })
    }
    if (now.status === from && now.attempt === payout.attempt) await requireHeld(ctx, claimOf(payout), payout)
    if (now.status === from && isSameBank !== undefined) {
      throw new Problem('conflict', 'This payout has changed since you saw it: read it again.')
    }
    throw new Problem(
      'invalid_state',
      `Only a payout that is ${from} can be ${what}; this one is ${now.status}.`,
    )
  }
  await trySending(ctx, released)
  return presentPayout((await readPayout(ctx, payout.id))!)
}

/** Throws if a refused payout waits for the review of its winner. */
async function requireNoReview(ctx: Ctx, { kind, subject }: PayoutRow): Promise<void> {
  const review = kind === 'prize' ? await readReview(ctx, subject) : undefined
  if (review?.until != null) throw new Problem('invalid_state', reviewText.toMember(review.until))
}

const claimOf = ({ id: payoutId, ...claim }: PayoutRow): Claim => ({ ...claim, payoutId })

interface Cover {
  left: SQL
  why: (missing: Money) => Problem
}

/** The balance that must cover an organisation's payout; a prize is owed whatever the balance. */
const COVERS: Partial<Record<PayoutRow['kind'], (payout: PayoutRow, statuses: PayoutStatus[]) => Cover>> = {
  organiser: (payout, statuses) => ({
    left: sql`(${leftForOrganiser(payout, statuses)} - ${keptBack(payout)})`,
    why: owesElsewhere,
  }),
  shop: (payout, statuses) => ({ left: leftForShop(payout, statuses), why: shopLacks }),
}

const shopLacks = (missing: Money): Problem =>
  new Problem(
    'invalid_state',
    `The shop has ${formatMoney(missing)} less than this: that sum was refunded since, or is already being paid out. Cancel this payout and request the rest.`,
  )

const isAt = ({ id, attempt }: PayoutRow, status: PayoutStatus): SQL =>
  and(eq(payouts.id, id), eq(payouts.attempt, attempt), eq(payouts.status, status))!

/**
 * Cancels an organisation's payout, for example one to a wrong account: the money can be requested again. A prize belongs
 * to its winner, who can redirect it with another claim.
 */
export async function cancelPayout(ctx: Ctx, id: string): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  if (payout.kind === 'prize') {
    throw new Problem(
      'invalid_state',
      'A prize is paid to its winner, who may claim it again with another payout method.',
    )
  }
  await ctx.db.batch([
    ctx.db
      .update(payouts)
      // The subject is unique: free the raffle's place for a new request.
      .set({ status: 'cancelled', subject: id, dueAt: null, attention: null, updatedAt: ctx.now })
      .where(
        and(
          eq(payouts.id, id),
          eq(payouts.attempt, payout.attempt),
          inArray(payouts.status, ['requested', 'failed']),
        ),
      ),
    insertAudit(ctx, entryOf(payout, 'payout.cancelled')),
  ])
  const now = (await readPayout(ctx, id))!
  if (now.status === 'cancelled') return presentPayout(now)
  throw new Problem(
    'invalid_state',
    `Only a payout that is requested or failed can be cancelled; this one is ${now.status}.`,
  )
}

/** Records a payment by hand, or a payment that an administrator found in the statement of a silent provider. */
export async function markPaid(ctx: Ctx, id: string, { reference }: MarkPaid): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  if (isUnconfirmed(payout)) {
    await requireStatement(ctx, payout.provider)
    await recordPayoutPaidByAdmin(ctx, payout, reference)
  } else if (payout.provider === 'manual') await recordPayoutPaidByHand(ctx, payout, reference)
  const now = (await readPayout(ctx, id))!
  if (now.status === 'paid' && now.reference === reference) return presentPayout(now)
  if (now.status === 'requested' && now.stoppedAt !== null) {
    throw new Problem('invalid_state', attentionText.stopped)
  }
  if (now.status === 'approved') await requireNoReview(ctx, now)
  if (now.status !== 'paid' && now.kind === 'prize') await requireNoOpenCorrection(ctx, now.subject)
  if (now.status === 'approved' && (now.payableFrom ?? 0) > ctx.now) {
    const from = toInstant(now.payableFrom!)
    throw new Problem('invalid_state', `Its payout method is new: nothing may be paid there before ${from}.`)
  }
  throw new Problem(
    'invalid_state',
    now.provider === 'manual' || now.status === 'paid'
      ? `Only a payout that is approved can be marked as paid; this one is ${now.status}.`
      : `This payout is made by ${now.provider}. It can be marked as paid only if ${now.provider} does not report the outcome.`,
  )
}

/** Records that a silent provider has not paid it. Then it can be retried or redirected, like any failed payout. */
export async function markFailed(ctx: Ctx, id: string, reason: string): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  await requireStatement(ctx, payout.provider)
  if (isUnconfirmed(payout)) await recordPayoutFailedByAdmin(ctx, payout, reason)
  const now = (await readPayout(ctx, id))!
  if (now.status === 'failed' && now.attention === reason) return presentPayout(now)
  throw new Problem(
    'invalid_state',
    `Only a payout that was sent and whose provider does not report the outcome can be marked as failed; this one is ${now.status}.`,
  )
}
