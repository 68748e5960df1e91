/** Sweeps due rows: oldest first, a few at a time, within a time limit. One row's failure does not stop the others. */
import type { Ctx } from './context.ts'

/** The platform allows six open connections at once. */
const AT_A_TIME = 5
const ROWS_A_PAGE = 100
/** A sweep runs every minute and has several passes. Rows that are left are still due in the next sweep. */
const MAX_PASS_MS = 10_000

export interface RowSweep<Row extends { id: string }> {
  /** The kind of row, for the log. */
  name: string
  /** Reads the due rows, oldest first. A row that was done must no longer be due. */
  page(limit: number): Promise<Row[]>
  /** `ctx.now` is when the work on this row starts. A sweep has many jobs, so it may have begun minutes ago. */
  one(row: Row, ctx: Ctx): Promise<unknown>
  /** How long one pass may take; 10 s unless given. */
  maxPassMs?: number
}

export interface Swept {
  done: number
  failed: number
}

export async function sweepRows<Row extends { id: string }>(ctx: Ctx, sweep: RowSweep<Row>): Promise<Swept> {
  const swept: Swept = { done: 0, failed: 0 }
  const until = Date.now() + (sweep.maxPassMs ?? MAX_PASS_MS)
  const seen = new Set<string>()
  for (let stillDue = 0; ; ) {
    // Failed rows are still due and come first again. So each page is longer by their number, and they block no other row.
    const limit = ROWS_A_PAGE + stillDue
    const page = await sweep.page(limit)
    const queue = page.filter(({ id }) => !seen.has(id))
    if (queue.length === 0 && page.length < limit) return swept
    stillDue = page.length - queue.length
    for (const { id } of queue) seen.add(id)
    const worker = async () => {
      for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
        if (Date.now() >= until) return
        await sweepOne(ctx, sweep, row, swept)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, worker))
    if (Date.now() >= until) return swept
  }
}

async function sweepOne<Row extends { id: string }>(
  ctx: Ctx,
  { name, one }: RowSweep<Row>,
  row: Row,
  swept: Swept,
): Promise<void> {
  try {
    await one(row, { ...ctx, now: Date.now() })
    swept.done++
  } catch (error) {
    swept.failed++
    ctx.log.error('sweep: a row was not done', { kind: name, id: row.id, error })
  }
}

/** Does each part of one row's work, also after another part has failed. Then throws what went wrong. */
export async function doEach(parts: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = []
  for (const part of parts) {
    try {
      await part()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, 'several parts failed')
  if (errors.length === 1) throw errors[0]
}
