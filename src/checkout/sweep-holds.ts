/** Sweeps abandoned holds of all kinds of lines: units that no order will pay for are for sale again. */
import type { Ctx } from '../core/context.ts'
import { LINES } from '../orders/lines/index.ts'

/** All kinds in parallel, so that an error in one does not stop another. */
export async function sweepHolds(ctx: Ctx): Promise<void> {
  await Promise.all(Object.values(LINES).map((port) => port.sweepHolds?.(ctx)))
}
