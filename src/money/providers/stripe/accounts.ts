/**
 * Accounts at Stripe of those who receive money: one for a user or organisation. Stripe asks its owner for the papers, on
 * its own pages. Money is sent to it once Stripe says that it can receive transfers.
 */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { Stripe } from 'stripe'
import { requireUser } from '../../../accounts/permissions.ts'
import { type AuditEntry, insertAudit } from '../../../audit/insert-audit.ts'
import type { Ctx } from '../../../core/context.ts'
import { withRetry } from '../../../core/database.ts'
import { Problem } from '../../../core/errors.ts'
import { Id } from '../../../core/ids.ts'
import { SECOND_MS } from '../../../core/time.ts'
import { attentionText } from '../../attention-text.ts'
import { payouts, removedDestinations, type StripeAccountRow, stripeAccounts } from '../../schema.ts'
import type { Payee } from '../port.ts'
import { keysOf, stripeFor } from './client.ts'
import { askStripe, tryStripe } from './refusals.ts'

export const ownerOf = (payee: Payee): string => ('userId' in payee ? payee.userId : payee.organisationId)

export const findAccountOf = (ctx: Ctx, payee: Payee): Promise<StripeAccountRow | undefined> =>
  ctx.db
    .select()
    .from(stripeAccounts)
    .where(eq(stripeAccounts.ownerId, ownerOf(payee)))
    .get()

/** Throws unless accounts can be opened here. */
export function mustTakeAccounts({ settings }: Ctx): void {
  if (keysOf(settings)?.connectSecret !== undefined) return
  throw new Problem('invalid_state', 'Nobody can receive money by stripe here.')
}

/**
 * The payee's account, opened if there is none. After a lost answer the same key finds it again. More than a day later
 * another one is opened: the first stays empty, because nobody knows it. So does one that its owner has removed: then the
 * key is another. `follow`: statements right after the insert.
 */
export async function openAccount(
  ctx: Ctx,
  payee: Payee,
  country: string,
  follow: (id: string) => BatchItem<'sqlite'>[],
): Promise<StripeAccountRow> {
  const known = await findAccountOf(ctx, payee)
  if (known !== undefined) return known
  const stripe = await stripeFor(ctx.settings)
  const ownerId = ownerOf(payee)
  const removed = await ctx.db.$count(
    removedDestinations,
    and(eq(removedDestinations.ownerId, ownerId), eq(removedDestinations.provider, 'stripe')),
  )
  const { result, refusal } = await tryStripe(() =>
    stripe.accounts.create(
      {
        country,
        controller: {
          stripe_dashboard: { type: 'express' },
          fees: { payer: 'application' },
          losses: { payments: 'application' },
        },
        capabilities: { transfers: { requested: true } },
        metadata: { ownerId },
      },
      { idempotencyKey: `account:${ownerId}:${country}${removed === 0 ? '' : `:${removed}`}` },
    ),
  )
  if (refusal !== null) {
    throw new Problem('invalid_state', `Stripe opens no account in ${country} for this platform.`)
  }
  const { id } = result
  const row = { id, ownerId, country, isReady: isReady(result), createdAt: ctx.now, updatedAt: ctx.now }
  await withRetry(() =>
    ctx.db.batch([ctx.db.insert(stripeAccounts).values(row).onConflictDoNothing(), ...follow(id)]),
  )
  return (await findAccountOf(ctx, payee))!
}

const isReady = ({ capabilities }: Stripe.Account): boolean => capabilities?.transfers === 'active'

export interface OnboardingPage {
  url: string
  /** Milliseconds since 1970. */
  expiresAt: number
}

/**
 * A page of Stripe's that works once and for minutes, for the caller, who is recorded first. `returnTo`: where it sends the
 * caller afterwards.
 */
export async function onboardingPage(
  ctx: Ctx,
  { id }: StripeAccountRow,
  returnTo: string,
): Promise<OnboardingPage> {
  await recordSetUp(ctx, id)
  const stripe = await stripeFor(ctx.settings)
  const { url, expires_at: seconds } = await askStripe(() =>
    stripe.accountLinks.create({
      account: id,
      type: 'account_onboarding',
      // Only its owner may get another page, so an expired one leads back to where that is asked for.
      refresh_url: returnTo,
      return_url: returnTo,
    }),
  )
  return { url, expiresAt: seconds * SECOND_MS }
}

function recordSetUp(ctx: Ctx, id: string) {
  const { userId } = requireUser(ctx)
  const { setUpBy } = stripeAccounts
  const isKnown = sql`EXISTS (SELECT 1 FROM json_each(${setUpBy}) WHERE value = ${userId})`
  return withRetry(() =>
    ctx.db.batch([
      ...haltPayouts(ctx, sql`(${isOpenTo(id)})`),
      ctx.db
        .update(stripeAccounts)
        .set({
          setUpBy: sql`iif(${isKnown}, ${setUpBy}, json_insert(${setUpBy}, '$[#]', ${userId}))`,
          setUpAt: ctx.now,
        })
        .where(eq(stripeAccounts.id, id)),
    ]),
  )
}

/** A prize goes to its winner's own account. */
const isOpenTo = (id: string): SQL => sql`${payouts.kind} <> 'prize' AND ${payouts.provider} = 'stripe'
  AND ${payouts.destination} = ${id}`

/**
 * An organisation's payouts may go to another bank from now on, so that no approval counts any more. An approved one needs
 * a new one. One that was sent and waits at Stripe is only polled: it fails if Stripe does not have it, and is retried.
 */
