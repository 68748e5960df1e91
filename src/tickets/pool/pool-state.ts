/** A pool's whole state for others, so that a newer one simply replaces an older one. */
import { toHex } from '../../rdp1/encoding.ts'
import type { PoolState } from '../pool-contract.ts'
import type { Pool } from './pool.ts'

export function poolState(pool: Pool): PoolState {
  const { raffle, record, early } = pool
  const { commitment, cancellation } = record
  const freezeAt = raffle?.clock.freezeAt ?? null
  return {
    pool: pool.name,
    itemId: pool.itemId,
    seq: pool.seq,
    termsVersion: pool.termsVersion,
    terms: pool.terms,
    total: pool.sale.total,
    sold: pool.sold,
    held: pool.held,
    waiting: pool.waiting,
    seatTypes: pool.queue.bySeatType,
    closedAt: early?.at ?? null,
    closeReason: early?.reason ?? null,
    freezeAt,
    effectiveDrawAt: commitment?.effectiveDrawAt ?? raffle?.clock.effectiveDrawAt ?? null,
    logSize: raffle?.log.size ?? 0,
    logRoot: raffle === null ? '' : toHex(raffle.log.root),
    commitment,
    cancellation,
    dueAt: pool.isOver ? record.pendingDrawAt() : freezeAt,
  }
}
