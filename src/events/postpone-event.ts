/**
 * Moves a published event to a later time. The time that it was published with is kept beside the new one. Holders are told
 * by mail, and for a while buyers may have their money back.
 */
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { DAY_MS, toInstant } from '../core/time.ts'
import type { Event, PostponeEvent } from './contract.ts'
import { findEventFor } from './find-event.ts'
import { startPostponedNotices } from './notices/start-notices.ts'
import { readEvent } from './read-event.ts'
import type { EventRow } from './schema.ts'
import { mustBeOpenToChange } from './ticket-types/read-type.ts'
import { bringAllIntoStep, makeAllDue } from './ticket-types/step.ts'
import { changedMeanwhile, guardedUpdate } from './touch-event.ts'

const REFUND_WINDOW_MS = 14 * DAY_MS
/** Holders read their mail within a day. A shorter time would leave them no choice. */
const SHORTEST_WINDOW_MS = DAY_MS
/** Each postponement is a mail to every holder. */
const BETWEEN_POSTPONEMENTS_MS = DAY_MS

export async function postponeEvent(ctx: Ctx, id: string, input: PostponeEvent): Promise<Event> {
  const { startsAt, endsAt, reason } = input
  const event = await findEventFor(ctx, id, 'events:write')
  if (event.status === 'draft') throw new Problem('invalid_state', 'This event is a draft: change its times.')
  mustBeOpenToChange(event, ctx.now)
  mustBeOnceADay(event, ctx.now)
  if (startsAt <= event.startsAt) throw invalid('startsAt', 'must come after the present start of the event')
  if (startsAt <= ctx.now) throw invalid('startsAt', 'must lie in the future')
  // The takings are the guests' until the event is over.
  if (endsAt < event.endsAt) throw invalid('endsAt', 'must not come before the present end of the event')
  const refundUntil = refundUntilOf(input, event, ctx.now)
  const [changed] = await ctx.db.batch([
    guardedUpdate(ctx, event, {
      startsAt,
      endsAt,
      firstStartsAt: event.firstStartsAt ?? event.startsAt,
      firstEndsAt: event.firstEndsAt ?? event.endsAt,
      postponedAt: ctx.now,
      postponeReason: reason,
      refundUntil,
    }),
    insertAudit(ctx, {
      action: 'event.postponed',
      subject: { kind: 'event', id },
      organisationId: event.organisationId,
    }),
    startPostponedNotices(ctx, event, { startsAt, refundUntil, reason }),
    // A sale without a closing time of its own ends with the event.
    ...makeAllDue(ctx, id),
  ])
  if (changed.length === 0) throw changedMeanwhile()
  await bringAllIntoStep(ctx, id)
  return readEvent(ctx, id)
}

function mustBeOnceADay({ postponedAt }: EventRow, now: number): void {
  if (postponedAt === null) return
  const next = postponedAt + BETWEEN_POSTPONEMENTS_MS
  if (now < next)
    throw new Problem(
      'limit_reached',
      `An event can be postponed once a day, because each time all holders are told: again at ${toInstant(next)}.`,
    )
}

/** What an earlier postponement has promised stays. The new start may come sooner than the shortest window ends. */
function refundUntilOf({ startsAt, refundUntil }: PostponeEvent, event: EventRow, now: number): number {
  const earliest = Math.max(now + SHORTEST_WINDOW_MS, event.refundUntil ?? 0)
  const latest = Math.max(earliest, startsAt)
  if (refundUntil === undefined) return Math.max(earliest, Math.min(now + REFUND_WINDOW_MS, latest))
  if (refundUntil < earliest)
    throw invalid('refundUntil', 'must leave holders at least a day, and the time that was promised before')
  if (refundUntil > latest) throw invalid('refundUntil', 'must not come after the new start of the event')
  return refundUntil
}
