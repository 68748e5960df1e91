/** The sweep over abandoned holds: what no order will pay for is for sale again, whatever kind of line it was held for. */
import type { Ctx } from '../core/context.ts'
import { LINES } from '../orders/lines/index.ts'

/** All kinds at once, so that a failure of one does not stop another. */
export async function sweepHolds(ctx: Ctx): Promise<void> {
  await Promise.all(Object.values(LINES).map((port) => port.sweepHolds?.(ctx)))
}
