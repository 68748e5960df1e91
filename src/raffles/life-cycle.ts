/**
 * The public status of a raffle: a pure function of the stored status, the pool's projection and the time. Lists use the
 * same rule as SQL; a test checks both against one table.
 */
import { type Placeholder, type SQL, sql } from 'drizzle-orm'
import { pools } from '../tickets/schema.ts'
import type { RaffleStatus } from './contract.ts'
import { raffles, type StoredStatus } from './schema.ts'

/** The facts that determine the status. Instants in ms; `pool` is the last projection, null before publication. */
export interface LifeFacts {
  stored: StoredStatus
  opensAt: number
  closesAt: number
  pool: { closedAt: number | null; committed: boolean; cancelled: boolean } | null
}

/** The status at `now`. An instant belongs to the status that begins at it: at `closesAt` sales are closed. */
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
export const statusSql = (now: number | Placeholder): SQL<RaffleStatus> => sql<RaffleStatus>`CASE
  WHEN ${raffles.status} = 'draft' THEN 'draft'
  WHEN ${raffles.status} = 'cancelled' OR ${pools.cancellation} IS NOT NULL THEN 'cancelled'
  WHEN ${raffles.status} IN ('settled', 'drawn') THEN ${raffles.status}
  WHEN ${pools.commitment} IS NOT NULL THEN 'committed'
  WHEN ${pools.closedAt} IS NOT NULL OR ${now} >= ${raffles.closesAt} THEN 'closed'
  WHEN ${now} >= ${raffles.opensAt} THEN 'open'
  ELSE 'scheduled' END`
