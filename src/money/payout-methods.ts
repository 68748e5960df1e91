/**
 * A user's own payout methods: where their prizes are paid. Answers show only the end of a destination. The thief of
 * a session must not get the prizes: money goes to a new method only after a day, its owner gets a mail at once, and a
 * new password or a removal stops what was not sent.
 */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import { requireLiveUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { Money } from '../core/money.ts'
import type { PageOf } from '../core/paging.ts'
import { SECOND_MS } from '../core/time.ts'
import { attentionText } from './attention-text.ts'
import { bankLine } from './bank-account.ts'
import type { NewPayoutMethod, PayoutMethod } from './payout-method-contract.ts'
import { type PaidFrom, paidFrom, proofOf, provedSince } from './payout-method-proof.ts'
import { presentMethod } from './present-payout-method.ts'
import { type Provider, writtenName } from './provider-name.ts'
import { providerOf, whyNotProvider } from './providers/index.ts'
import { requirePayee } from './require-payee.ts'
import { type MethodRow, payoutMethods, payouts, removedDestinations, stripeAccounts } from './schema.ts'

const MAX_METHODS = 10

type NewMethod = Pick<MethodRow, 'userId' | 'provider' | 'destination' | 'bank'>

export async function addPayoutMethod(ctx: Ctx, input: NewPayoutMethod): Promise<PayoutMethod> {
  const { userId } = await requireLiveUser(ctx)
  const { provider, bank = null } = input
  const destination = bank === null ? input.destination! : bankLine(bank)
  checkPayoutProvider(ctx, { provider, destination })
  await requirePayee(ctx, { provider, destination }, { userId }, 'destination')
  const made = await insertMethod(ctx, { userId, provider, destination, bank })
  return presentMethod(made, proofOf(made, await paidFrom(ctx, userId)))
}

/** Inserts a method that was checked, and tells its owner. Throws `limit_reached` if the user has too many. */
export async function insertMethod(ctx: Ctx, method: NewMethod): Promise<MethodRow> {
  const { userId, provider, destination, bank } = method
  const id = newId('payoutMethod')
  const payableFrom = payableFromOf(ctx, method, await paidFrom(ctx, userId))
  // Concurrent calls could each count too few. The insert counts for itself, so that the limit holds.
  const insert = ctx.db
    .insert(payoutMethods)
    .select(sql`
      SELECT ${id}, ${userId}, ${provider}, ${destination}, ${ctx.now}, ${bank && JSON.stringify(bank)}, ${payableFrom}
      WHERE (SELECT count(*) FROM payout_methods WHERE user_id = ${userId}) < ${MAX_METHODS}`)
    .onConflictDoNothing()
  const tell = enqueueMail(
    ctx,
    {
      to: userId,
      subject: id,
      kind: 'payout_method_added',
      data: { what: kindOf(method), payableFrom, isPayable: payableFrom <= ctx.now },
    },
    sql`EXISTS (SELECT 1 FROM ${payoutMethods} WHERE ${payoutMethods.id} = ${id})`,
  )
  await withRetry(() => ctx.db.batch([insert, tell]))
  const made = await findOwnMethod(ctx, userId, id)
  if (made === undefined) {
    throw new Problem('limit_reached', `At most ${MAX_METHODS} payout methods: remove one first.`)
  }
  return made
}

/**
 * A day from now. At once for a phone from which the user paid a day ago or earlier: the person who paid has been in
 * the account for a day, and the owner got the mail about that payment.
 */
function payableFromOf(ctx: Ctx, method: NewMethod, paid: PaidFrom): number {
  const { now } = ctx
  const waitMs = waitMsOf(ctx)
  const since = provedSince(method, paid)
  return since !== null && since <= now - waitMs ? now : now + waitMs
}

/** How long a new method waits for money. */
const waitMsOf = ({ settings }: Ctx): number => settings.PAYOUT_METHOD_WAIT_SECONDS * SECOND_MS

/** What it is, for the words of a mail. */
function kindOf({ provider, destination }: Pick<MethodRow, 'provider' | 'destination'>) {
  if (provider === 'manual') return 'bank'
  return providerOf(provider).proof?.(destination) == null ? 'account' : 'phone'
}

export async function listPayoutMethods(ctx: Ctx): Promise<PageOf<PayoutMethod>> {
  const { userId } = await requireLiveUser(ctx)
  const rows = await ctx.db
    .select()
    .from(payoutMethods)
    .where(eq(payoutMethods.userId, userId))
    .orderBy(asc(payoutMethods.id))
  const paid = await paidFrom(ctx, userId)
  return { data: rows.map((row) => presentMethod(row, proofOf(row, paid))), nextCursor: null }
}

/** Payouts to it that were not sent stop: they wait for another claim. */
export async function removePayoutMethod(ctx: Ctx, id: string): Promise<void> {
  const { userId } = await requireLiveUser(ctx)
  const method = await findOwnMethod(ctx, userId, id)
  if (method === undefined) throw notFound('payout method')
  const isMine = and(eq(payoutMethods.id, id), eq(payoutMethods.userId, userId))!
  await withRetry(() =>
    ctx.db.batch([
      enqueueMail(ctx, {
        to: userId,
        subject: id,
        kind: 'payout_method_removed',
        data: { what: kindOf(method), why: 'owner' },
      }),
      ...removeMethods(ctx, isMine),
    ]),
  )
}

/**
 * Statements for the batch of a new password: it removes the methods and the account at Stripe that are new,
 * and the methods to which nothing can be paid yet. An owner who fears a thief may not know which of them are the
 * thief's. `isSet`: the password was really changed.
 */
export function removeNewMethods(ctx: Ctx, userId: string, isSet: SQL) {
  const since = ctx.now - waitMsOf(ctx)
  const isNew = sql`(${payoutMethods.userId} = ${userId} AND ${isSet}
    AND (${payoutMethods.payableFrom} > ${ctx.now} OR ${payoutMethods.createdAt} > ${since}))`
  const isNewAccount = sql`(${stripeAccounts.ownerId} = ${userId} AND ${stripeAccounts.createdAt} > ${since} AND ${isSet})`
  const hasNew = sql`(EXISTS (SELECT 1 FROM ${payoutMethods} WHERE ${isNew})
    OR EXISTS (SELECT 1 FROM ${stripeAccounts} WHERE ${isNewAccount}))`
  return [
    enqueueMail(
      ctx,
      {
        to: userId,
        subject: `${userId}:${ctx.now}`,
        kind: 'payout_method_removed',
        data: { what: 'several', why: 'password' },
      },
      hasNew,
    ),
    ...removeMethods(ctx, isNew),
    ...forgetAccounts(ctx, isNewAccount),
  ] as const
}

/** Statements that remove methods, stop their payouts, and remember where they went. */
const removeMethods = (ctx: Ctx, methods: SQL) =>
  [
    stopPayoutsTo(ctx, methods),
    rememberRemoved(
      ctx,
      sql`SELECT ${payoutMethods.userId}, ${payoutMethods.provider}, ${payoutMethods.destination}, ${ctx.now}
        FROM ${payoutMethods} WHERE ${methods} AND ${payoutMethods.bank} IS NULL`,
    ),
    ctx.db.delete(payoutMethods).where(methods),
  ] as const

/** Statements that forget accounts at Stripe. The account itself stays there, and is its owner's. */
export const forgetAccounts = (ctx: Ctx, accounts: SQL) =>
  [
    rememberRemoved(
      ctx,
      sql`SELECT ${stripeAccounts.ownerId}, 'stripe', ${stripeAccounts.id}, ${ctx.now}
        FROM ${stripeAccounts} WHERE ${accounts}`,
    ),
    ctx.db.delete(stripeAccounts).where(accounts),
  ] as const

const rememberRemoved = (ctx: Ctx, removed: SQL) =>
  ctx.db
    .insert(removedDestinations)
    .select(removed)
    .onConflictDoUpdate({
      target: [removedDestinations.ownerId, removedDestinations.provider, removedDestinations.destination],
      set: { at: ctx.now },
    })

/** Forgets the user's account at Stripe and removes the methods that use it. */
export async function removeStripeAccount(ctx: Ctx, userId: string, accountId: string): Promise<void> {
  await withRetry(() =>
    ctx.db.batch([
      enqueueMail(ctx, {
        to: userId,
        subject: accountId,
        kind: 'payout_method_removed',
        data: { what: 'account', why: 'owner' },
      }),
      ...removeMethods(
        ctx,
        sql`(${payoutMethods.userId} = ${userId} AND ${payoutMethods.provider} = 'stripe'
          AND ${payoutMethods.destination} = ${accountId})`,
      ),
      ...forgetAccounts(
        ctx,
        sql`(${stripeAccounts.ownerId} = ${userId} AND ${stripeAccounts.id} = ${accountId})`,
      ),
    ]),
  )
}

/**
 * Stops payouts to these methods. What nobody has sent is halted: it needs another claim. What is with a provider, or was
 * paid, keeps its status: if it turns out never sent or comes back, it may only be redirected.
 */
const stopPayoutsTo = (ctx: Ctx, methods: SQL) =>
  ctx.db
    .update(payouts)
    .set({
      status: sql`iif(${isWithPerson}, 'requested', ${payouts.status})`,
      approvedBy: sql`iif(${isWithPerson}, NULL, ${payouts.approvedBy})`,
      stoppedAt: ctx.now,
      dueAt: sql`iif(${isWithProvider}, ${payouts.dueAt}, NULL)`,
      attention: sql`iif(${isWithProvider}, ${payouts.attention}, ${attentionText.stopped})`,
      updatedAt: sql`iif(${isWithProvider}, ${payouts.updatedAt}, ${ctx.now})`,
    })
    .where(
      sql`${payouts.methodId} IN (SELECT ${payoutMethods.id} FROM ${payoutMethods} WHERE ${methods})
        AND ${payouts.status} <> 'cancelled'`,
    )

/** Approved, or waiting until a person pays it by hand. */
const isWithPerson = sql`(${payouts.status} = 'approved' OR (${payouts.status} = 'sent' AND ${payouts.provider} = 'manual'))`

/** The provider may have it, or it was paid. */
const isWithProvider = sql`(${payouts.status} = 'paid' OR (${payouts.status} = 'sent' AND ${payouts.provider} <> 'manual'))`

/**
 * For a claim: the user's method. Throws if this sum cannot be paid by it, or if nobody knows that it is the user's. A sum
 * of nothing is not paid. `holders`: the providers that hold the money. A person can always pay by hand.
 */
export async function findMyMethod(
  ctx: Ctx,
  id: string,
  sum: Money,
  holders: readonly Provider[],
): Promise<MethodRow> {
  const { userId } = await requireLiveUser(ctx)
  const method = await findOwnMethod(ctx, userId, id)
  if (method === undefined) throw invalid('payoutMethodId', 'is not one of your payout methods')
  const { provider, destination } = method
  const { whyNotPayout, whyNotDestination } = providerOf(provider)
  const why = whyNotProvider(provider, ctx.settings) ?? whyNotDestination(destination)
  if (why !== null) throw invalid('payoutMethodId', why)
  const whyNotThis = sum.amount === 0 ? null : whyNotPayout(sum)
  if (whyNotThis !== null) {
    const others = [...holders.filter((name) => canPay(ctx, name, sum)), 'manual'].map(writtenName)
    throw invalid('payoutMethodId', `${whyNotThis}: choose a payout method by ${others.join(' or ')}`)
  }
  await requirePayee(ctx, method, { userId }, 'payoutMethodId')
  if (proofOf(method, await paidFrom(ctx, userId)) === 'missing') {
    throw invalid(
      'payoutMethodId',
      `is a phone that is not proved to be yours: prove it with POST /users/me/payout-methods/${id}/proof`,
    )
  }
  return method
}

const canPay = ({ settings }: Ctx, name: Provider, sum: Money): boolean =>
  name !== 'manual' && whyNotProvider(name, settings) === null && providerOf(name).whyNotPayout(sum) === null

/** Guard of a claim: its method was not removed since it was read. */
export const isStillMethod = ({ id, userId }: Pick<MethodRow, 'id' | 'userId'>): SQL =>
  sql`EXISTS (SELECT 1 FROM payout_methods WHERE id = ${id} AND user_id = ${userId})`

/** Throws unless the provider is available here and can pay to the destination. It checks no sum. */
export function checkPayoutProvider(
  ctx: Ctx,
  { provider, destination }: { provider: Provider; destination: string },
): void {
  const why = whyNotProvider(provider, ctx.settings)
  if (why !== null) throw invalid('provider', why)
  const whyNotThere = providerOf(provider).whyNotDestination(destination)
  if (whyNotThere !== null) throw invalid('destination', whyNotThere)
}

export const findOwnMethod = (ctx: Ctx, userId: string, id: string): Promise<MethodRow | undefined> =>
  ctx.db
    .select()
    .from(payoutMethods)
    .where(and(eq(payoutMethods.id, id), eq(payoutMethods.userId, userId)))
    .get()
