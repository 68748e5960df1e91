/**
 * Entries that admissions earn: a door prize. Every door leads to reservations of the event's ticket types, so a sweep
 * reads what changed in their pools and writes one grant for each valid admission. It asks to revoke the grants of those
 * that are valid no longer. The sale itself does nothing for it.
 */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { type Swept, sweepRows } from '../core/sweep-rows.ts'
import { SECOND_MS } from '../core/time.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { raffles } from '../raffles/schema.ts'
import { askPool } from '../tickets/client.ts'
import { isPerson } from '../tickets/is-person.ts'
import type { ChangedSlice } from '../tickets/pool-contract.ts'
import { pools } from '../tickets/schema.ts'
import { admissionRef } from './contract.ts'
import { admissionCursors, grants } from './schema.ts'
import { finishDueGrants } from './sweep-grants.ts'

const MAX_PASS_MS = 10 * SECOND_MS
const REVOKE_REASON = 'The admission is no longer valid.'

/** A pool whose admissions earn entries in a raffle. */
interface Door {
  id: string
  raffleId: string
  organisationId: string
  closesAt: number
  pool: string
  /** The last change that was read. */
  seq: number
}

const readUpTo = sql<number>`coalesce(${admissionCursors.seq}, 0)`

const selectDoors = (ctx: Ctx, which: SQL | undefined, limit: number): Promise<Door[]> =>
  ctx.db
    .select({
      id: sql<string>`${raffles.id} || ' ' || ${ticketTypes.pool}`,
      raffleId: raffles.id,
      organisationId: raffles.organisationId,
      closesAt: raffles.closesAt,
      pool: ticketTypes.pool,
      seq: readUpTo,
    })
    .from(raffles)
    .innerJoin(
      events,
      and(
        sql`${events.id} = ${raffles.earning}->>'eventId'`,
        eq(events.organisationId, raffles.organisationId),
      ),
    )
    .innerJoin(ticketTypes, eq(ticketTypes.eventId, events.id))
    .innerJoin(pools, eq(pools.pool, ticketTypes.pool))
    .leftJoin(
      admissionCursors,
      and(eq(admissionCursors.raffleId, raffles.id), eq(admissionCursors.pool, ticketTypes.pool)),
    )
    // The index of these raffles is found only by this very text.
    .where(and(sql`${raffles.status} = 'scheduled' AND ${raffles.earning}->>'per' = 'admission'`, which))
    .orderBy(asc(raffles.id), asc(ticketTypes.pool))
    .limit(limit)

/** Reads the pools that have changed, as far as D1 knows it. */
export function sweepAdmissions(ctx: Ctx): Promise<Swept> {
  const until = Date.now() + MAX_PASS_MS
  return sweepRows(ctx, {
    name: 'pool of a door prize',
    page: (limit) => selectDoors(ctx, sql`${pools.seq} > ${readUpTo}`, limit),
    one: (door) => readChanges(ctx, door, until),
  })
}

/**
 * The pool of a raffle calls this just before it freezes the list. Then D1 may be behind, so every pool is asked itself.
 * Never throws, so that the freeze settles its orders too.
 */
export async function earnBeforeFreeze(ctx: Ctx, raffleId: string): Promise<void> {
  const until = Date.now() + MAX_PASS_MS
  try {
    const doors = await selectDoors(ctx, eq(raffles.id, raffleId), MAX_DOORS)
    for (const door of doors) await readChanges(ctx, door, until)
    if (doors.length > 0) await finishDueGrants(ctx, eq(grants.raffleId, raffleId))
  } catch (error) {
    ctx.log.error('admissions not read before the freeze', { raffleId, error })
  }
}

/** More than an event has ticket types. */
const MAX_DOORS = 100

/** What is left at `until` (ms since 1970) is read by the next sweep. */
async function readChanges(ctx: Ctx, door: Door, until: number): Promise<void> {
  for (let { seq } = door; Date.now() < until; ) {
    const slice = await askPool(ctx, door.pool, (pool) => pool.changedSlice(seq))
    if (slice === null) return
    await record(ctx, { ...door, seq }, slice)
    if (slice.isLast) return
    seq = slice.upTo
  }
}

/**
 * Race: two sweeps may read the same changes, and the slower one an older state. Safe: a batch does nothing once the cursor
 * has moved.
 */
async function record(ctx: Ctx, door: Door, slice: ChangedSlice): Promise<void> {
  const { raffleId, pool, seq } = door
  const cursor = sql`coalesce((SELECT ${admissionCursors.seq} FROM ${admissionCursors}
    WHERE ${admissionCursors.raffleId} = ${raffleId} AND ${admissionCursors.pool} = ${pool}), 0)`
  const isTurn = sql`${cursor} = ${seq}`
  const valid = validAdmissions(door, slice)
  const refs = JSON.stringify(valid.map(([ref]) => ref))
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(grants)
        .select(sql`
          SELECT ${raffleId}, value->>0, ${door.organisationId}, value->>1, NULL, NULL, 1, 0, NULL, NULL, 'waiting',
                 NULL, NULL, NULL, ${ctx.now}, value->>2, ${ctx.now}, NULL
          FROM json_each(${JSON.stringify(valid)}) WHERE ${isTurn}`)
        .onConflictDoNothing(),
      ctx.db
        .update(grants)
        .set({ revokeAskedAt: ctx.now, revokeReason: REVOKE_REASON, dueAt: ctx.now })
        .where(
          sql`${grants.raffleId} = ${raffleId} AND ${grants.status} IN ('waiting', 'granted')
            AND ${grants.revokeAskedAt} IS NULL AND ${isTurn}
            AND ${isOfSlice(raffleId, slice)} AND ${grants.orderRef} NOT IN (SELECT value FROM json_each(${refs}))`,
        ),
      ctx.db
        .insert(admissionCursors)
        .select(sql`SELECT ${raffleId}, ${pool}, ${slice.upTo} WHERE ${isTurn}`)
        .onConflictDoUpdate({
          target: [admissionCursors.raffleId, admissionCursors.pool],
          set: { seq: slice.upTo },
        }),
    ]),
  )
}

/** The grants of the reservations that changed. A cancelled event has no valid admission left. */
function isOfSlice(raffleId: string, { reservations, isCancelled }: ChangedSlice): SQL {
  if (isCancelled) return sql`true`
  const ids = JSON.stringify(reservations.map(({ id }) => id))
  // A range of references: `;` is the character after `:`.
  return sql`${grants.orderRef} IN (
    SELECT known.order_ref FROM json_each(${ids}) AS changed CROSS JOIN ${grants} AS known
      ON known.raffle_id = ${raffleId}
      AND known.order_ref > changed.value || ':' AND known.order_ref < changed.value || ';')`
}

/** The reference, the holder and the time of each admission that was issued before the raffle closes. */
function validAdmissions(
  { closesAt }: Door,
  { reservations, isCancelled }: ChangedSlice,
): [ref: string, holder: string, at: number][] {
  if (isCancelled) return []
  return reservations.flatMap(({ id, holder, state, numbers, issuedAt }) => {
    const counts = state === 'sold' && issuedAt !== null && issuedAt < closesAt && isPerson(holder)
    return counts
      ? numbers.map((number): [string, string, number] => [admissionRef(id, number), holder, issuedAt])
      : []
  })
}
