/** The databases of the tests. */
import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

/** Applies every migration to each database. */
export async function migrateAll(): Promise<void> {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  await applyD1Migrations(env.SEARCH, env.TEST_SEARCH_MIGRATIONS)
}
