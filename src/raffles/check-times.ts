/** Refuses times of a draft that could never be published, when it is saved and not only when it is published. */
import type { Ctx } from '../core/context.ts'
import { type FieldError, validationFailed } from '../core/errors.ts'
import { paymentSpanSeconds } from '../money/providers/payment-span.ts'
import { wrongTimes } from './publishable.ts'
import type { RulesColumns } from './terms.ts'

export const wrongTimesNow = (ctx: Ctx, raffle: RulesColumns): FieldError[] =>
  wrongTimes(raffle, {
    now: ctx.now,
    leadSeconds: ctx.settings.DRAW_LEAD_SECONDS,
    paymentSpanSeconds: paymentSpanSeconds(raffle, ctx.settings.HOLD_SECONDS),
  })

/** A draft whose times have passed can still change in everything else. */
export function checkChangedTimes(ctx: Ctx, raffle: RulesColumns, change: Partial<RulesColumns>): void {
  const { opensAt, closesAt, drawAt } = change
  if ((opensAt ?? closesAt ?? drawAt) === undefined) return
  const errors = wrongTimesNow(ctx, { ...raffle, ...change })
  if (errors.length > 0) throw validationFailed(errors)
}
