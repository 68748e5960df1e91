/** How the sweep works through rows that are due: oldest first, a few at a time, bounded; one row's failure stops no other. */
import type { Ctx } from './context.ts'

/** The platform lets six connections be open at once. */
const AT_A_TIME = 5
const ROWS_A_PAGE = 100
/** Of a minute. What is left is still due in the next sweep. */
const MAX_PASS_MS = 10_000

export interface Chore<Row extends { id: string }> {
  /** What a row is, for the log. */
  name: string
  /** The rows that are due, oldest first. What has been done is not due any more. */
  page(limit: number): Promise<Row[]>
  one(row: Row): Promise<unknown>
  /** How long one pass may take; 10 s unless given. */
  maxPassMs?: number
}

export interface Swept {
  done: number
  failed: number
}

export async function sweepRows<Row extends { id: string }>(ctx: Ctx, chore: Chore<Row>): Promise<Swept> {
  const swept: Swept = { done: 0, failed: 0 }
  const until = Date.now() + (chore.maxPassMs ?? MAX_PASS_MS)
  const seen = new Set<string>()
  for (let again = 0; ; ) {
    // What could not be done is still due: a page longer by that, so that it does not starve the rest.
    const limit = ROWS_A_PAGE + again
    const page = await chore.page(limit)
    const queue = page.filter(({ id }) => !seen.has(id))
    if (queue.length === 0 && page.length < limit) return swept
    again = page.length - queue.length
    for (const { id } of queue) seen.add(id)
    const worker = async () => {
      for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
        if (Date.now() >= until) return
        await sweepOne(ctx, chore, row, swept)
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, worker))
    if (Date.now() >= until) return swept
  }
}

async function sweepOne<Row extends { id: string }>(
  ctx: Ctx,
  { name, one }: Chore<Row>,
  row: Row,
  swept: Swept,
): Promise<void> {
  try {
    await one(row)
    swept.done++
  } catch (error) {
    swept.failed++
    ctx.log.error('sweep: a row was not done', { kind: name, id: row.id, error })
  }
}
