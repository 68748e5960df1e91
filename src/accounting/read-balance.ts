/** Reads an organisation's balance in the ledger, for each currency of its raffles and top-ups. */
import { sql } from 'drizzle-orm'
import { requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { isTopUpOf } from '../money/top-up-key.ts'
import { leftForOrganiser, UNPAID } from '../raffles/organiser-balance.ts'
import type { Balance } from './balance-contract.ts'

export async function readBalance(ctx: Ctx, organisationId: string): Promise<Balance> {
  await requirePermission(ctx, organisationId, 'reports:read')
  const each = { organisationId, currency: sql`each.currency` }
  const rows = await ctx.db.all<{ currency: string; balance: number; unasked: number }>(sql`
    SELECT currency, ${leftForOrganiser(each, [])} AS balance, ${leftForOrganiser(each, UNPAID)} AS unasked FROM (
      SELECT price_currency AS currency FROM raffles WHERE organisation_id = ${organisationId}
      UNION SELECT currency FROM transfers WHERE ${isTopUpOf(organisationId)}
    ) AS each ORDER BY currency`)
  return {
    data: rows.map(({ currency, balance, unasked }) => ({
      balance: { amount: balance, currency },
      left: { amount: unasked, currency },
    })),
  }
}
