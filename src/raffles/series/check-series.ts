/** The rules for a whole series: its times are in order, a day lies ahead, and its raffles can be published. */
import type { Ctx } from '../../core/context.ts'
import { invalid, validationFailed } from '../../core/errors.ts'
import { sellingOf, whyNotOffered } from '../../money/selling-terms.ts'
import type { SeriesRow } from '../schema.ts'
import { daysAfter, type Schedule } from './occurrences.ts'
import { whyNotDay } from './raffle-of-day.ts'

export function checkSeries(ctx: Ctx, series: Schedule & Pick<SeriesRow, 'title' | 'terms'>): void {
  if (series.closesBefore >= series.opensBefore) {
    throw invalid('closesBefore', 'entries must open before they close')
  }
  if (series.endsOn !== null && series.endsOn < series.startsOn) {
    throw invalid('endsOn', 'must not come before startsOn')
  }
  const [next] = daysAfter(series, ctx.now)
  if (next === undefined) throw invalid('endsOn', 'no draw is left before this date')
  const errors = whyNotDay(ctx, series, next)
  if (errors.length > 0) throw validationFailed(errors)
}

/** Throws if the organisation does not sell so: none of its raffles could be published. */
export async function requireSold(
  ctx: Ctx,
  { organisationId, terms }: Pick<SeriesRow, 'organisationId' | 'terms'>,
): Promise<void> {
  const { amount, currency } = terms.ticketPrice
  const errors = whyNotOffered(await sellingOf(ctx, organisationId), {
    currencies: amount === 0 ? {} : { 'ticketPrice.currency': currency },
    providers: amount === 0 ? [] : terms.providers,
    countries: terms.countries ?? null,
  })
  if (errors.length === 0) return
  throw validationFailed(errors.map(({ path, message }) => ({ path: `terms.${path}`, message })))
}
