/**
 * Finishes a grant as far as possible. First the row records the owner and the number of entries. Then the pool
 * reserves them under the grant's own key, so that a repeat after a crash finds the same tickets. Then the row records
 * the reservation.
 */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { toInstant } from '../core/time.ts'
import { entriesOf, isOncePerPerson } from '../raffles/earning.ts'
import { type FoundRaffle, findRaffle } from '../raffles/find-raffle.ts'
import { statusAt } from '../raffles/life-cycle.ts'
import { lifeFacts } from '../raffles/present.ts'
import { voidTickets } from '../tickets/void-tickets.ts'
import { reserveEntries } from './entries.ts'
import { findGrant, type GrantKey, isGrant, logNameOf } from './find-grant.ts'
import { ownerOf } from './owner.ts'
import { type GrantRow, grants } from './schema.ts'
import { settleRevocation } from './settle-revocation.ts'

const REASONS = {
  nobody: 'It had no owner before sales closed.',
  unproved: 'It had no owner with a proved e-mail address before sales closed.',
  late: (closedAt: number) => `Sales closed at ${toInstant(closedAt)}.`,
  cancelled: 'This raffle was cancelled.',
  little: 'The order is too small to earn an entry.',
  once: 'An earlier order of this person has earned an entry, and the rules let each person earn once.',
} as const

/** Does everything that is due for a grant now. Idempotent, and safe to run concurrently. */
export async function finishGrant(ctx: Ctx, key: GrantKey): Promise<GrantRow> {
  const grant = await mustFind(ctx, key)
  const found = await findRaffle(ctx, key.raffleId)
  const { raffle } = found
  if (grant.revokeAskedAt !== null) await settleRevocation(ctx, raffle, grant)
  else if (grant.status === 'waiting') await grantEntries(ctx, found, grant)
  const now = await mustFind(ctx, key)
  // Race: a revocation may have arrived since the read. If so, settle it now.
  if (now.revokeAskedAt === null || now.revokeAskedAt === grant.revokeAskedAt) return now
  await settleRevocation(ctx, raffle, now)
  return mustFind(ctx, key)
}

async function grantEntries(ctx: Ctx, found: FoundRaffle, grant: GrantRow): Promise<void> {
  const { raffle } = found
  const userId = await ownerOf(ctx, raffle, grant)
  if (userId === null) return waitForOwner(ctx, found, grant)
  const entries = raffle.earning === null ? 0 : entriesOf(raffle.earning, grant.amount)
  if (entries === 0) return refuse(ctx, grant, REASONS.little)
  const once = isOncePerPerson(raffle.earning) ? userId : null
  const claimed = await claimForOwner(ctx, grant, { userId, entries, once })
  if (claimed === undefined) {
    const present = await mustFind(ctx, grant)
    // If it was neither revoked nor finished meanwhile, another order of this person came first.
    if (present.status === 'waiting' && present.revokeAskedAt === null) await refuse(ctx, grant, REASONS.once)
    return
  }
  const outcome = await reserveEntries(ctx, raffle, claimed)
  if (!outcome.ok) {
    if (outcome.code === 'sales_not_open') return setDue(ctx, grant, raffle.opensAt)
    if (outcome.rule === 'entrants') return waitForProof(ctx, found, grant)
    return refuse(ctx, grant, outcome.detail)
  }
  await markGranted(ctx, claimed, outcome.reservation.id)
  const { status } = await mustFind(ctx, grant)
  if (status === 'revoked') await voidTickets(ctx, outcome.reservation.id, null)
}

/** The grant waits for its owner until sales close. */
async function waitForOwner(ctx: Ctx, { raffle, pool }: FoundRaffle, grant: GrantRow): Promise<void> {
  const status = statusAt(lifeFacts(raffle, pool), ctx.now)
  if (status === 'cancelled') return refuse(ctx, grant, REASONS.cancelled)
  if (status === 'scheduled' || status === 'open') return setDue(ctx, grant, raffle.closesAt)
  const closedAt = pool?.closedAt ?? raffle.closesAt
  const tooLate = raffle.entrants === 'proved' ? REASONS.unproved : REASONS.nobody
  await refuse(ctx, grant, grant.createdAt < closedAt ? tooLate : REASONS.late(closedAt))
}

/**
 * The raffle began to ask for proved addresses after the owner had claimed the grant. The pool has refused, so it has no
 * tickets: the grant waits like one that was never claimed.
 */
async function waitForProof(ctx: Ctx, { raffle }: FoundRaffle, grant: GrantRow): Promise<void> {
  await withRetry(() =>
    ctx.db
      .update(grants)
      .set({ entries: 0, once: null, dueAt: raffle.closesAt, updatedAt: ctx.now })
      .where(and(isGrant(grant), eq(grants.status, 'waiting'), isNull(grants.revokeAskedAt))),
  )
}

/** Does nothing if another process has changed `due_at` since the read. */
async function setDue(ctx: Ctx, grant: GrantRow, dueAt: number): Promise<void> {
  await ctx.db
    .update(grants)
    .set({ dueAt })
    .where(and(isGrant(grant), eq(grants.status, 'waiting'), sql`${grants.dueAt} IS ${grant.dueAt}`))
}

/** Race: two orders of one person at once. Safe: it is one statement, so one order is first. A repeat claims again. */
async function claimForOwner(
  ctx: Ctx,
  grant: GrantRow,
  person: Pick<GrantRow, 'userId' | 'entries' | 'once'>,
): Promise<GrantRow | undefined> {
  const isFirst = sql`NOT EXISTS (SELECT 1 FROM ${grants} AS other WHERE other.raffle_id = ${grant.raffleId}
    AND other.once = ${person.once} AND other.order_ref <> ${grant.orderRef})`
  const [claimed] = await withRetry(() =>
    ctx.db
      .update(grants)
      .set({ ...person, updatedAt: ctx.now })
      .where(and(isGrant(grant), eq(grants.status, 'waiting'), isNull(grants.revokeAskedAt), isFirst))
      .returning(),
  )
  return claimed
}

/** The pool has the tickets, so this also overwrites `refused`, which a concurrent process may have stored. */
const markGranted = (ctx: Ctx, grant: GrantRow, reservationId: string) =>
  withRetry(() =>
    ctx.db
      .update(grants)
      .set({
        status: 'granted',
        entries: grant.entries,
        reservationId,
        reason: null,
        email: null,
        dueAt: sql`iif(${grants.revokeAskedAt} IS NULL, NULL, ${ctx.now})`,
        updatedAt: ctx.now,
      })
      .where(and(isGrant(grant), inArray(grants.status, ['waiting', 'refused']))),
  )

async function refuse(ctx: Ctx, grant: GrantRow, reason: string): Promise<void> {
  await withRetry(() =>
    ctx.db
      .update(grants)
      .set({
        status: 'refused',
        reason,
        entries: 0,
        email: null,
        once: null,
        dueAt: null,
        updatedAt: ctx.now,
      })
      .where(and(isGrant(grant), eq(grants.status, 'waiting'), isNull(grants.revokeAskedAt))),
  )
}

async function mustFind(ctx: Ctx, key: GrantKey): Promise<GrantRow> {
  const grant = await findGrant(ctx, key)
  if (grant === undefined) throw new Error(`the grant ${logNameOf(key)} does not exist`)
  return grant
}
