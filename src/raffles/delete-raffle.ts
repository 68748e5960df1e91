/** Deletes a draft; a published raffle can only be cancelled, as people may hold its tickets. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { findRaffleFor } from './find-raffle.ts'
import { raffles } from './schema.ts'

export async function deleteRaffle(ctx: Ctx, id: string): Promise<void> {
  const { raffle } = await findRaffleFor(ctx, id, 'raffles:write')
  const deleted = await ctx.db
    .delete(raffles)
    .where(and(eq(raffles.id, raffle.id), eq(raffles.status, 'draft'), eq(raffles.revision, raffle.revision)))
    .returning({ id: raffles.id })
  if (deleted.length === 0)
    throw new Problem('invalid_state', 'Only a draft can be deleted; cancel this raffle instead.')
}
