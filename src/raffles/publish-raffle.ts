/** Publishes a draft: the pool accepts the terms first and D1 follows, so that nothing is sold under unknown terms. */
import { and, eq } from 'drizzle-orm'
import { requireApproval } from '../accounts/priced-sales.ts'
import type { Ctx } from '../core/context.ts'
import { type FieldError, notFound, Problem, validationFailed } from '../core/errors.ts'
import { automaticProviders, whyNotProvider } from '../money/providers/index.ts'
import { paymentSpanSeconds } from '../money/providers/payment-span.ts'
import {
  narrowedProviders,
  type Offer,
  type Selling,
  sellingOf,
  whyNotOffered,
} from '../money/selling-terms.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import { applyTerms } from './apply-terms.ts'
import type { Raffle } from './contract.ts'
import { findRaffleFor } from './find-raffle.ts'
import { isCovered, raisedCover, whyNotCovered } from './guarantee.ts'
import { statusAt } from './life-cycle.ts'
import { wrongOfficialDraw } from './official-draw.ts'
import { wrongReferences } from './own-references.ts'
import { lifeFacts } from './present.ts'
import { setSeatsAside } from './prize-seats.ts'
import { setPrizesAside } from './prize-stock.ts'
import { whyNotPublish } from './publishable.ts'
import { readRaffle } from './read-raffle.ts'
import { type FollowUp, followUp } from './schedule-sweep.ts'
import { type RaffleRow, raffles } from './schema.ts'
import { type RulesColumns, termsOf } from './terms.ts'

export async function publishRaffle(ctx: Ctx, id: string): Promise<Raffle> {
  const { raffle, pool } = await findRaffleFor(ctx, id, 'raffles:write')
  const status = statusAt(lifeFacts(raffle, pool), ctx.now)
  if (status !== 'draft') throw new Problem('invalid_state', `This raffle is ${status} already.`)
  await handOver(ctx, raffle)
  return readRaffle(ctx, id)
}

/** The providers that it names. With a price and without a name: all that need no operator. */
function providersOf(
  ctx: Ctx,
  { priceAmount, priceCurrency, providers }: Pick<RaffleRow, 'priceAmount' | 'priceCurrency' | 'providers'>,
  selling?: Selling,
): RaffleRow['providers'] {
  if (priceAmount === 0 || providers.length > 0) return providers
  const all = automaticProviders(ctx.settings, { amount: priceAmount, currency: priceCurrency })
  return selling === undefined ? all : narrowedProviders(selling, all)
}

const offerOf = ({ status, priceAmount, priceCurrency, providers, countries }: RaffleRow): Offer => ({
  currencies: priceAmount === 0 ? {} : { 'ticketPrice.currency': priceCurrency },
  providers: priceAmount === 0 ? [] : providers,
  countries: status === 'draft' ? countries : null,
})

/** Every reason why these terms cannot be published here and now. */
export const whyNotPublishNow = (ctx: Ctx, given: Terms): FieldError[] =>
  whyNotPublishAs(ctx, { ...given, providers: providersOf(ctx, given) })

type Terms = RulesColumns & Pick<RaffleRow, 'earning'>

/** The same for terms that have their providers already. */
function whyNotPublishAs(ctx: Ctx, raffle: Terms): FieldError[] {
  return whyNotPublish(raffle, {
    now: ctx.now,
    leadSeconds: ctx.settings.DRAW_LEAD_SECONDS,
    paymentSpanSeconds: paymentSpanSeconds(raffle, ctx.settings.HOLD_SECONDS),
    hasTurnstile: ctx.settings.TURNSTILE_SITE_KEY !== undefined,
    whyNotProvider: (provider) =>
      whyNotProvider(provider, ctx.settings, {
        amount: raffle.priceAmount,
        currency: raffle.priceCurrency,
      }),
  })
}

/**
 * Checks a raffle's terms, gives them to its pool as the next version, and stores them once the pool has accepted.
 * `changed` names the rules that differ from the version before.
 */
export async function handOver(ctx: Ctx, given: RaffleRow, changed: string[] = []): Promise<void> {
  const selling = await sellingOf(ctx, given.organisationId)
  const raffle = {
    ...given,
    providers: providersOf(ctx, given, selling),
    // Publication fixes them, so that a change of the organisation does not reach a raffle that is on sale.
    countries: given.status === 'draft' ? (given.countries ?? selling.countries) : given.countries,
  }
  const errors = [
    ...whyNotPublishAs(ctx, raffle),
    ...whyNotOffered(selling, offerOf(raffle)),
    ...(await wrongOfficialDraw(ctx, raffle)),
    ...(raffle.status === 'draft'
      ? await wrongReferences(ctx, raffle.organisationId, raffle, raffle.drawAt)
      : []),
  ]
  if (errors.length > 0) throw validationFailed(errors)
  // Earned entries make people take part without a word of theirs, so not everybody may give them.
  if (raffle.priceAmount > 0 || raffle.entry === 'order') await requireApproval(ctx, raffle.organisationId)
  const change = followUp()
  await recordHandOver(ctx, raffle, change)
  const terms = termsOf(raffle, ctx.settings)
  const outcome = await askPool(ctx, raffle, (pool) =>
    pool.configure(raffle.id, raffle.termsVersion + 1, terms, change.until),
  )
  const { version } = orThrow(outcome)
  await applyTerms(ctx, raffle.id, version, terms, changed)
}

/**
 * After this the sweep repairs a crash. It also protects a draft against deletion and its rules against changes: so the
 * pool gets the terms of the row.
 */
async function recordHandOver(ctx: Ctx, raffle: RaffleRow, change: FollowUp): Promise<void> {
  if (raffle.status === 'draft') {
    // First, because a refusal of a pool then leaves the draft as it was.
    await setSeatsAside(ctx, raffle, change)
    return setPrizesAside(ctx, raffle, change)
  }
  const scheduled = await ctx.db
    .update(raffles)
    .set({ dueAt: change.dueAt, cover: raisedCover(raffle) })
    .where(and(eq(raffles.id, raffle.id), isCovered(raffle)))
    .returning({ id: raffles.id })
  if (scheduled.length > 0) return
  const left = await ctx.db.select({ id: raffles.id }).from(raffles).where(eq(raffles.id, raffle.id)).get()
  // The raffle was deleted meanwhile: its pool must not start to sell.
  if (left === undefined) throw notFound('raffle')
  // If the money has arrived since, a repeat succeeds.
  throw (
    (await whyNotCovered(ctx, raffle)) ?? new Problem('conflict', 'The balance has just changed. Try again.')
  )
}
