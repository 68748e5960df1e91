/**
 * A raffle's life as it is shown: a pure function of what is stored, what the pool said, and the time; and the same
 * rule as SQL, for lists. A test holds both to one table.
 */
import { type SQL, sql } from 'drizzle-orm'
import { pools } from '../tickets/schema.ts'
import type { RaffleStatus } from './contract.ts'
import { raffles, type StoredStatus } from './schema.ts'

/** What the status depends on. Instants in ms; `pool` is what D1 was last told, null before the publication. */
export interface LifeFacts {
  stored: StoredStatus
  opensAt: number
  closesAt: number
  pool: { closedAt: number | null; committed: boolean; cancelled: boolean } | null
}

/** The status at `now`. An instant belongs to what begins at it: at `closesAt` sales are closed. */
export function statusAt(facts: LifeFacts, now: number): RaffleStatus {
  const { stored, pool } = facts
  if (stored === 'draft') return 'draft'
  if (stored === 'cancelled' || pool?.cancelled) return 'cancelled'
  if (stored === 'settled' || stored === 'drawn') return stored
  if (pool?.committed) return 'committed'
  if (pool?.closedAt != null || now >= facts.closesAt) return 'closed'
  return now >= facts.opensAt ? 'open' : 'scheduled'
}

/** `statusAt` over `raffles` left-joined with `pools`. */
export const statusSql = (now: number): SQL<RaffleStatus> => sql<RaffleStatus>`CASE
  WHEN ${raffles.status} = 'draft' THEN 'draft'
  WHEN ${raffles.status} = 'cancelled' OR ${pools.cancellation} IS NOT NULL THEN 'cancelled'
  WHEN ${raffles.status} IN ('settled', 'drawn') THEN ${raffles.status}
  WHEN ${pools.commitment} IS NOT NULL THEN 'committed'
  WHEN ${pools.closedAt} IS NOT NULL OR ${now} >= ${raffles.closesAt} THEN 'closed'
  WHEN ${now} >= ${raffles.opensAt} THEN 'open'
  ELSE 'scheduled' END`
