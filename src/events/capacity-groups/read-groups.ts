/** Reads capacity groups with the projected rows of their pools, for members who may edit the event. */
import { and, asc, eq, gt } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { notFound } from '../../core/errors.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../../core/paging.ts'
import { pools } from '../../tickets/schema.ts'
import { findEventFor } from '../find-event.ts'
import { type CapacityGroupRow, capacityGroups } from '../schema.ts'
import type { CapacityGroup } from './contract.ts'

interface Found {
  group: CapacityGroupRow
  /** Null: its pool has no terms yet. */
  pool: { sold: number; held: number } | null
}

const select = (ctx: Ctx) =>
  ctx.db
    .select({ group: capacityGroups, pool: { sold: pools.sold, held: pools.held } })
    .from(capacityGroups)
    .leftJoin(pools, eq(pools.pool, capacityGroups.pool))

export async function listCapacityGroups(
  ctx: Ctx,
  eventId: string,
  query: PageQuery,
): Promise<PageOf<CapacityGroup>> {
  await findEventFor(ctx, eventId, 'events:write')
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const rows = await select(ctx)
    .where(and(eq(capacityGroups.eventId, eventId), last && gt(capacityGroups.id, last[0])))
    .orderBy(asc(capacityGroups.id))
    .limit(query.limit + 1)
  return toPage(rows, query.limit, ({ group }) => [group.id], present)
}

export async function readGroup(ctx: Ctx, id: string): Promise<CapacityGroup> {
  const found = await select(ctx).where(eq(capacityGroups.id, id)).get()
  if (found === undefined) throw notFound('capacity group')
  return present(found)
}

function present({ group: { id, eventId, name, capacity }, pool }: Found): CapacityGroup {
  const { sold, held } = pool ?? { sold: 0, held: 0 }
  return { id, eventId, name, capacity, sold, held, available: Math.max(0, capacity - sold - held) }
}
