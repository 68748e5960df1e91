/** Reads a pool in bulk: slices of the ticket list, the log and the holders; and receipts with inclusion paths. */
import { toHex } from '../../rdp1/encoding.ts'
import { listCsvRows, type TicketList } from '../../rdp1/list.ts'
import { type EntryKind, ISSUED, logCsvRows, type SaleEntry, saleLeafHash, VOIDED } from '../../rdp1/log.ts'
import { CHUNK_LEAVES, nodeHash } from '../../rdp1/merkle.ts'
import {
  type FileSlice,
  type HolderSlice,
  type IssuedTickets,
  MAX_TICKETS_A_CALL,
  type Outcome,
  type ReservationSlice,
} from '../pool-contract.ts'
import { personOf } from '../seat-type.ts'
import type { Pool } from './pool.ts'
import { refuse } from './refusals.ts'
import type { PoolStore } from './store.ts'

/**
 * The rows of one slice; no event has more. Larger slices filled an isolate's memory: their buffers lived long enough
 * to count as old, and V8 rarely collects old buffers outside its heap.
 */
const ROWS_A_SLICE = MAX_TICKETS_A_CALL
const RESERVATIONS_A_SLICE = 500

export function listSlice(list: TicketList, start: number): FileSlice {
  const next = start + ROWS_A_SLICE
  return { rows: listCsvRows(list, start, ROWS_A_SLICE), next: next < list.numbers.length ? next : null }
}

/** The log after the event with `seq`: as many whole events as fit. It keeps no list of entries, to save memory. */
export function logSlice(store: PoolStore, seq: number): FileSlice {
  let next: number | null = seq
  function* slice(): Generator<SaleEntry> {
    let count = 0
    for (const event of entriesAfter(store, seq)) {
      count += event.entries.length
      if (count > ROWS_A_SLICE) return
      yield* event.entries
      next = event.seq
    }
    next = null
  }
  return { rows: logCsvRows(slice(), ROWS_A_SLICE), next }
}

/** The reservations after the one at `seq`: at most `most`, and no more than fit a slice. */
export function reservationSlice(pool: Pool, store: PoolStore, seq: number, most: number): ReservationSlice {
  const limit = Math.min(most, RESERVATIONS_A_SLICE)
  const rows = store.reservationsAfter(seq, limit)
  return {
    reservations: rows.map((row) => pool.fold(row).reservation),
    next: rows.length < limit ? null : rows.at(-1)!.seq,
  }
}

/**
 * Who waits for tickets, in the order of joining: after the place at `seq`, at most `most`. `typePool`: for this ticket type
 * of a capacity group.
 */
export function waitingSlice(
  store: PoolStore,
  seq: number,
  most: number,
  typePool: string | null,
): HolderSlice {
  const rows = store.waiting.after(seq, most, typePool)
  return {
    holders: rows.map(({ holder }) => personOf(holder)),
    next: rows.length < most ? null : rows.at(-1)!.seq,
  }
}

/** Holders of sold tickets, from the reservation after `seq` on. A holder may appear in several slices. */
export function holderSlice(pool: Pool, store: PoolStore, seq: number): HolderSlice {
  const rows = store.reservationsAfter(seq, RESERVATIONS_A_SLICE)
  const sold = rows.map((row) => pool.fold(row).reservation).filter(({ state }) => state === 'sold')
  return {
    holders: [...new Set(sold.map(({ holder }) => holder))],
    next: rows.length < RESERVATIONS_A_SLICE ? null : rows.at(-1)!.seq,
  }
}