const haltPayouts = (ctx: Ctx, isHalted: SQL) =>
  [
    ctx.db
      .update(payouts)
      .set({
        status: sql`iif(${payouts.status} = 'approved', 'requested', ${payouts.status})`,
        approvedBy: sql`iif(${payouts.status} = 'approved', NULL, ${payouts.approvedBy})`,
        dueAt: sql`iif(${payouts.status} = 'approved', NULL, ${payouts.dueAt})`,
        stoppedAt: sql`iif(${payouts.status} = 'sent', ${ctx.now}, ${payouts.stoppedAt})`,
        attention: sql`iif(${payouts.status} = 'sent', ${payouts.attention}, ${attentionText.bankChanged})`,
        updatedAt: ctx.now,
      })
      .where(sql`${isHalted} AND ${payouts.status} IN ('requested', 'approved', 'sent', 'failed')`),
  ] as const

/**
 * An event about the bank of an account, which its owner may change at Stripe at any time. `at`: when it changed (ms). The next
 * payout of an organisation needs another person than those who set the account up. Once: a repeat is no later change.
 */
export async function bankChanged(ctx: Ctx, id: string, at: number): Promise<void> {
  const isNew = sql`EXISTS (SELECT 1 FROM stripe_accounts WHERE id = ${id} AND set_up_at < ${at})`
  const owner = await findAccount(ctx, id)
  if (owner === undefined) return
  const { ownerId } = owner
  const account = ctx.db
    .update(stripeAccounts)
    .set({ setUpAt: at, updatedAt: ctx.now })
    .where(sql`${stripeAccounts.id} = ${id} AND ${stripeAccounts.setUpAt} < ${at}`)
  const halt = haltPayouts(ctx, sql`(${isOpenTo(id)} AND ${payouts.createdAt} < ${at} AND ${isNew})`)
  await withRetry(() =>
    ctx.db.batch(
      Id('organisation').safeParse(ownerId).success
        ? [...halt, account, insertAudit(ctx, entryOfBank(ownerId))]
        : [...halt, account],
    ),
  )
}

const entryOfBank = (organisationId: string): AuditEntry => ({
  action: 'organisation.stripe_bank_changed',
  subject: { kind: 'organisation', id: organisationId },
  organisationId,
  actor: 'system',
})

/** Where Stripe pays on what the account has in one currency. */
export interface Bank {
  name: string | null
  last4: string
  currency: string
}

/** Asks Stripe how the account is now, and records whether it can receive money. */
export async function refreshAccount(
  ctx: Ctx,
  account: StripeAccountRow,
): Promise<StripeAccountRow & { banks: Bank[] }> {
  const stripe = await stripeFor(ctx.settings)
  const present = await askStripe(() => stripe.accounts.retrieve(account.id))
  if (isReady(present) !== account.isReady) {
    await changeAccount(ctx, account.id, { isReady: isReady(present) })
  }
  return { ...account, isReady: isReady(present), banks: banksOf(present) }
}

/** One for each currency, or a card. */
const banksOf = ({ external_accounts: known }: Stripe.Account): Bank[] =>
  (known?.data ?? [])
    .filter(({ default_for_currency: isUsed }) => isUsed !== false)
    .map((each) => ({
      name: each.object === 'card' ? each.brand : each.bank_name,
      last4: each.last4,
      currency: (each.currency ?? '').toUpperCase(),
    }))

const changeAccount = (ctx: Ctx, id: string, change: Partial<StripeAccountRow>) =>
  withRetry(() =>
    ctx.db
      .update(stripeAccounts)
      .set({ ...change, updatedAt: ctx.now })
      .where(eq(stripeAccounts.id, id)),
  )

const findAccount = (ctx: Ctx, id: string): Promise<StripeAccountRow | undefined> =>
  ctx.db.select().from(stripeAccounts).where(eq(stripeAccounts.id, id)).get()

/** For the port. An account that was not ready is asked for again, because its owner may have finished just now. */
export async function whyNotPayee(ctx: Ctx, destination: string, payee: Payee): Promise<string | null> {
  const account = await findAccount(ctx, destination)
  if (account?.ownerId !== ownerOf(payee)) return 'is not your account at Stripe: open one first'
  const { isReady } = account.isReady ? account : await refreshAccount(ctx, account)
  return isReady ? null : 'is an account at Stripe that cannot receive money yet: finish its set-up there'
}

/** An event about an account: Stripe is asked how it is now. One of another installation is left alone. */
export async function accountChanged(ctx: Ctx, id: string): Promise<void> {
  const account = await findAccount(ctx, id)
  if (account !== undefined) await refreshAccount(ctx, account)
}

/** The owner has cut the platform off. */
export const accountLeft = (ctx: Ctx, id: string) => changeAccount(ctx, id, { isReady: false })

const BANK_REFUSED =
  'Stripe could not pay the money on to the bank: its owner must correct the bank account at Stripe.'

/**
 * What the account receives is paid on to its owner's bank by Stripe. If that fails, the money is in the account still, and
 * its owner must act. Operators see it on the last payout to the account.
 */
export async function bankPayoutEnded(ctx: Ctx, id: string, hasFailed: boolean): Promise<void> {
  const last = sql`SELECT id FROM payouts WHERE provider = 'stripe' AND destination = ${id} AND status = 'paid'
    ORDER BY updated_at DESC, id DESC LIMIT 1`
  const attention = hasFailed
    ? sql`UPDATE payouts SET attention = ${BANK_REFUSED} WHERE id = (${last}) AND attention IS NULL`
    : sql`UPDATE payouts SET attention = NULL WHERE destination = ${id} AND attention = ${BANK_REFUSED}`
  await changeAccount(ctx, id, { problem: hasFailed ? BANK_REFUSED : null })
  await withRetry(() => ctx.db.run(attention))
}
