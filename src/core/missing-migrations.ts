/** Which migrations the database lacks. The worker is not ready without them: they are applied before a deploy. */

import { sql } from 'drizzle-orm'
import journal from '#migrations' with { type: 'json' }
import type { Ctx } from './context.ts'
import { isSchemaMissing } from './database.ts'
import { Problem } from './errors.ts'
import type { Settings } from './settings.ts'

/** As wrangler names them in its table. */
const FILES: readonly string[] = journal.entries.map(({ tag }) => `${tag}.sql`)

const RETRY_AFTER_SECONDS = 30

const commandOf = ({ ENVIRONMENT }: Settings): string =>
  `npx wrangler d1 migrations apply DB ${ENVIRONMENT === 'production' ? '--env production --remote' : '--local'}`

/** What is missing and the command that applies it: for the log and the health token. Null: nothing is missing. */
export async function whatIsMissing(ctx: Ctx): Promise<{ migrations: string; command: string } | null> {
  const missing = await missingFiles(ctx)
  return missing.length === 0 ? null : { migrations: missing.join(', '), command: commandOf(ctx.settings) }
}

async function missingFiles({ db }: Ctx): Promise<readonly string[]> {
  try {
    const rows = await db.all<{ name: string }>(
      sql`SELECT value AS name FROM json_each(${JSON.stringify(FILES)}) WHERE value NOT IN (SELECT name FROM d1_migrations)`,
    )
    return rows.map(({ name }) => name)
  } catch (error) {
    // Wrangler makes its table with the first migration.
    if (isSchemaMissing(error)) return FILES
    throw error
  }
}

/** Logs what is missing, if anything is. Null: nothing is, or the database does not answer. */
export async function logMissingMigrations(ctx: Ctx): Promise<Problem | null> {
  const missing = await whatIsMissing(ctx).catch(() => null)
  if (missing === null) return null
  ctx.log.error('the database lacks migrations', missing)
  return new Problem('unavailable', 'Not ready.', { retryAfterSeconds: RETRY_AFTER_SECONDS })
}
