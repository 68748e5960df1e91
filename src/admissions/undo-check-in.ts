/** Undoes a check-in that was a mistake: then the ticket lets somebody in again. */
import { and, eq } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { findEventFor } from '../events/find-event.ts'
import type { CheckIn } from './contract.ts'
import { readCheckIn } from './list-check-ins.ts'
import { COUNTS, checkIns } from './schema.ts'

export async function undoCheckIn(ctx: Ctx, eventId: string, id: string, reason: string): Promise<CheckIn> {
  const { organisationId } = await findEventFor(ctx, eventId, 'check_ins:write')
  const [undone] = await ctx.db.batch([
    ctx.db
      .update(checkIns)
      .set({ undoneAt: ctx.now, undoneBy: ctx.actor!.userId, undoneReason: reason })
      .where(and(eq(checkIns.eventId, eventId), eq(checkIns.id, id), COUNTS))
      .returning({ id: checkIns.id }),
    insertAudit(ctx, { action: 'check_in.undone', subject: { kind: 'checkIn', id }, organisationId }),
  ])
  const shown = await readCheckIn(ctx, eventId, id)
  if (undone.length > 0) return shown
  throw new Problem(
    'invalid_state',
    shown.undone === null
      ? 'This scan is a conflict and counts for nobody, so there is nothing to undo.'
      : 'This check-in is undone already.',
  )
}
