/** The money that an organisation may still receive: its part of the takings, less its earlier payouts. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Money } from '../core/money.ts'
import { formatMoney } from '../core/money.ts'
import { hasOpenCorrection } from '../draws/open-correction.ts'
import { isUnderReview } from '../draws/under-review.ts'
import { events } from '../events/schema.ts'
import { takingsOf } from '../events/takings.ts'
import { type PayoutStatus, payouts } from '../money/schema.ts'

/** Guard in a statement on `payouts`: it is not a prize, or its winner still has the claim. */
export const isStillOwed: SQL = sql`(${payouts.kind} <> 'prize' OR EXISTS (
  SELECT 1 FROM winners WHERE winners.id = ${payouts.subject} AND winners.status = 'claimed'))`

/** The same, for a statement that begins to pay it: its winner is also sure to keep the prize. */
export const mayStillBePaid: SQL = sql`(${isStillOwed}
  AND (${payouts.kind} <> 'prize' OR NOT ${hasOpenCorrection(payouts.subject)}))`

/** Guard in a statement on `payouts`: it is not a prize, or nobody reviews whether its winner is disqualified. */
export const isNotUnderReview = (ctx: Ctx): SQL =>
  sql`(${payouts.kind} <> 'prize' OR NOT ${isUnderReview(ctx, payouts.subject)})`

/** The earnings of an organisation's shop in one currency, less refunds and less its other payouts in `statuses`. */
export const leftForShop = (
  { organisationId, currency, id = '' }: { organisationId: string; currency: string; id?: string },
  statuses: PayoutStatus[],
): SQL => sql`(
  (SELECT coalesce(sum(amount), 0) FROM claims
    WHERE organisation_id = ${organisationId} AND kind = 'shop' AND currency = ${currency})
  - (SELECT coalesce(sum(mine.amount), 0) FROM payouts AS mine
    WHERE mine.organisation_id = ${organisationId} AND mine.kind = 'shop' AND mine.currency = ${currency}
      AND mine.id <> ${id} AND mine.status IN (SELECT value FROM json_each(${JSON.stringify(statuses)}))))`

/** The takings of an event in one currency, less all its payouts, paid or not. */
export const leftOfEvent = (of: { organisationId: string; eventId: string; currency: string }): SQL => sql`(
  (SELECT coalesce(sum(taken), 0) FROM ${takingsOf(of.organisationId, of.eventId)} WHERE currency = ${of.currency})
  - (SELECT coalesce(sum(mine.amount), 0) FROM payouts AS mine
    WHERE mine.organisation_id = ${of.organisationId} AND mine.event_id = ${of.eventId}
      AND mine.currency = ${of.currency} AND mine.status <> 'cancelled'))`

/** Guard: the event is settled. */
export const isSettled = (eventId: string): SQL => sql`EXISTS (
  SELECT 1 FROM ${events} WHERE ${events.id} = ${eventId} AND ${events.settledAt} IS NOT NULL)`

/** The refusal of a payout that the organisation's balance does not cover, by the sum `missing`. */
export const owesElsewhere = (missing: Money): Problem =>
  new Problem(
    'invalid_state',
    `The organisation owes ${formatMoney(missing)} to prizes of other raffles, or for disputed or refunded payments, has it set aside for guaranteed raffles, or has already requested that sum. This can be paid out once the organisation has paid it in and an administrator has recorded the top-up.`,
  )
