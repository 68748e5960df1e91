/**
 * Decides scans at the door: one or many, in one way. The signature says that a ticket is genuine, its pool that it is still
 * sold, and one unique index of the database that nobody came in with it before.
 */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { type ErrorCode, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { nativeCrypto, signingKeyFromSeed } from '../core/native-crypto.ts'
import type { EventRow } from '../events/schema.ts'
import type { Reservation } from '../tickets/pool-contract.ts'
import { reservationAddress } from '../tickets/reservation-id.ts'
import { type Admission, type ReadCode, readCode } from './code.ts'
import { isLeaving } from './is-leaving.ts'
import { lacksName } from './own-admissions.ts'
import {
  type Facts,
  type First,
  type FoundScan,
  jsonOf,
  type Known,
  keyOf,
  knownByScan,
  readFacts,
  readReservations,
  selectByScan,
} from './scan-facts.ts'
import { type CheckInRow, COUNTS, checkIns, wasValid } from './schema.ts'

export interface Scan {
  code: string
  gate: string | null
  scanId: string | null
  /** ms since 1970. */
  scannedAt: number
}

export interface Refused {
  result: 'refused'
  code: ErrorCode
  reason: string
  /** The row of its scan, if there is one. */
  kept: CheckInRow | null
}

export type Taken =
  | Refused
  | { result: 'admitted'; checkIn: CheckInRow; typeName: string; attendeeName: string | null }
  /** `kept`: the row of a scan that lost, if it was stored. */
  | { result: 'alreadyIn'; first: First; kept: CheckInRow | null }

const refuse = (code: ErrorCode, reason: string, kept: CheckInRow | null = null): Refused => ({
  result: 'refused',
  code,
  reason,
  kept,
})

const GONE =
  'This ticket is no longer valid: it was never paid, or it was voided, refunded or passed on to somebody else.'

const UNDONE = 'This check-in was undone. If the person comes again, scan the ticket with another scanId.'

/**
 * The answers to `scans`, in their order. `keepsLost`: a scanner that was offline let these people in. So those with whose
 * ticket somebody is in already, or whose ticket has gone, are stored as conflicts.
 */
export async function takeScans(
  ctx: Ctx,
  event: EventRow,
  scans: readonly Scan[],
  { keepsLost }: { keepsLost: boolean },
): Promise<Taken[]> {
  const keys = [signingKeyFromSeed(ctx.settings.SIGNING_KEY).publicKey, ...ctx.settings.RETIRED_PUBLIC_KEYS]
  const codes = scans.map(({ code }) => readCode(code, keys, nativeCrypto))
  const [facts, reservations] = await Promise.all([
    readFacts(
      ctx,
      event.id,
      scans.map(({ scanId }) => scanId),
      codes,
    ),
    readReservations(ctx, codes),
  ])
  const judged = scans.map((scan, at) => judge(event, scan, codes[at]!, facts, reservations, keepsLost))
  const pending = judged.filter((each) => each.result === 'pending')
  const written = await write(ctx, event, pending, keepsLost)
  return judged.map((each) => {
    const outcome = each.result === 'pending' ? outcomeOf(each, written) : each
    return outcome.result === 'known' ? present(outcome, facts) : outcome
  })
}

// ——— The decision ———

/** A scan that lets somebody in, unless somebody is in already or the ticket has gone. */
interface Pending {
  result: 'pending'
  hasGone: boolean
  id: string
  scan: Scan
  admission: Admission
  ticketTypeId: string
  firstSeq: number
  holder: string
}

function judge(
  event: EventRow,
  scan: Scan,
  code: ReadCode,
  { typeOfPool, attendeeOf, repeats }: Facts,
  reservations: Map<string, Reservation>,
  keepsLost: boolean,
): Pending | Known | Refused {
  if (!code.ok) return refuse('validation_failed', code.reason)
  const repeat = scan.scanId === null ? undefined : repeats.get(scan.scanId)
  if (repeat !== undefined) return sameTicket(repeat, code)
  const type = typeOfPool.get(reservationAddress(code.reservationId).pool)
  if (type === undefined) return refuse('validation_failed', 'This ticket is for another event.')
  if (event.status === 'draft') return refuse('invalid_state', 'This event is not published.')
  if (event.status === 'cancelled') return refuse('invalid_state', 'This event is cancelled.')
  const reservation = reservations.get(code.reservationId)
  if (reservation === undefined) return refuse('invalid_state', GONE)
  const hasGone = reservation.state !== 'sold' || !reservation.numbers.includes(code.number)
  if (hasGone && !keepsLost) return refuse('invalid_state', GONE)
  if (!hasGone && lacksName(event, attendeeOf.get(keyOf(code)) ?? null))
    return refuse(
      'invalid_state',
      'Nobody has said yet who comes with this ticket. Its holder must set the name.',
    )
  return {
    result: 'pending',
    hasGone,
    id: newId('checkIn'),
    scan,
    admission: code,
    ticketTypeId: type.id,
    firstSeq: reservation.firstSeq,
    holder: reservation.holder,
  }
}

/** A scan that was sent before gets its first answer again. */
const sameTicket = (known: Known, admission: Admission): Known | Refused =>
  keyOf(known.row) === keyOf(admission)
    ? known
    : refuse('idempotency_mismatch', 'This scanId was used for another ticket.')

// ——— The write ———

interface Written {
  /** Who is in, by ticket. */
  inside: Map<string, CheckInRow>
  repeats: Map<string, Known>
}

/** A ticket, whoever holds it: its ticket type, its number, and in which reservation the number was first sold. */
const ticketOf = (row: Pick<CheckInRow, 'ticketTypeId' | 'number' | 'firstSeq'>): string =>
  `${row.ticketTypeId} ${row.number} ${row.firstSeq}`

/**
 * One transaction. Race: two gates scan a ticket at the same moment. D1 runs their statements one after the other, and the
 * unique index `check_ins_once` lets only the first in. Race: a ticket is refunded, given back or passed on after its
 * pool was asked. Safe: each is written to D1 before the pool acts, and the statement that lets somebody in reads it.
 */
async function write(ctx: Ctx, event: EventRow, pending: Pending[], keepsLost: boolean): Promise<Written> {
  if (pending.length === 0) return { inside: new Map(), repeats: new Map() }
  const rows = jsonOf(
    pending.map(({ id, scan, admission, ticketTypeId, firstSeq, holder, hasGone }) => [
      id,
      ticketTypeId,
      admission.reservationId,
      admission.number,
      firstSeq,
      // A scanner's clock may be ahead of ours.
      Math.min(scan.scannedAt, ctx.now),
      scan.gate,
      scan.scanId,
      holder,
      hasGone,
    ]),
  )
  const insert = (conflictWith: ReturnType<typeof sql>, from: ReturnType<typeof sql>) =>
    ctx.db
      .insert(checkIns)
      .select(sql`
        SELECT ${event.id}, scan.value->>0, scan.value->>1, scan.value->>2, scan.value->>3, scan.value->>4,
               scan.value->>5, ${ctx.now}, ${ctx.actor!.userId}, scan.value->>6, scan.value->>7, ${conflictWith},
               NULL, NULL, NULL
        FROM ${rows} AS scan ${from}`)
      .onConflictDoNothing()
  const inside = sql`${checkIns.ticketTypeId} = scan.value->>1 AND ${checkIns.number} = scan.value->>3
    AND ${checkIns.firstSeq} = scan.value->>4 AND ${COUNTS}`
  const statements = [
    ctx.db
      .select({ row: checkIns })
      .from(checkIns)
      .where(
        sql`(${checkIns.ticketTypeId}, ${checkIns.number}, ${checkIns.firstSeq})
          IN (SELECT value->>1, value->>3, value->>4 FROM ${rows}) AND ${COUNTS}`,
      ),
    selectByScan(
      ctx,
      event.id,
      pending.map(({ scan }) => scan.scanId),
    ),
  ] as const
  const ticket = {
    reservationId: sql`scan.value->>2`,
    number: sql`scan.value->>3`,
    holder: sql`scan.value->>8`,
    isOver: event.endsAt <= ctx.now,
  }
  const admit = insert(sql`NULL`, sql`WHERE NOT scan.value->>9 AND NOT ${isLeaving(ticket)}`)
  // Nobody is in with a ticket that has gone: its scan is in conflict with itself.
  const keep = insert(
    sql`coalesce(${checkIns.id}, scan.value->>0)`,
    sql`LEFT JOIN ${checkIns} ON ${inside} WHERE ${checkIns.id} IS NOT scan.value->>0`,
  )
  const [present, repeats] = keepsLost
    ? (await ctx.db.batch([admit, keep, ...statements])).slice(2)
    : (await ctx.db.batch([admit, ...statements])).slice(1)
  return {
    inside: new Map((present as { row: CheckInRow }[]).map(({ row }) => [ticketOf(row), row])),
    repeats: knownByScan(repeats as FoundScan[]),
  }
}

function outcomeOf(
  { id, scan, admission, ticketTypeId, firstSeq }: Pending,
  { inside, repeats }: Written,
): Known | Refused | Taken {
  const first = inside.get(ticketOf({ ticketTypeId, number: admission.number, firstSeq }))
  if (first?.id === id) return { result: 'known', row: first, first: null }
  const known = scan.scanId === null ? undefined : repeats.get(scan.scanId)
  if (known !== undefined) return sameTicket(known, admission)
  // It was refunded, given back or passed on since its pool was asked, and is not kept.
  if (first === undefined) return refuse('invalid_state', GONE)
  return { result: 'alreadyIn', first, kept: null }
}

function present({ row, first }: Known, { nameOfType, attendeeOf }: Facts): Taken {
  if (!wasValid(row)) return refuse('invalid_state', GONE, row)
  if (first !== null) return { result: 'alreadyIn', first, kept: row }
  if (row.undoneAt !== null) return refuse('invalid_state', UNDONE, row)
  const typeName = nameOfType.get(row.ticketTypeId)!
  return { result: 'admitted', checkIn: row, typeName, attendeeName: attendeeOf.get(keyOf(row)) ?? null }
}

/** The refusal as the problem that a client reads. */
export const asProblem = ({ code, reason }: Refused): Problem =>
  new Problem(
    code,
    reason,
    code === 'validation_failed' ? { errors: [{ path: 'code', message: reason }] } : {},
  )
