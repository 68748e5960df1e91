/** Refuses a deletion while something still uses the row, and names the users. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'

/** How many users one message names. */
const MAX_NAMED = 3

/**
 * Selects the `name` of each raffle, series or template that uses a product or category. The catalogue must not import
 * them, so `app.ts` passes this in.
 */
export type UsersOf = (ctx: Ctx, used: { id: string; organisationId: string }) => SQL

/** The guard of a deletion. It runs in the same statement, so that no user can appear between check and deletion. */
export const isUsed = (users: SQL): SQL => sql`EXISTS (${users})`

/** Throws `invalid_state` if there are users, with their names and `advice`. */
export async function requireUnused(ctx: Ctx, users: SQL, advice: string): Promise<void> {
  const found = await ctx.db.all<{ name: string }>(
    sql`SELECT name FROM (${users}) LIMIT ${sql.raw(String(MAX_NAMED + 1))}`,
  )
  if (found.length === 0) return
  const named = found.slice(0, MAX_NAMED).map(({ name }) => name)
  if (found.length > MAX_NAMED) named.push('others')
  throw new Problem('invalid_state', `Still used by ${named.join(', ')}. ${advice}`)
}
