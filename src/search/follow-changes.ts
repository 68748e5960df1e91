/**
 * Brings the index into step with the main database: first the changes since the last time, then the next part of a rebuild
 * if one is under way. It may run several times at once, and may die at any point: what it has not done is done again.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { documentsOf } from './documents.ts'
import { type Progress, readProgress, runTogether, searchDatabase } from './search-database.ts'
import { madeAt, readChanged, readMadeAfter, type Sources } from './sources.ts'
import { type ReadAt, statementsToDrop, statementsToForget, statementsToList } from './write-documents.ts'

/** How many rows of an earlier rebuild are deleted at once. */
const FORGOTTEN_AT_ONCE = 500

/** Changes that stay in the main database, for an index that was restored to an earlier time. */
const KEPT_CHANGES = 10_000
/** How many changes one sweep deletes. */
const PURGED_AT_ONCE = 5_000

/** Goes on until nothing is left to do, or `mostMs` have passed. */
export async function followChanges(ctx: Ctx, mostMs: number): Promise<void> {
  const until = Date.now() + mostMs
  while ((await takeStep(ctx)) && Date.now() < until) {
    // Each step is one page.
  }
}

/** Returns whether more is left. */
async function takeStep(ctx: Ctx): Promise<boolean> {
  const progress = await readProgress(ctx)
  const { clock, walk } = progress
  if (clock === null) return beginRebuild(ctx)
  const changed = await readChanged(ctx, clock)
  if (isLost(changed, clock)) {
    ctx.log.warn('search: the index does not fit the database, so it is rebuilt', {
      clock,
      oldest: changed.oldest,
      newest: changed.newest,
    })
    await runTogether(ctx, [sql`UPDATE progress SET clock = NULL WHERE clock = ${clock}`])
    return true
  }
  if (changed.ids.length > 0) return takeChanges(ctx, progress, changed)
  return walk === null ? false : takeWalk(ctx, progress, walk)
}

/** One of the databases was restored to an earlier time, so changes are missing between the two. */
const isLost = ({ oldest, newest }: Sources, clock: number): boolean => newest < clock || oldest > clock + 1

/** From here on changes are followed again, and the walk finds everything that was there before. */
async function beginRebuild(ctx: Ctx): Promise<boolean> {
  const { newest } = await readChanged(ctx, 0)
  await runTogether(ctx, [
    sql`UPDATE progress SET pass = pass + 1, clock = ${newest}, walk = '', began_at = ${ctx.now} WHERE clock IS NULL`,
  ])
  return true
}

async function takeChanges(ctx: Ctx, { pass, walk }: Progress, changed: Sources): Promise<boolean> {
  await runTogether(ctx, [
    ...write(changed, { pass, version: changed.newest }, true),
    // Race: a rebuild may have begun since. Its walk refuses what was written here, so these changes are followed again.
    sql`UPDATE progress SET clock = max(clock, ${changed.upTo}) WHERE pass = ${pass}`,
  ])
  return walk !== null || changed.upTo < changed.newest
}

async function takeWalk(ctx: Ctx, { pass }: Progress, walk: string): Promise<boolean> {
  const made = await readMadeAfter(ctx, walk)
  const last = made.ids.at(-1)
  if (last !== undefined) {
    await runTogether(ctx, [
      ...write(made, { pass, version: made.newest }, false),
      sql`UPDATE progress SET walk = ${madeAt(last)} WHERE pass = ${pass} AND walk = ${walk}`,
    ])
    return true
  }
  const left = await searchDatabase(ctx).get<{ pass: number } | undefined>(sql`
    SELECT pass FROM documents WHERE pass < ${pass} UNION ALL SELECT pass FROM vocabulary WHERE pass < ${pass} LIMIT 1`)
  await runTogether(
    ctx,
    left === undefined
      ? [sql`UPDATE progress SET walk = NULL WHERE pass = ${pass}`]
      : statementsToForget(pass, FORGOTTEN_AT_ONCE),
  )
  return left !== undefined
}

/** `drops`: what is not listed leaves the index. A walk leaves it to the end, when all that it has not found goes. */
function write(sources: Sources, at: ReadAt, drops: boolean): SQL[] {
  const documents = documentsOf(sources)
  const listed = new Set(documents.map(({ id }) => id))
  return [
    ...documents.flatMap((document) => statementsToList(document, at)),
    ...(drops ? sources.ids.filter((id) => !listed.has(id)).flatMap((id) => statementsToDrop(id, at)) : []),
  ]
}

/** Deletes changes that the index has long had. */
export async function purgeChanges(ctx: Ctx): Promise<void> {
  const { clock } = await readProgress(ctx)
  if (clock === null || clock <= KEPT_CHANGES) return
  await ctx.db.run(sql`
    DELETE FROM search_changes WHERE seq IN (
      SELECT seq FROM search_changes WHERE seq <= ${clock - KEPT_CHANGES} ORDER BY seq LIMIT ${PURGED_AT_ONCE})`)
}