/** A sold reservation with what its holder needs to check a draw: salt, places in the log, and inclusion paths. */
export function issuedTickets(
  pool: Pool,
  store: PoolStore,
  seq: number,
  id: string,
): Outcome<{ issued: IssuedTickets }> {
  const folded = pool.find(seq, id)
  if (folded === undefined) return refuse('not_found', 'No such reservation.')
  if (pool.raffle === null) return refuse('invalid_state', 'Only raffle tickets have receipts.')
  const { reservation, issued } = folded
  if (reservation.state !== 'sold' || reservation.logIndex === null || reservation.issuedAt === null) {
    return refuse('invalid_state', `A ${reservation.state} reservation has no receipt.`)
  }
  const salt = store.reservation(seq)!.salt
  const { size, root } = pool.raffle.log
  const pathOf = inclusionPaths(store, size)
  const places = new Map(issued.map((number, offset) => [number, reservation.logIndex! + offset]))
  const tickets = reservation.numbers.map((number) => {
    const logIndex = places.get(number)!
    return { number, logIndex, unixMs: reservation.issuedAt!, path: pathOf(logIndex).map(toHex) }
  })
  return {
    ok: true,
    issued: {
      reservation,
      salt: salt === null ? null : toHex(new Uint8Array(salt)),
      log: { size, root: toHex(root) },
      tickets,
      commitment: pool.record.commitment,
    },
  }
}

/**
 * The audit paths (RFC 6962 §2.1.1) of a log of this size. Each chunk's tree is built once for all paths through it,
 * because the pool sells nothing meanwhile, and a reservation may have a thousand tickets side by side.
 */
function inclusionPaths(store: PoolStore, size: number): (index: number) => Uint8Array[] {
  const chunks = store.chunks()
  const trees = new Map<number, Uint8Array[][]>()
  const treeOf = (chunk: number): Uint8Array[][] => {
    const known = trees.get(chunk)
    if (known !== undefined) return known
    // An event may span two chunks, so start at the event that completed the chunk before.
    const from = chunk === 0 ? 0 : chunks[chunk - 1]!.last_seq - 1
    const tree = treeOver(leavesOfChunk(store, chunk, from))
    trees.set(chunk, tree)
    return tree
  }
  const roots: Uint8Array[] = chunks.map(({ root }) => new Uint8Array(root))
  if (size > roots.length * CHUNK_LEAVES) roots.push(treeOf(roots.length).at(-1)![0]!)
  const top = treeOver(roots)
  return (index) => {
    const chunk = Math.floor(index / CHUNK_LEAVES)
    return [...siblings(treeOf(chunk), index % CHUNK_LEAVES), ...siblings(top, chunk)]
  }
}

/** A tree level by level, leaves first. A node without a neighbour rises unchanged, as in RFC 6962. */
function treeOver(leaves: Uint8Array[]): Uint8Array[][] {
  const levels = [leaves]
  for (let level = leaves; level.length > 1; ) {
    const above: Uint8Array[] = []
    for (let index = 0; index < level.length; index += 2) {
      const right = level[index + 1]
      above.push(right === undefined ? level[index]! : nodeHash(level[index]!, right))
    }
    levels.push(above)
    level = above
  }
  return levels
}

function siblings(levels: Uint8Array[][], index: number): Uint8Array[] {
  return levels.flatMap((level, height) => level[(index >>> height) ^ 1] ?? [])
}

function leavesOfChunk(store: PoolStore, chunk: number, afterSeq: number): Uint8Array[] {
  const first = chunk * CHUNK_LEAVES
  const leaves: Uint8Array[] = []
  for (const { logIndex, entries } of entriesAfter(store, afterSeq)) {
    for (let offset = 0; offset < entries.length; offset++) {
      const index = logIndex + offset
      if (index >= first + CHUNK_LEAVES) return leaves
      if (index < first) continue
      const { kind, number, tag, unixMs } = entries[offset]!
      leaves.push(saleLeafHash(kind, number, tag, unixMs))
    }
  }
  return leaves
}

/** The log's entries after an event, grouped by event. */
function* entriesAfter(
  store: PoolStore,
  afterSeq: number,
): Generator<{ seq: number; logIndex: number; entries: SaleEntry[] }> {
  for (const { seq, kind: change, numbers, tag, at, logIndex } of store.stepsAfter(afterSeq)) {
    if (logIndex === null) continue
    const kind: EntryKind = change === 'voided' ? VOIDED : ISSUED
    yield { seq, logIndex, entries: numbers.map((number) => ({ kind, number, tag, unixMs: at })) }
  }
}
