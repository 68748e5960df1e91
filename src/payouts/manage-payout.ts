/** What those who approve payouts do with one: approve it, cancel it, retry it after it failed, say what came of it. */

import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Money } from '../core/money.ts'
import { formatMoney } from '../core/money.ts'
import type { Settings } from '../core/settings.ts'
import { requireStatement } from '../money/require-statement.ts'
import { type PayoutRow, type PayoutStatus, payouts } from '../money/schema.ts'
import type { MarkPaid, Payout } from './contract.ts'
import { findPayoutFor, readPayout } from './find-payout.ts'
import { isStillOwed, leftForOrganiser, leftForShop, owesElsewhere } from './left-to-pay.ts'
import { presentPayout } from './present.ts'
import {
  entryOf,
  recordPayoutFailedByAdmin,
  recordPayoutPaidByAdmin,
  recordPayoutPaidByHand,
  trySending,
} from './send-payout.ts'

const byWhom = (settings: Settings): 'other' | 'any' =>
  settings.PAYOUT_APPROVAL ?? (settings.ENVIRONMENT === 'production' ? 'other' : 'any')

/** Sent at once; where that fails, by the sweep. */
export async function approvePayout(ctx: Ctx, id: string): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  const { userId } = requireUser(ctx)
  if (byWhom(ctx.settings) === 'other' && payout.requestedBy === userId) {
    throw new Problem('forbidden', 'Somebody else than who asked for a payout approves it.')
  }
  return release(ctx, payout, 'requested', { approvedBy: userId }, 'approved')
}

/** Under another key at the provider, as it said that the one before had failed. The same Idempotency-Key is one retry. */
export async function retryPayout(ctx: Ctx, id: string, key: string): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  const retryKey = `${requireUser(ctx).userId}:${key}`
  if (payout.retryKey === retryKey) return presentPayout(payout)
  const again = { retryKey, attempt: payout.attempt + 1, tries: 0 }
  return release(ctx, payout, 'failed', again, 'retried')
}

/** On its way, guarded: of two at a time one takes effect, and none for a winner who was disqualified. */
async function release(
  ctx: Ctx,
  payout: PayoutRow,
  from: PayoutStatus,
  change: Partial<PayoutRow>,
  what: 'approved' | 'retried',
): Promise<Payout> {
  // By all that is on its way already, too; one that is asked for only can wait.
  const cover = COVERS[payout.kind]?.(payout, ['approved', 'sent'])
  const [[released]] = await ctx.db.batch([
    ctx.db
      .update(payouts)
      .set({ ...change, status: 'approved', dueAt: ctx.now, attention: null, updatedAt: ctx.now })
      .where(and(isAt(payout, from), isStillOwed, cover && sql`${cover.left} >= ${payout.amount}`))
      .returning(),
    insertAudit(ctx, entryOf(payout, `payout.${what}`)),
  ])
  if (released === undefined) {
    const now = (await readPayout(ctx, payout.id))!
    // The same retry got there first.
    if (change.retryKey !== undefined && now.retryKey === change.retryKey) return presentPayout(now)
    if (now.status === from && cover !== undefined) {
      const { left } = await ctx.db.get<{ left: number }>(sql`SELECT ${cover.left} AS left`)
      const missing = payout.amount - left
      if (missing > 0) throw cover.why({ amount: missing, currency: payout.currency })
    }
    throw new Problem(
      'invalid_state',
      `Only a payout that is ${from} can be ${what}; this one is ${now.status}.`,
    )
  }
  await trySending(ctx, released)
  return presentPayout((await readPayout(ctx, payout.id))!)
}

interface Cover {
  left: SQL
  why: (missing: Money) => Problem
}

/** What an organisation's own payouts are paid from; a prize is owed whatever is there. */
const COVERS: Partial<Record<PayoutRow['kind'], (payout: PayoutRow, statuses: PayoutStatus[]) => Cover>> = {
  organiser: (payout, statuses) => ({ left: leftForOrganiser(payout, statuses), why: owesElsewhere }),
  shop: (payout, statuses) => ({ left: leftForShop(payout, statuses), why: isRefunded }),
}

const isRefunded = (missing: Money): Problem =>
  new Problem(
    'invalid_state',
    `The shop has ${formatMoney(missing)} less than this: it was refunded since, or is being paid out already. Cancel this payout and ask for what is left.`,
  )

const isAt = ({ id, attempt }: PayoutRow, status: PayoutStatus): SQL =>
  and(eq(payouts.id, id), eq(payouts.attempt, attempt), eq(payouts.status, status))!

/**
 * An organisation's payout that is not to be made, to a wrong account say: the money can be asked for again. A prize is
 * its winner's, who may say where else to send it.
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
      // It does not stand for its raffle any longer.
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

/** An operator has paid it outside; or an administrator has read in its silent provider's statement that it was paid. */
export async function markPaid(ctx: Ctx, id: string, { reference }: MarkPaid): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  if (isUnconfirmed(payout)) {
    await requireStatement(ctx, payout.provider)
    await recordPayoutPaidByAdmin(ctx, payout, reference)
  } else if (payout.provider === 'manual') await recordPayoutPaidByHand(ctx, payout, reference)
  const now = (await readPayout(ctx, id))!
  if (now.status === 'paid' && now.reference === reference) return presentPayout(now)
  throw new Problem(
    'invalid_state',
    now.provider === 'manual' || now.status === 'paid'
      ? `Only a payout that is approved can be marked as paid; this one is ${now.status}.`
      : `This payout is made by ${now.provider}, not by hand, as long as that tells of it.`,
  )
}

/** By `reason` its silent provider has not paid it: it can be retried or corrected, as where that had said so itself. */
export async function markFailed(ctx: Ctx, id: string, reason: string): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  await requireStatement(ctx, payout.provider)
  if (isUnconfirmed(payout)) await recordPayoutFailedByAdmin(ctx, payout, reason)
  const now = (await readPayout(ctx, id))!
  if (now.status === 'failed' && now.attention === reason) return presentPayout(now)
  throw new Problem(
    'invalid_state',
    `Only a payout that was sent, and of which its provider does not say what became, can be marked as failed; this one is ${now.status}.`,
  )
}

const isUnconfirmed = ({ provider, status, attention }: PayoutRow): boolean =>
  provider !== 'manual' && status === 'sent' && attention !== null
