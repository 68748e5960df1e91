/** Reads an organisation's balance in the ledger, for each currency of its raffles, settled events, top-ups and guarantee limits. */
import { sql } from 'drizzle-orm'
import { requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { isTopUpOf } from '../money/top-up-key.ts'
import { limitOf, setAsideBy } from '../raffles/guarantee.ts'
import { leftForOrganiser, UNPAID } from '../raffles/organiser-balance.ts'
import type { Balance } from './balance-contract.ts'

export async function readBalance(ctx: Ctx, organisationId: string): Promise<Balance> {
  await requirePermission(ctx, organisationId, 'reports:read')
  const each = { organisationId, currency: sql`each.currency` }
  const rows = await ctx.db.all<
    Record<'balance' | 'unasked' | 'aside' | 'most', number> & { currency: string }
  >(sql`
    SELECT currency, ${leftForOrganiser(each, [])} AS balance, ${leftForOrganiser(each, UNPAID)} AS unasked,
      ${setAsideBy(each)} AS aside, ${limitOf(each)} AS most FROM (
      SELECT price_currency AS currency FROM raffles WHERE organisation_id = ${organisationId}
      UNION SELECT ${ticketTypes.priceCurrency} FROM ${events} JOIN ${ticketTypes}
        ON ${ticketTypes.eventId} = ${events.id}
        WHERE ${events.organisationId} = ${organisationId} AND ${events.settledAt} IS NOT NULL
          AND ${ticketTypes.priceAmount} > 0
      UNION SELECT currency FROM transfers WHERE ${isTopUpOf(organisationId)}
      UNION SELECT currency FROM guarantee_limits WHERE organisation_id = ${organisationId} AND amount > 0
    ) AS each ORDER BY currency`)
  return {
    data: rows.map(({ currency, balance, unasked, aside, most }) => ({
      balance: { amount: balance, currency },
      left: { amount: unasked, currency },
      setAside: { amount: aside, currency },
      guaranteeLimit: { amount: most, currency },
    })),
  }
}
