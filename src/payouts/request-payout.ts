/** An organisation requests its part of a settled raffle, the takings of a settled event, or its shop's earnings. No request or repeat can pay it twice. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { requirePermission, requireUser } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { bodyHash } from '../core/idempotency.ts'
import { newId } from '../core/ids.ts'
import { formatMoney, type Money } from '../core/money.ts'
import { findEventFor } from '../events/find-event.ts'
import { checkPayoutProvider } from '../money/payout-methods.ts'
import { insertPayout, type NewPayout } from '../money/payout-rows.ts'
import type { Provider } from '../money/provider-name.ts'
import { providerOf, smallestUnitOf } from '../money/providers/index.ts'
import { requirePayee } from '../money/require-payee.ts'
import { payouts } from '../money/schema.ts'
import { findRaffleFor } from '../raffles/find-raffle.ts'
import { keptBack } from '../raffles/guarantee.ts'
import { leftByRaffle, leftForOrganiser, UNPAID } from '../raffles/organiser-balance.ts'
import type { Payout, RequestPayout } from './contract.ts'
import { isSettled, leftForShop, leftOfEvent, owesElsewhere } from './left-to-pay.ts'
import { presentPayout } from './present.ts'
import { isHeldFor, requireHeld } from './require-held.ts'

/** Money that an organisation may request, in whole or in part. */
interface Owed {
  of: Pick<NewPayout, 'kind' | 'raffleId' | 'eventId' | 'organisationId'>
  left: Money
  /** Holds while this much of the money is there. */
  guard: (amount: number) => SQL
  /** Why this much cannot be requested now; null if it can. */
  refusal: (amount: number) => Problem | null
}

export async function requestPayout(ctx: Ctx, input: RequestPayout, key: string): Promise<Payout> {
  const { userId } = requireUser(ctx)
  const owed = await owedFor(ctx, input)
  const request = bodyHash(input)
  const earlier = await findByKey(ctx, userId, key, request)
  if (earlier !== null) return earlier
  const { provider, destination } = input
  checkPayoutProvider(ctx, { provider, destination })
  await requirePayee(
    ctx,
    { provider, destination },
    { organisationId: owed.of.organisationId },
    'destination',
  )
  const { amount, currency } = input.amount ?? payablePart(owed.left, provider)
  if (currency !== owed.left.currency) throw invalid('amount.currency', `must be ${owed.left.currency}`)
  const refusal = owed.refusal(amount)
  if (refusal !== null) throw refusal
  const why = providerOf(provider).whyNotPayout({ amount, currency })
  if (why !== null) throw invalid('provider', why)
  const claim = { organisationId: owed.of.organisationId, provider, currency }
  await requireHeld(ctx, claim, { amount, currency })
  const id = newId('payout')
  const of = { ...owed.of, subject: `${userId}:${key}`, amount, currency }
  const payout = { ...of, id, userId: null, provider, destination, requestedBy: userId, key, request }
  const guard = sql`${owed.guard(amount)} AND ${isHeldFor(claim, amount)}`
  await withRetry(() =>
    ctx.db.batch([
      insertPayout(ctx, payout, guard),
      insertAudit(ctx, {
        action: 'payout.requested',
        subject: { kind: 'payout', id },
        organisationId: of.organisationId,
      }),
    ]),
  )
  const made = await findByKey(ctx, userId, key, request)
  if (made === null) throw alreadyRequested()
  return made
}

/** What the provider can move of it: the rest stays with the organisation. */
const payablePart = ({ amount, currency }: Money, provider: Provider): Money => ({
  amount: amount - (amount % smallestUnitOf([provider])),
  currency,
})

function owedFor(ctx: Ctx, input: RequestPayout): Promise<Owed> {
  if ('raffleId' in input) return owedByRaffle(ctx, input.raffleId)
  return 'eventId' in input ? owedByEvent(ctx, input) : earnedByShop(ctx, input)
}

/** The payout that was requested under this key; throws if that was another request. */
async function findByKey(ctx: Ctx, userId: string, key: string, request: string): Promise<Payout | null> {
  const row = await ctx.db
    .select()
    .from(payouts)
    .where(and(eq(payouts.requestedBy, userId), eq(payouts.key, key)))
    .get()
  if (row === undefined) return null
  if (row.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another payout.')
  }
  return presentPayout(row)
}

