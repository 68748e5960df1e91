/** Lists events: published ones for everybody, an organisation's drafts also for members who may edit them. */
import { and, asc, desc, eq, gte, lt, ne, sql } from 'drizzle-orm'
import * as z from 'zod'
import { hasPermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { fold } from '../core/fold.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { containsWords } from '../core/search.ts'
import type { Event, ListEvents } from './contract.ts'
import { selectEvents, typesOf } from './find-event.ts'
import { presentEvent } from './present.ts'
import { events } from './schema.ts'

/** The sort order comes first, because a cursor is valid only in the order that made it. */
const CursorKey = z.tuple([z.string(), z.number(), z.string()])

export async function listEvents(ctx: Ctx, query: ListEvents): Promise<PageOf<Event>> {
  const seesDrafts =
    query.organisationId !== undefined && (await hasPermission(ctx, query.organisationId, 'events:write'))
  const last = readCursor(query.cursor, CursorKey, query.sort)
  const isAscending = query.sort === 'startsAt'
  const direction = isAscending ? asc : desc
  const rows = await selectEvents(ctx)
    .where(
      and(
        // The index of published events is found only by this very text.
        seesDrafts ? undefined : ne(events.status, sql`'draft'`),
        ...(['organisationId', 'categoryId', 'country'] as const).map((name) =>
          query[name] === undefined ? undefined : eq(events[name], query[name]),
        ),
        query.city === undefined ? undefined : eq(events.foldedCity, fold(query.city)),
        query.from === undefined ? undefined : gte(events.startsAt, query.from),
        query.to === undefined ? undefined : lt(events.startsAt, query.to),
        query.q === undefined
          ? undefined
          : containsWords(sql`coalesce(${events.folded}, lower(${events.title}))`, query.q),
        last === undefined
          ? undefined
          : sql`(${events.startsAt}, ${events.id}) ${isAscending ? sql`>` : sql`<`} (${last[1]}, ${last[2]})`,
      ),
    )
    .orderBy(direction(events.startsAt), direction(events.id))
    .limit(query.limit + 1)
  const types = Map.groupBy(
    await typesOf(
      ctx,
      rows.map(({ event }) => event.id),
    ),
    ({ type }) => type.eventId,
  )
  return toPage(
    rows,
    query.limit,
    ({ event }) => [query.sort, event.startsAt, event.id],
    (found) => {
      const reader = { isMember: seesDrafts, now: ctx.now }
      return presentEvent(found, types.get(found.event.id) ?? [], reader)
    },
  )
}
