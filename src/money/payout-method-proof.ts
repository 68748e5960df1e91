/** Whether a phone that prizes are paid to is the user's: it is if the user has paid from it. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { PayoutMethod } from './payout-method-contract.ts'
import { providerOf } from './providers/index.ts'
import type { MethodRow } from './schema.ts'

type Where = Pick<MethodRow, 'provider' | 'destination'>

/** Since when money has come from each phone by each provider (ms since 1970). */
export type PaidFrom = ReadonlyMap<string, number>

const keyOf = (provider: string, phone: string): string => `${provider} ${phone}`

/**
 * The phones from which the user has paid: the provider prompted there, and the money arrived by the provider's own word.
 * A receipt that a person recorded does not count: another phone may have paid it.
 * Once the user has removed a phone, only what came from it afterwards counts.
 */
export async function paidFrom(ctx: Ctx, userId: string): Promise<PaidFrom> {
  const rows = await ctx.db.all<{ provider: string; phone: string; since: number }>(sql`
    SELECT payments.provider AS provider, payments.phone AS phone, min(receipts.at) AS since
    FROM orders
      JOIN payments ON payments.order_id = orders.id AND payments.status = 'succeeded' AND payments.phone IS NOT NULL
      JOIN receipts ON receipts.order_id = orders.id AND receipts.payment_id = payments.id
      LEFT JOIN removed_destinations AS removed ON removed.owner_id = orders.user_id
        AND removed.provider = payments.provider AND removed.destination = payments.phone
    WHERE orders.user_id = ${userId} AND receipts.at > coalesce(removed.at, 0)
      AND NOT EXISTS (SELECT 1 FROM audit WHERE audit.subject_id = payments.id AND audit.action = 'payment.receipt_recorded')
    GROUP BY payments.provider, payments.phone`)
  return new Map(rows.map(({ provider, phone, since }) => [keyOf(provider, phone), since]))
}

/** Null: nothing proves it. */
export const provedSince = ({ provider, destination }: Where, paid: PaidFrom): number | null =>
  paid.get(keyOf(provider, destination)) ?? null

export function proofOf(method: Where, paid: PaidFrom): PayoutMethod['proof'] {
  if (providerOf(method.provider).proof?.(method.destination) == null) return 'not_needed'
  return provedSince(method, paid) === null ? 'missing' : 'proved'
}
