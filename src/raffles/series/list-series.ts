/** Lists series, the newest first. */
import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { type PageOf, readCursor, toPage } from '../../core/paging.ts'
import { series } from '../schema.ts'
import type { ListSeries, Series } from './contract.ts'
import { selectSeries } from './find-series.ts'
import { presentSeries } from './present.ts'

export async function listSeries(ctx: Ctx, query: ListSeries): Promise<PageOf<Series>> {
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const rows = await selectSeries(ctx)
    .where(
      and(
        query.organisationId === undefined ? undefined : eq(series.organisationId, query.organisationId),
        query.status === undefined ? undefined : inArray(series.status, query.status),
        last === undefined ? undefined : lt(series.id, last[0]),
      ),
    )
    .orderBy(desc(series.id))
    .limit(query.limit + 1)
  return toPage(rows, query.limit, (row) => [row.series.id], presentSeries)
}
