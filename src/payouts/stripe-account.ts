/** Accounts at Stripe, for those who receive money: a user for prizes, an organisation for what it has earned. */
import { sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import { requireLiveUser, requirePermission } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { forgetAccounts, removeStripeAccount } from '../money/payout-methods.ts'
import type { Payee } from '../money/providers/port.ts'
import {
  findAccountOf,
  mustTakeAccounts,
  onboardingPage,
  openAccount,
  refreshAccount,
} from '../money/providers/stripe/accounts.ts'
import { whyNotReturnTo } from '../money/return-url.ts'
import { stripeAccounts } from '../money/schema.ts'
import type { OpenStripeAccount, StripeAccount } from './stripe-account-contract.ts'

/** Opens the caller's account, or goes on with its set-up. Idempotent, but each call makes a new page. */
export async function openMyAccount(ctx: Ctx, input: OpenStripeAccount): Promise<StripeAccount> {
  const { userId } = await requireLiveUser(ctx)
  return open(ctx, { userId }, input)
}

/** The same for an organisation: its payouts go where this account's owner says, so it takes the right to approve them. */
export async function openAccountOfOrganisation(
  ctx: Ctx,
  organisationId: string,
  input: OpenStripeAccount,
): Promise<StripeAccount> {
  await requirePermission(ctx, organisationId, 'payouts:approve')
  return open(ctx, { organisationId }, input)
}

async function open(
  ctx: Ctx,
  payee: Payee,
  { country, returnUrl }: OpenStripeAccount,
): Promise<StripeAccount> {
  mustTakeAccounts(ctx)
  const whyNot = returnUrl === undefined ? null : whyNotReturnTo(ctx.settings, returnUrl)
  if (whyNot !== null) throw invalid('returnUrl', whyNot)
  const opened = await openAccount(ctx, payee, country, (id) => [
    'organisationId' in payee
      ? auditOf(ctx, payee.organisationId, 'organisation.stripe_account_opened')
      : enqueueMail(ctx, { to: payee.userId, subject: id, kind: 'stripe_account_opened', data: {} }),
  ])
  if (opened.country !== country) throw invalid('country', `is ${opened.country} for this account, for good`)
  const account = await refreshAccount(ctx, opened)
  const back = returnUrl ?? `${ctx.settings.PUBLIC_ORIGIN}/pay/account`
  const page = account.isReady ? null : await onboardingPage(ctx, account, back)
  return present(account, page)
}

const auditOf = (ctx: Ctx, organisationId: string, action: AuditAction) =>
  insertAudit(ctx, {
    action,
    subject: { kind: 'organisation', id: organisationId },
    organisationId,
  })

export async function readMyAccount(ctx: Ctx): Promise<StripeAccount> {
  const { userId } = await requireLiveUser(ctx)
  return read(ctx, { userId })
}

export async function readAccountOfOrganisation(ctx: Ctx, organisationId: string): Promise<StripeAccount> {
  await requirePermission(ctx, organisationId, 'payouts:request')
  return read(ctx, { organisationId })
}

/** Payouts to it that were not sent stop, as if each payout method with it had been removed. */
export async function removeMyAccount(ctx: Ctx): Promise<void> {
  const { userId } = await requireLiveUser(ctx)
  const account = await findAccountOf(ctx, { userId })
  if (account === undefined) throw notFound('account at Stripe')
  await removeStripeAccount(ctx, userId, account.id)
}

/** Only while no payout to it is open: nothing may go to an account that nobody knows any more. */
export async function removeAccountOfOrganisation(ctx: Ctx, organisationId: string): Promise<void> {
  await requirePermission(ctx, organisationId, 'payouts:approve')
  const account = await findAccountOf(ctx, { organisationId })
  if (account === undefined) throw notFound('account at Stripe')
  const isUnused = sql`(${stripeAccounts.id} = ${account.id} AND NOT EXISTS (
    SELECT 1 FROM payouts WHERE payouts.organisation_id = ${organisationId} AND payouts.provider = 'stripe'
      AND payouts.destination = ${account.id} AND payouts.status IN ('requested', 'approved', 'sent', 'failed')))`
  await withRetry(() =>
    ctx.db.batch([
      ...forgetAccounts(ctx, isUnused),
      auditOf(ctx, organisationId, 'organisation.stripe_account_removed'),
    ]),
  )
  if ((await findAccountOf(ctx, { organisationId }))?.id !== account.id) return
  throw new Problem('invalid_state', 'Payouts to it are open: cancel them, or wait until they are paid.')
}

/** Stripe is asked each time: its owner may have finished just now, or named another bank. */
async function read(ctx: Ctx, payee: Payee): Promise<StripeAccount> {
  const account = await findAccountOf(ctx, payee)
  if (account === undefined) throw notFound('account at Stripe')
  return present(await refreshAccount(ctx, account))
}

const present = (
  { id, country, isReady, problem, banks, createdAt }: Awaited<ReturnType<typeof refreshAccount>>,
  page: { url: string; expiresAt: number } | null = null,
): StripeAccount => ({
  accountId: id,
  country,
  isReady,
  problem,
  banks,
  onboarding: page && { url: page.url, expiresAt: toInstant(page.expiresAt) },
  createdAt: toInstant(createdAt),
})
