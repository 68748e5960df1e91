/** Lists the templates of all organisations whose raffles the caller may write, the newest first. */
import { and, desc, eq, lt, sql } from 'drizzle-orm'
import * as z from 'zod'
import { organisationsWith } from '../../accounts/permissions.ts'
import type { Ctx } from '../../core/context.ts'
import { type PageOf, readCursor, toPage } from '../../core/paging.ts'
import { raffleTemplates } from '../schema.ts'
import type { ListTemplates, RaffleTemplate } from './contract.ts'
import { selectTemplates } from './find-template.ts'
import { presentTemplate } from './present.ts'

export async function listTemplates(ctx: Ctx, query: ListTemplates): Promise<PageOf<RaffleTemplate>> {
  const mine = await organisationsWith(ctx, ['raffles:write'])
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const rows = await selectTemplates(ctx)
    .where(
      and(
        mine === null
          ? undefined
          : sql`${raffleTemplates.organisationId} IN (SELECT value FROM json_each(${JSON.stringify(mine)}))`,
        query.organisationId === undefined
          ? undefined
          : eq(raffleTemplates.organisationId, query.organisationId),
        last === undefined ? undefined : lt(raffleTemplates.id, last[0]),
      ),
    )
    .orderBy(desc(raffleTemplates.id))
    .limit(query.limit + 1)
  return toPage(rows, query.limit, ({ template }) => [template.id], presentTemplate)
}