async function owedByRaffle(ctx: Ctx, id: string): Promise<Owed> {
  const { raffle } = await findRaffleFor(ctx, id, 'payouts:request')
  const { organisationId, priceCurrency: currency } = raffle
  // After settlement only its payouts, losses and disputes change it.
  const ofRaffle = leftByRaffle({ organisationId, raffleId: id }, UNPAID)
  const purse = { organisationId, currency }
  const left = sql`(${leftForOrganiser(purse, UNPAID)} - ${keptBack(purse)})`
  const { rest, requested, covered } = await ctx.db.get<Record<'rest' | 'requested' | 'covered', number>>(sql`
    SELECT ${ofRaffle} AS rest, ${left} AS covered, EXISTS (SELECT 1 FROM ${payouts}
      WHERE ${payouts.kind} = 'organiser' AND ${payouts.raffleId} = ${id} AND ${payouts.status} <> 'cancelled') AS requested`)
  return {
    of: { kind: 'organiser', raffleId: id, organisationId },
    left: { amount: rest, currency },
    guard: (amount) => sql`${ofRaffle} >= ${amount} AND ${left} >= ${amount}`,
    refusal: (amount) =>
      [
        raffle.status !== 'settled' &&
          notNow('This raffle is not settled yet: its prizes, payments or refunds are under way.'),
        rest <= 0 && requested === 1 && alreadyRequested(),
        rest <= 0 && notNow('This raffle has left nothing to be paid out.'),
        rest < amount && onlyLeft({ amount: rest, currency }),
        covered < amount && owesElsewhere({ amount: amount - covered, currency }),
      ].find((each) => each !== false) ?? null,
  }
}

/** The takings of the event in one currency. After it is settled, its payouts, refunds and disputes change what is left. */
async function owedByEvent(
  ctx: Ctx,
  { eventId, currency }: { eventId: string; currency: string },
): Promise<Owed> {
  const event = await findEventFor(ctx, eventId, 'payouts:request')
  const { organisationId } = event
  const ofEvent = leftOfEvent({ organisationId, eventId, currency })
  const purse = { organisationId, currency }
  const left = sql`(${leftForOrganiser(purse, UNPAID)} - ${keptBack(purse)})`
  const { rest, covered } = await ctx.db.get<Record<'rest' | 'covered', number>>(
    sql`SELECT ${ofEvent} AS rest, ${left} AS covered`,
  )
  return {
    of: { kind: 'organiser', raffleId: null, eventId, organisationId },
    left: { amount: rest, currency },
    guard: (amount) => sql`${isSettled(eventId)} AND ${ofEvent} >= ${amount} AND ${left} >= ${amount}`,
    refusal: (amount) =>
      [
        event.status === 'cancelled' && notNow('This event was cancelled: its buyers get their money back.'),
        event.settledAt === null &&
          notNow('This event is not over, or payments or refunds of it are still under way.'),
        rest <= 0 && notNow(`This event has no takings in ${currency} left to request.`),
        rest < amount && onlyLeft({ amount: rest, currency }),
        covered < amount && owesElsewhere({ amount: amount - covered, currency }),
      ].find((each) => each !== false) ?? null,
  }
}

/** All earnings, or a part. Later refunds make the next payout smaller, and the organisation may come to owe them. */
async function earnedByShop(
  ctx: Ctx,
  { organisationId, currency }: { organisationId: string; currency: string },
): Promise<Owed> {
  await requirePermission(ctx, organisationId, 'payouts:request')
  const earned = leftForShop({ organisationId, currency }, UNPAID)
  const { rest } = await ctx.db.get<{ rest: number }>(sql`SELECT ${earned} AS rest`)
  const nothing = `The shop has no earnings in ${currency} left to request.`
  return {
    of: { kind: 'shop', raffleId: null, organisationId },
    left: { amount: rest, currency },
    guard: (amount) => sql`${earned} >= ${amount}`,
    refusal: (amount) => {
      if (rest <= 0) return notNow(nothing)
      return rest < amount ? onlyLeft({ amount: rest, currency }) : null
    },
  }
}

const onlyLeft = (rest: Money) => notNow(`Only ${formatMoney(rest)} is left to request.`)
const notNow = (why: string) => new Problem('invalid_state', why)
const alreadyRequested = () => new Problem('conflict', 'This payout was already requested.')
