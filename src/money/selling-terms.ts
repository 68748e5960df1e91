/**
 * How an organisation sells. Raffles and events take it over when they are published, and may narrow it; their buyers keep
 * what was published. Products follow it at once.
 */
import { eq, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { requirePermission } from '../accounts/permissions.ts'
import { fieldsOf, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { countryNames } from '../core/countries.ts'
import { withRetry } from '../core/database.ts'
import { type FieldError, validationFailed } from '../core/errors.ts'
import { toInstantOrNull } from '../core/time.ts'
import { type Provider, writtenName } from './provider-name.ts'
import { wrongProviders } from './providers/offered.ts'
import { type SellingRow, sellingTerms } from './schema.ts'
import type { SellingTerms, SetSellingTerms } from './selling-contract.ts'

export type Selling = Pick<SellingRow, 'providers' | 'currencies' | 'countries'>

const OPEN: Selling = { providers: null, currencies: null, countries: null }

export async function sellingOf(ctx: Ctx, organisationId: string): Promise<Selling> {
  const row = await ctx.db
    .select()
    .from(sellingTerms)
    .where(eq(sellingTerms.organisationId, organisationId))
    .get()
  return row ?? OPEN
}

export async function readSellingTerms(ctx: Ctx, organisationId: string): Promise<SellingTerms> {
  await requirePermission(ctx, organisationId, 'selling:manage')
  return present(ctx, organisationId)
}

/** A field that is left out keeps its value. */
export async function setSellingTerms(
  ctx: Ctx,
  organisationId: string,
  input: SetSellingTerms,
): Promise<SellingTerms> {
  await requirePermission(ctx, organisationId, 'selling:manage')
  const errors = wrongProviders(ctx.settings, input.providers ?? [])
  if (errors.length > 0) throw validationFailed(errors)
  const changed = { ...input, updatedAt: ctx.now }
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(sellingTerms)
        .values({ ...OPEN, ...changed, organisationId })
        .onConflictDoUpdate({ target: sellingTerms.organisationId, set: changed }),
      insertAudit(ctx, {
        action: 'organisation.selling_changed',
        subject: { kind: 'organisation', id: organisationId },
        organisationId,
        fields: fieldsOf(input),
      }),
    ]),
  )
  return present(ctx, organisationId)
}

async function present(ctx: Ctx, organisationId: string): Promise<SellingTerms> {
  const row = await ctx.db
    .select()
    .from(sellingTerms)
    .where(eq(sellingTerms.organisationId, organisationId))
    .get()
  const { providers, currencies, countries } = row ?? OPEN
  return {
    organisationId,
    providers,
    currencies,
    countries,
    updatedAt: toInstantOrNull(row?.updatedAt ?? null),
  }
}

/** What is offered for sale, and the paths of its fields in messages. */
export interface Offer {
  /** The currencies of its prices, by the path of each. What is free has none. */
  currencies: Record<string, string>
  providers: readonly Provider[]
  countries: readonly string[] | null
}

/** Every reason why an organisation that sells so cannot offer this. */
export function whyNotOffered(selling: Selling, { currencies, providers, countries }: Offer): FieldError[] {
  const errors: FieldError[] = []
  for (const [path, currency] of Object.entries(currencies)) {
    if (selling.currencies !== null && !selling.currencies.includes(currency))
      errors.push({ path, message: `the organisation sells in ${selling.currencies.join(', ')} only` })
  }
  for (const [at, provider] of providers.entries()) {
    if (selling.providers !== null && !selling.providers.includes(provider))
      errors.push({
        path: `providers.${at}`,
        message: `the organisation takes payments by ${selling.providers.map(writtenName).join(', ')} only`,
      })
  }
  const outside = (countries ?? []).filter((country) => selling.countries?.includes(country) === false)
  if (outside.length > 0)
    errors.push({
      path: 'countries',
      message: `the organisation sells to ${countryNames(selling.countries!)} only, so not to ${countryNames(outside)}`,
    })
  return errors
}

/** The providers of these by which the organisation is paid. */
export const narrowedProviders = ({ providers }: Selling, named: readonly Provider[]): Provider[] =>
  named.filter((name) => providers?.includes(name) !== false)

/** Guard: the organisation sells to all these countries, and by this provider if one is named. */
export const sellsSo = (
  organisationId: SQLWrapper,
  { provider, countries }: { provider: string | null; countries: readonly string[] },
): SQL => sql`NOT EXISTS (
  SELECT 1 FROM selling_terms AS sells WHERE sells.organisation_id = ${organisationId} AND (
    (sells.providers IS NOT NULL AND ${provider} IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM json_each(sells.providers) WHERE value = ${provider}))
    OR (sells.countries IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(${JSON.stringify(countries)}) AS named
      WHERE named.value NOT IN (SELECT value FROM json_each(sells.countries))))))`
