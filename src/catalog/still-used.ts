/** What still uses something that is to be deleted: named to whoever would delete it. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'

/** As many as are named in one answer. */
const MAX_NAMED = 3

/**
 * Selects the `name` of each thing outside the catalogue that uses a product or category. The catalogue knows none of
 * them; `app.ts` hands this in.
 */
export type UsersOf = (ctx: Ctx, used: { id: string; organisationId: string }) => SQL

/** Guards the deletion: `users` selects what each user is called, and is asked in the same statement. */
export const isUsed = (users: SQL): SQL => sql`EXISTS (${users})`

/** Throws where there are users, with what can be done about them. */
export async function requireUnused(ctx: Ctx, users: SQL, advice: string): Promise<void> {
  const found = await ctx.db.all<{ name: string }>(
    sql`SELECT name FROM (${users}) LIMIT ${sql.raw(String(MAX_NAMED + 1))}`,
  )
  if (found.length === 0) return
  const named = found.slice(0, MAX_NAMED).map(({ name }) => name)
  if (found.length > MAX_NAMED) named.push('others')
  throw new Problem('invalid_state', `Still used by ${named.join(', ')}. ${advice}`)
}
