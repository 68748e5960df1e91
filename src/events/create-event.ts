/** Creates an event as a draft, which only its organisation sees. */
import { organisationFor, requirePermission } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import { requireOwnCategory } from '../catalog/find-product.ts'
import type { Ctx } from '../core/context.ts'
import { validationFailed } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { toSlug, withSuffix } from '../core/slug.ts'
import { wrongProviders } from '../money/providers/offered.ts'
import { mustBeAhead, mustBeOnline, placeColumns } from './columns.ts'
import type { CreateEvent, Event } from './contract.ts'
import { foldEvent } from './folded-event.ts'
import { readEvent } from './read-event.ts'
import { events } from './schema.ts'

export async function createEvent(
  ctx: Ctx,
  { organisationId: named, ...input }: CreateEvent,
): Promise<Event> {
  const organisationId = await organisationFor(ctx, named)
  await requirePermission(ctx, organisationId, 'events:write')
  await requireOwnCategory(ctx, input.categoryId, organisationId)
  mustBeAhead(ctx, input.endsAt)
  const errors = wrongProviders(ctx.settings, input.providers)
  if (errors.length > 0) throw validationFailed(errors)
  mustBeOnline({ venue: input.place?.venue ?? null, onlineUrl: input.onlineUrl })
  const { insert, id } = await insertDraft(ctx, organisationId, input)
  await ctx.db.batch([
    insert,
    insertAudit(ctx, { action: 'event.created', subject: { kind: 'event', id }, organisationId }),
  ])
  return readEvent(ctx, id)
}

/** The statement that inserts a new draft. */
async function insertDraft(
  ctx: Ctx,
  organisationId: string,
  { place, ...fields }: Omit<CreateEvent, 'organisationId'>,
) {
  const id = newId('event')
  const columns = { ...fields, ...placeColumns(place) }
  const insert = ctx.db.insert(events).values({
    ...columns,
    id,
    slug: await slugOf(fields.title, id),
    folded: foldEvent(columns),
    organisationId,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  })
  return { insert, id }
}

export const slugOf = async (title: string, id: string): Promise<string> =>
  withSuffix(await toSlug(title), 'event', id)
