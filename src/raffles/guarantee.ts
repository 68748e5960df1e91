/**
 * The cover of guarantees. What a guaranteed raffle promises beyond its prize pool is set aside before its pool takes the
 * terms, and counts until the draw books what is really lacking, or the raffle is cancelled. See decision 16.
 */
import { and, eq, gt, lte, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { formatMoney } from '../core/money.ts'
import { coverOf } from './economics.ts'
import { leftForOrganiser, UNPAID } from './organiser-balance.ts'
import { type Paying, realMoney } from './real-money.ts'
import { type RaffleRow, raffles } from './schema.ts'

interface Purse {
  organisationId: string
  currency: string | SQL
}

/** What is set aside for raffles whose draw is not booked, but for the raffle `except`. */
export const setAsideBy = ({ organisationId, currency }: Purse, except = ''): SQL => sql`(
  SELECT coalesce(sum(cover), 0) FROM raffles WHERE organisation_id = ${organisationId}
    AND price_currency = ${currency} AND cover > 0 AND status IN ('draft', 'scheduled') AND id <> ${except})`

/** By how much an administrator lets the organisation's guarantees exceed its balance. */
export const limitOf = ({ organisationId, currency }: Purse): SQL => sql`coalesce((
  SELECT amount FROM guarantee_limits
  WHERE guarantee_limits.organisation_id = ${organisationId} AND guarantee_limits.currency = ${currency}), 0)`

/** The part of the balance that guarantees need: what is set aside beyond the limit. */
export const keptBack = (purse: Purse): SQL => sql`max(0, ${setAsideBy(purse)} - ${limitOf(purse)})`

/** Guard: a payout by a provider takes nothing of what guarantees need. */
export const sparesGuarantees = (paying: Paying): SQL => sql`(
  SELECT kept = 0 OR after >= kept OR after >= before
  FROM (SELECT ${keptBack(paying)} AS kept), ${realMoney(paying)})`

/** The real money beyond what guarantees need. Below zero, some of it is lacking; 0 if they need nothing. */
export const spareMoney = (claim: Omit<Paying, 'amount'>): SQL => sql`(
  SELECT iif(kept = 0, 0, after - kept)
  FROM (SELECT ${keptBack(claim)} AS kept), ${realMoney({ ...claim, amount: 0 })})`

/** What the organisation can still set aside for this raffle: the balance counts as far as real money is behind it. */
function affordable({ id, organisationId, priceCurrency: currency }: RaffleRow): SQL {
  const purse = { organisationId, currency }
  const real = sql`(SELECT after FROM ${realMoney({ ...purse, amount: 0 })})`
  return sql`(min(${leftForOrganiser(purse, UNPAID)}, ${real}) + ${limitOf(purse)} - ${setAsideBy(purse, id)})`
}

/**
 * Guard: the organisation can set aside what these terms need, or this raffle has it already. The statement that it
 * guards must also write `cover`: so two publications cannot use the same money.
 */
export function isCovered(raffle: RaffleRow): SQL {
  const needed = coverOf(raffle)
  if (needed === 0) return sql`true`
  return sql`EXISTS (SELECT 1 FROM raffles AS own
    WHERE own.id = ${raffle.id} AND own.price_currency = ${raffle.priceCurrency}
      AND (own.cover >= ${needed} OR ${affordable(raffle)} >= ${needed}))`
}

/** The value of `cover` while the pool decides about these terms: enough for the present terms and for these. */
export const raisedCover = (raffle: RaffleRow): SQL => sql`max(${raffles.cover}, ${coverOf(raffle)})`

/** Why the organisation cannot guarantee these terms; null if it can. */
export async function whyNotCovered(ctx: Ctx, raffle: RaffleRow): Promise<Problem | null> {
  const needed = coverOf(raffle)
  if (needed === 0) return null
  const { currency, covered, available } = await ctx.db.get<{
    currency: string | null
    covered: number
    available: number
  }>(sql`SELECT (SELECT price_currency FROM raffles WHERE id = ${raffle.id}) AS currency,
    ${isCovered(raffle)} AS covered, ${affordable(raffle)} AS available`)
  if (currency === null || covered === 1) return null
  const text = (amount: number) => formatMoney({ amount, currency: raffle.priceCurrency })
  const missing =
    available < 0
      ? `${text(needed - available)} is missing: all of that, and ${text(-available)} that the organisation lacks already`
      : `${text(needed - available)} of that is missing`
  const why =
    currency === raffle.priceCurrency
      ? `The prizes need ${text(needed)} more than the prize pool at minTickets (${raffle.minTickets}), and ${missing}. Pay in that sum and have an administrator record the top-up, have the guarantee limit raised, or raise minTickets. Money taken by hand does not count.`
      : `A published raffle keeps its money in ${currency} set aside. Cancel it and publish another one in ${raffle.priceCurrency}.`
  return new Problem('invalid_state', why, { errors: [{ path: 'guaranteed', message: why }] })
}

/** Releases what was set aside for terms that the pool did not take. By `due_at` it takes them no more. */
export async function releaseSurplus(ctx: Ctx, raffle: RaffleRow): Promise<void> {
  const cover = coverOf(raffle)
  if (raffle.status !== 'scheduled' || raffle.cover <= cover) return
  await ctx.db
    .update(raffles)
    .set({ cover })
    .where(
      and(
        eq(raffles.id, raffle.id),
        eq(raffles.status, 'scheduled'),
        eq(raffles.termsVersion, raffle.termsVersion),
        gt(raffles.cover, cover),
        lte(raffles.dueAt, ctx.now),
      ),
    )
}
