/** What those who approve payouts do with one: approve it, cancel it, retry it after it failed, note that it was paid by hand. */
import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Settings } from '../core/settings.ts'
import { findPayoutFor, readPayout } from './find-payout.ts'
import type { MarkPaid, Payout } from './payout-contract.ts'
import { isStillOwed, leftForOrganiser, owesElsewhere } from './payout-rows.ts'
import { presentPayout } from './present-payout.ts'
import { type PayoutRow, type PayoutStatus, payouts } from './schema.ts'
import { payPayout } from './send-payout.ts'
import { trySending } from './sweep-payouts.ts'

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
  what: string,
): Promise<Payout> {
  // By all that is on its way already, too; one that is asked for only can wait.
  const left = leftForOrganiser(payout, ['approved', 'sent'])
  const isCovered = payout.kind === 'organiser' ? sql`${left} >= ${payout.amount}` : undefined
  const [released] = await ctx.db
    .update(payouts)
    .set({ ...change, status: 'approved', dueAt: ctx.now, attention: null, updatedAt: ctx.now })
    .where(and(isAt(payout, from), isStillOwed, isCovered))
    .returning()
  if (released === undefined) {
    const now = (await readPayout(ctx, payout.id))!
    // The same retry got there first.
    if (change.retryKey !== undefined && now.retryKey === change.retryKey) return presentPayout(now)
    if (now.status === from && payout.kind === 'organiser') {
      const { covered } = await ctx.db.get<{ covered: number }>(sql`SELECT ${left} AS covered`)
      const missing = payout.amount - covered
      if (missing > 0) throw owesElsewhere({ amount: missing, currency: payout.currency })
    }
    throw new Problem(
      'invalid_state',
      `Only a payout that is ${from} can be ${what}; this one is ${now.status}.`,
    )
  }
  await trySending(ctx, released)
  return presentPayout((await readPayout(ctx, payout.id))!)
}

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
  await ctx.db
    .update(payouts)
    // It does not stand for its raffle any longer.
    .set({ status: 'cancelled', subject: id, dueAt: null, attention: null, updatedAt: ctx.now })
    .where(
      and(
        eq(payouts.id, id),
        eq(payouts.attempt, payout.attempt),
        inArray(payouts.status, ['requested', 'failed']),
      ),
    )
  const now = (await readPayout(ctx, id))!
  if (now.status === 'cancelled') return presentPayout(now)
  throw new Problem(
    'invalid_state',
    `Only a payout that is requested or failed can be cancelled; this one is ${now.status}.`,
  )
}

/** An operator has paid it outside, and says by what it can be found. */
export async function markPaid(ctx: Ctx, id: string, { reference }: MarkPaid): Promise<Payout> {
  const payout = await findPayoutFor(ctx, id, 'payouts:approve')
  if (payout.provider !== 'manual') {
    throw new Problem('invalid_state', `This payout is made by ${payout.provider}, not by hand.`)
  }
  await payPayout(ctx, payout, ['approved', 'sent'], reference)
  const now = (await readPayout(ctx, id))!
  if (now.status !== 'paid' || now.reference !== reference) {
    throw new Problem(
      'invalid_state',
      `Only a payout that is approved can be marked as paid; this one is ${now.status}.`,
    )
  }
  return presentPayout(now)
}
