/** Changes an event: everything in a draft; after publication neither its times nor how tickets are paid. */
import { fieldsOf, insertAudit } from '../audit/insert-audit.ts'
import { requireOwnCategory } from '../catalog/find-product.ts'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem, validationFailed } from '../core/errors.ts'
import { wrongProviders } from '../money/providers/offered.ts'
import { mustBeAhead, mustBeOnline, placeColumns } from './columns.ts'
import type { Event, UpdateEvent } from './contract.ts'
import { findEventFor } from './find-event.ts'
import { foldEvent } from './folded-event.ts'
import { readEvent } from './read-event.ts'
import type { EventRow } from './schema.ts'
import { mustBeOpenToChange } from './ticket-types/read-type.ts'
import { bringAllIntoStep, makeAllDue } from './ticket-types/step.ts'
import { changedMeanwhile, guardedUpdate } from './touch-event.ts'

/** Buyers bought under them. `POST /events/{id}/postpone` moves an event to a later time and tells them. */
const FIXED = ['startsAt', 'endsAt', 'timeZone', 'providers', 'countries'] as const

export async function updateEvent(ctx: Ctx, id: string, { place, ...fields }: UpdateEvent): Promise<Event> {
  const event = await findEventFor(ctx, id, 'events:write')
  mustBeOpenToChange(event, ctx.now)
  await requireOwnCategory(ctx, fields.categoryId, event.organisationId)
  if (event.status === 'published') mustKeepFixed(event, fields)
  else {
    const errors = wrongProviders(ctx.settings, fields.providers)
    if (errors.length > 0) throw validationFailed(errors)
  }
  const changes = { ...fields, ...(place === undefined ? {} : placeColumns(place)) }
  const isFolded = fields.title !== undefined || place !== undefined
  const columns = isFolded ? { ...changes, folded: foldEvent({ ...event, ...changes }) } : changes
  if (event.status === 'draft' && columns.endsAt !== undefined) mustBeAhead(ctx, columns.endsAt)
  if ((columns.startsAt ?? event.startsAt) >= (columns.endsAt ?? event.endsAt))
    throw invalid(fields.endsAt === undefined ? 'startsAt' : 'endsAt', 'the start must come before the end')
  mustBeOnline({ venue: event.venue, onlineUrl: event.onlineUrl, ...columns })
  // Pools name the event to buyers.
  const isRenamed =
    event.status === 'published' && columns.title !== undefined && columns.title !== event.title
  const [changed] = await ctx.db.batch([
    guardedUpdate(ctx, event, columns),
    insertAudit(ctx, {
      action: 'event.updated',
      subject: { kind: 'event', id },
      organisationId: event.organisationId,
      fields: fieldsOf({ ...fields, place }),
    }),
    ...(isRenamed ? makeAllDue(ctx, id) : []),
  ])
  if (changed.length === 0) throw changedMeanwhile()
  if (isRenamed) await bringAllIntoStep(ctx, id)
  return readEvent(ctx, id)
}

function mustKeepFixed(event: EventRow, fields: Omit<UpdateEvent, 'place'>): void {
  const changed: string[] = FIXED.filter(
    (name) => fields[name] !== undefined && JSON.stringify(fields[name]) !== JSON.stringify(event[name]),
  )
  // Codes that are printed must not lose their worth.
  if (event.attendeeNames === 'none' && fields.attendeeNames === 'required') changed.push('attendeeNames')
  if (changed.length === 0) return
  throw new Problem(
    'invalid_state',
    `The event is published. These fields can no longer change: ${changed.join(', ')}. To move it to a later time, postpone it.`,
    { errors: changed.map((path) => ({ path, message: 'can no longer change' })) },
  )
}
