/** Accounts at Stripe, for those who receive money: a user for prizes, an organisation for what it has earned. */
import { requireLiveUser, requirePermission } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { invalid, notFound } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import type { Payee } from '../money/providers/port.ts'
import {
  findAccountOf,
  mustTakeAccounts,
  onboardingPage,
  openAccount,
  refreshAccount,
} from '../money/providers/stripe/accounts.ts'
import { whyNotReturnTo } from '../money/return-url.ts'
import type { StripeAccountRow } from '../money/schema.ts'
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
  const opened = await openAccount(ctx, payee, country, () =>
    'organisationId' in payee ? [auditOpening(ctx, payee.organisationId)] : [],
  )
  if (opened.country !== country) throw invalid('country', `is ${opened.country} for this account, for good`)
  const account = await refreshAccount(ctx, opened)
  const back = returnUrl ?? `${ctx.settings.PUBLIC_ORIGIN}/pay/account`
  const page = account.isReady ? null : await onboardingPage(ctx, account, back)
  return present(account, page)
}

const auditOpening = (ctx: Ctx, organisationId: string) =>
  insertAudit(ctx, {
    action: 'organisation.stripe_account_opened',
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

/** One that is not ready is asked for at Stripe, because its owner may have finished just now. */
async function read(ctx: Ctx, payee: Payee): Promise<StripeAccount> {
  const account = await findAccountOf(ctx, payee)
  if (account === undefined) throw notFound('account at Stripe')
  return present(account.isReady ? account : await refreshAccount(ctx, account))
}

const present = (
  { id, country, isReady, problem, createdAt }: StripeAccountRow,
  page: { url: string; expiresAt: number } | null = null,
): StripeAccount => ({
  accountId: id,
  country,
  isReady,
  problem,
  onboarding: page && { url: page.url, expiresAt: toInstant(page.expiresAt) },
  createdAt: toInstant(createdAt),
})
