/**
 * The real worker with instruments: rows counted, steps timed, and a pool that can be filled in bulk. The worker and
 * its objects share one isolate, so what is counted here is everything that either of them writes.
 */
import { holderTag, SALT_BYTES } from '../src/draws/rdp1/holder-tag.ts'
import { ISSUED, saleLeafHash } from '../src/draws/rdp1/log.ts'
import { CHUNK_LEAVES, MerkleFrontier } from '../src/draws/rdp1/merkle.ts'
import type { Bindings } from '../src/core/context.ts'
import worker, { TicketPool as RealPool } from '../src/index.ts'
import { packNumbers } from '../src/tickets/numbers.ts'
import { PoolStore } from '../src/tickets/pool-store.ts'
import { poolNameOf } from '../src/tickets/reservation-id.ts'
import { playerId, spread } from './players.ts'

/** Rows written since the start: an index's row counts, and so does each setting of an alarm. */
const rows = { object: 0, database: 0 }
/** What took how long, in order, since it was last asked. */
let steps: { step: string; ms: number }[] = []

let counting = false

/** Puts the counters under everything that writes, once an isolate. */
function count(storage: DurableObjectStorage, database: D1Database): void {
  if (counting) return
  counting = true
  const sql = Object.getPrototypeOf(storage.sql) as SqlStorage
  const { exec } = sql
  sql.exec = function counted(this: SqlStorage, ...query: Parameters<SqlStorage['exec']>) {
    const cursor = exec.apply(this, query)
    rows.object += cursor.rowsWritten
    return cursor
  } as SqlStorage['exec']
  const alarms = Object.getPrototypeOf(storage) as DurableObjectStorage
  const { setAlarm } = alarms
  alarms.setAlarm = function counted(this: DurableObjectStorage, ...time: Parameters<typeof setAlarm>) {
    rows.object++
    return setAlarm.apply(this, time)
  }
  const d1 = Object.getPrototypeOf(database) as D1Database
  const { batch } = d1
  d1.batch = async function counted<T>(this: D1Database, statements: D1PreparedStatement[]) {
    const results = await batch.call(this, statements)
    for (const { meta } of results) rows.database += meta.rows_written
    return results as D1Result<T>[]
  }
}

async function timed<Result>(step: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now()
  try {
    return await work()
  } finally {
    steps.push({ step, ms: performance.now() - start })
  }
}

export class TicketPool extends RealPool {
  #filled: { log: MerkleFrontier; seq: number } | undefined

  constructor(ctx: DurableObjectState, env: Bindings) {
    const start = performance.now()
    count(ctx.storage, env.DB)
    super(ctx, env)
    steps.push({ step: 'constructor', ms: performance.now() - start })
  }

  override async advance() {
    return timed('freeze and commit', () => super.advance())
  }

  override async draw(attempt: number, signature: string) {
    return timed('draw', () => super.draw(attempt, signature))
  }

  /** Forgets everything in memory: the next call constructs the object anew. */
  async restart(): Promise<void> {
    this.ctx.abort('bench: restart')
  }

  /**
   * Sells `count` tickets to as many holders, or all but two to one of three, in rows that are what `reserve` writes
   * (in a thousandth of the time). Nothing may be sold yet but by this; restart the object afterwards.
   */
  async fill(count: number, holders: 'many' | 'three', quantity: number): Promise<void> {
    const store = new PoolStore(this.ctx.storage.sql)
    const { raffle_id: raffleId, rules } = store.pool()!
    const { totalTickets } = JSON.parse(rules) as { totalTickets: number }
    this.#filled ??= { log: new MerkleFrontier(), seq: store.lastSeq() }
    const filled = this.#filled
    const at = Date.now()
    this.ctx.storage.transactionSync(() => {
      const end = Math.min(totalTickets, filled.log.size + count)
      while (filled.log.size < end) {
        const index = filled.log.size
        const who = holders === 'many' ? index : Math.max(0, index - (totalTickets - 3))
        const most = holders === 'many' || who > 0 ? 1 : Math.min(quantity, totalTickets - 2 - index)
        const numbers = Array.from({ length: Math.min(most, end - index) }, (_, i) =>
          spread(index + i, totalTickets),
        )
        const salt = new Uint8Array(SALT_BYTES).fill(who & 0xff)
        const holder = playerId(who)
        const tag = new Uint8Array(holderTag(raffleId, holder, salt))
        const seq = ++filled.seq
        store.insertReservation({
          seq,
          holder,
          key: `fill-${index}`,
          request: 'bench-fill-bench-fill-',
          numbers: packNumbers(numbers),
          tag: tag.buffer,
          salt: salt.buffer,
          at,
          held_until: null,
          log_index: index,
        })
        for (const number of numbers) {
          const chunk = filled.log.append(saleLeafHash(ISSUED, number, tag, at))
          if (chunk !== undefined) store.insertChunk(filled.log.size / CHUNK_LEAVES - 1, chunk, seq)
        }
      }
      store.setProjectedSeq(filled.seq)
    })
  }
}

interface Call {
  raffleId: string
  count: number
  holders: 'many' | 'three'
  quantity: number
}

export default {
  async fetch(request: Request, env: Bindings, ctx: ExecutionContext) {
    const { pathname } = new URL(request.url)
    if (!pathname.startsWith('/bench/')) return worker.fetch(request, env, ctx)
    const stub = (raffleId: string) =>
      env.TICKET_POOL.getByName(poolNameOf(raffleId)) as unknown as Omit<TicketPool, 'database'>
    switch (pathname) {
      case '/bench/rows':
        return Response.json(rows)
      case '/bench/steps': {
        const answer = Response.json(steps)
        steps = []
        return answer
      }
      case '/bench/fill': {
        const { raffleId, count, holders, quantity } = await request.json<Call>()
        await stub(raffleId).fill(count, holders, quantity)
        return Response.json({})
      }
      case '/bench/restart': {
        const { raffleId } = await request.json<Call>()
        await stub(raffleId)
          .restart()
          .catch(() => {})
        return Response.json({})
      }
      case '/bench/state': {
        const { raffleId } = await request.json<Call>()
        return Response.json(await timed('state', () => stub(raffleId).state()))
      }
      case '/bench/sweep':
        await worker.scheduled({ scheduledTime: Date.now() } as ScheduledController, env)
        return Response.json({})
    }
    return new Response(null, { status: 404 })
  },
} satisfies ExportedHandler<Bindings>
