/** Deletes a draft; a published raffle can only be cancelled, because people may hold its tickets. */
import { and, eq, isNull } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { askPool } from '../tickets/client.ts'
import { findRaffleFor } from './find-raffle.ts'
import { raffles } from './schema.ts'

export async function deleteRaffle(ctx: Ctx, id: string): Promise<void> {
  const { raffle } = await findRaffleFor(ctx, id, 'raffles:write')
  const pool = await askPool(ctx, raffle, (stub) => stub.state())
  if (raffle.status !== 'draft' || pool !== null) {
    throw new Problem('invalid_state', 'Only a draft can be deleted; cancel this raffle instead.')
  }
  const remove = ctx.db
    .delete(raffles)
    .where(
      and(
        eq(raffles.id, raffle.id),
        eq(raffles.status, 'draft'),
        eq(raffles.revision, raffle.revision),
        // A publication sets `due_at` before it calls the pool. Deleting then could leave a pool that sells for no raffle.
        isNull(raffles.dueAt),
      ),
    )
    .returning({ id: raffles.id })
  const { organisationId } = raffle
  const [deleted] = await ctx.db.batch([
    remove,
    insertAudit(ctx, {
      action: 'raffle.deleted',
      subject: { kind: 'raffle', id: raffle.id },
      organisationId,
    }),
  ])
  if (deleted.length === 0)
    throw new Problem('conflict', 'This draft is being changed or published just now.')
}
