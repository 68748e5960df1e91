/**
 * The real worker with instruments: it counts rows, times loading, and can fill a pool in bulk. The worker and its
 * objects share one isolate, so the counts include everything that either of them writes.
 */
import { DurableObject } from 'cloudflare:workers'
import { type Bindings, createContext } from '../src/core/context.ts'
import { SettingsSchema } from '../src/core/settings.ts'
import { advanceDueRaffles } from '../src/draws/advance-due-raffles.ts'
import worker, { TicketPool as RealPool } from '../src/index.ts'
import { poolNameOf } from '../src/tickets/reservation-id.ts'
import { countCalls, countRows, counts } from './counters.ts'
import { copyRaffle, fillDatabase, fillPool, fillSearch, type Holders } from './fill.ts'

/** `BENCH_LIMITER`: a purchase limiter in memory, as on the platform, or Miniflare's own. */
type BenchBindings = Bindings & { BENCH_LIMITER: 'memory' | 'miniflare' }

/** The time that each object took to load, in ms. */
const loads: number[] = []

export { DatabaseWriter } from '../src/index.ts'

countCalls(RealPool.prototype, DurableObject.prototype)

export class TicketPool extends RealPool {
  constructor(ctx: DurableObjectState, env: Bindings) {
    countRows(ctx.storage, env.DB)
    const start = performance.now()
    super(ctx, env)
    loads.push(performance.now() - start)
  }

  /** Drops the object from memory: the next call loads it again. */
  async restart(): Promise<void> {
    this.ctx.abort('bench: restart')
  }

  /** Deletes the alarm, which would load the object in the next runtime. */
  async deleteAlarm(): Promise<void> {
    await this.ctx.storage.deleteAlarm()
  }

  /** Sells the first `count` tickets at once; see `fillPool`. */
  async fill(total: number, count: number, holders: Holders): Promise<void> {
    this.ctx.storage.transactionSync(() => fillPool(this.ctx.storage.sql, total, count, holders))
  }
}

/**
 * On the platform a rate limit is a counter in the machine's memory. Miniflare simulates it with a Durable Object that
 * writes a row for each call, which would slow down every purchase. This one counts in memory, as the platform does.
 */
function memoryLimiter(limit: number): RateLimit {
  const counts = new Map<string, number>()
  let minute = 0
  return {
    async limit({ key }: { key: string }) {
      const now = Math.floor(Date.now() / 60_000)
      if (now !== minute) counts.clear()
      minute = now
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      return { success: count <= limit }
    },
  }
}

let bindings: Bindings | undefined

/** The worker's bindings: one object, since the worker parses its settings once for each. */
function bindingsOf(env: BenchBindings): Bindings {
  bindings ??= env.BENCH_LIMITER === 'memory' ? { ...env, RATE_PURCHASE: memoryLimiter(100_000_000) } : env
  return bindings
}

interface Call {
  raffleId: string
  total: number
  count: number
  holders: Holders
}

export default {
  async fetch(request: Request, env: BenchBindings, ctx: ExecutionContext) {
    if (!request.url.includes('/bench/')) return worker.fetch(request, bindingsOf(env), ctx)
    const { pathname } = new URL(request.url)
    const stub = (raffleId: string) =>
      env.TICKET_POOL.getByName(poolNameOf(raffleId)) as unknown as Omit<TicketPool, 'database'>
    switch (pathname) {
      case '/bench/rows':
        return Response.json(counts)
      case '/bench/loads':
        return Response.json(loads)
      case '/bench/fill': {
        const { raffleId, total, count, holders } = await request.json<Call>()
        await stub(raffleId).fill(total, count, holders)
        if (holders === 'many') await fillDatabase(env.DB, poolNameOf(raffleId), count)
        return Response.json({})
      }
      case '/bench/copy-raffle': {
        const { raffleId, total } = await request.json<Call>()
        await copyRaffle(env.DB, raffleId, total)
        return Response.json({})
      }
      case '/bench/fill-search': {
        const { from, to } = await request.json<{ from: number; to: number }>()
        await fillSearch(createContext(env, SettingsSchema.parse(env), Date.now(), 'bench: fill'), from, to)
        return Response.json({})
      }
      case '/bench/restart': {
        const { raffleId } = await request.json<Call>()
        await stub(raffleId).deleteAlarm()
        await stub(raffleId)
          .restart()
          .catch(() => {})
        return Response.json({})
      }
      case '/bench/state': {
        const { raffleId } = await request.json<Call>()
        return Response.json(await stub(raffleId).state())
      }
      case '/bench/draw':
        await advanceDueRaffles(
          createContext(env, SettingsSchema.parse(env), Date.now(), 'bench: the draw alone'),
        )
        return Response.json({})
      case '/bench/sweep':
        await worker.scheduled({ scheduledTime: Date.now() } as ScheduledController, env)
        return Response.json({})
    }
    return new Response(null, { status: 404 })
  },
} satisfies ExportedHandler<BenchBindings>
