// A search must not show an old title for ever because somebody added a column without its trigger. So each column of the
// tables that the index is made from is named here: either a trigger notes its changes, or it says why not.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'

const FOLDER = join(import.meta.dirname, '../../migrations')

/** Columns that no search finds, shows, filters or sorts by. */
const NOT_SEARCHED: Record<string, string> = {
  events: `id revision time_zone first_starts_at first_ends_at postpone_reason refund_until online_url published_at providers
    cancelled_at cancel_reason created_at updated_at folded settled_at attendee_names transferable folded_city countries
    filled_in`,
  raffles: `id pool series_id terms_version revision time_zone total_tickets max_per_user numbering prizes win_policy min_tickets
    rake_bps guaranteed providers entry entrants staff_may_enter challenge earning pool_location draw claim_days on_unclaimed
    max_redraws early_close close_note drawn_attempts due_at created_at updated_at cover folded
    accepted_results refused_results countries`,
  products: 'id kind stock created_at updated_at folded sorted_title sorted_by',
  pools: `pool raffle_id seq terms_version terms total sold held close_reason freeze_at effective_draw_at log_size log_root due_at waiting seat_types`,
  ticket_types: `id pool event_id position name description capacity max_per_user opens_at closes_at revision change terms_version
    due_at created_at updated_at capacity_group_id`,
  categories: 'id organisation_id created_at updated_at folded sorted_by',
  organisations: '*',
}

const migrated = (): DatabaseSync => {
  const database = new DatabaseSync(':memory:')
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.sql'))
  for (const file of files.sort()) database.exec(readFileSync(join(FOLDER, file), 'utf8'))
  return database
}

it.each(Object.keys(NOT_SEARCHED))('every column of %s is searched, or named here', (table) => {
  const database = migrated()
  const triggers = database
    .prepare(`SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? AND name = ?`)
    .all(table, `${table}_searched`)
  const noted = [...String(triggers[0]?.sql).matchAll(/AFTER UPDATE OF (.+?) ON/gs)].flatMap(([, names]) =>
    names!.split(',').map((name) => name.trim().replaceAll('`', '')),
  )
  const columns = database
    .prepare('SELECT name FROM pragma_table_xinfo(?)')
    .all(table)
    .map(({ name }) => String(name))
  expect(noted.length).toBeGreaterThan(0)
  expect(columns).toEqual(expect.arrayContaining(noted))
  const named = NOT_SEARCHED[table]!.split(/\s+/)
  if (named.includes('*')) return
  expect(columns.filter((name) => !noted.includes(name) && !named.includes(name))).toEqual([])
  expect(noted.filter((name) => named.includes(name))).toEqual([])
})
