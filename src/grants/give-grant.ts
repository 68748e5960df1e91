/** A shop grants the entries that one of its orders has earned: once per order, whatever the Idempotency-Key. */
import { createHash } from 'node:crypto'
import { requireApproval } from '../accounts/priced-sales.ts'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import type { GiveGrant, Grant } from './contract.ts'
import { findGrant, findRaffleForKey } from './find-grant.ts'
import { finishGrant } from './finish-grant.ts'
import { isActiveUser } from './owner.ts'
import { presentGrant } from './present.ts'
import { type GrantRow, grants } from './schema.ts'

export async function giveGrant(
  ctx: Ctx,
  raffleId: string,
  input: GiveGrant,
  clientKey: string,
): Promise<Grant> {
  const raffle = await findRaffleForKey(ctx, raffleId)
  if (raffle.status === 'draft') throw new Problem('invalid_state', 'This raffle is not published yet.')
  if (raffle.entry !== 'order') {
    throw new Problem('invalid_state', 'Entries to this raffle are not earned by orders.')
  }
  if (raffle.earning?.per === 'admission') {
    throw new Problem('invalid_state', 'Entries to this raffle are earned by admissions to an event.')
  }
  await requireApproval(ctx, raffle.organisationId)
  const { orderRef, email, userId } = input
  const { amount, currency } = input.amount
  if (currency !== raffle.priceCurrency) {
    throw invalid('amount.currency', `must be ${raffle.priceCurrency}, the raffle’s currency`)
  }
  const key = { raffleId, orderRef }
  // A repeat returns the same grant, even if its user was suspended or deleted since.
  if (userId !== undefined && (await findGrant(ctx, key)) === undefined) await requireActiveUser(ctx, userId)
  const emailHash = email === undefined ? null : hashOf(email)
  await withRetry(() =>
    ctx.db
      .insert(grants)
      .values({
        raffleId,
        orderRef,
        organisationId: raffle.organisationId,
        userId: userId ?? null,
        emailHash,
        email: email ?? null,
        amount,
        key: `${ctx.apiKey!.id}:${clientKey}`,
        dueAt: ctx.now,
        createdAt: ctx.now,
        updatedAt: ctx.now,
      })
      .onConflictDoNothing(),
  )
  const grant = await findGrant(ctx, key)
  if (grant === undefined) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another order’s grant.')
  }
  // A grant to an address has a user too, once its owner has taken it over.
  const isSame = grant.emailHash === emailHash && (emailHash !== null || grant.userId === userId)
  if (!isSame || grant.amount !== amount) {
    throw new Problem('conflict', 'This order already has a grant, for another person or another amount.')
  }
  return presentGrant(await finishNow(ctx, grant), raffle)
}

/** If this fails, the sweep finishes the grant. */
async function finishNow(ctx: Ctx, grant: GrantRow): Promise<GrantRow> {
  try {
    return await finishGrant(ctx, grant)
  } catch (error) {
    ctx.log.error('grant not finished yet', { raffleId: grant.raffleId, error })
    return grant
  }
}

async function requireActiveUser(ctx: Ctx, userId: string): Promise<void> {
  const user = await ctx.db.select({ id: users.id }).from(users).where(isActiveUser(userId)).get()
  if (user === undefined) throw invalid('userId', 'there is no such user')
}

const hashOf = (email: string): string => createHash('sha256').update(email).digest('base64url')
