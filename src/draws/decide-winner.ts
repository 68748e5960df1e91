/** Finds a winner for a person who decides whether the winner keeps the prize. */
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { holdsTickets } from '../tickets/holds-tickets.ts'
import { findWinnerFor, type SelectedWinner } from './find-winner.ts'

/** Refuses members and admins who hold tickets of the raffle, because a redraw may be to their own advantage. */
export async function findWinnerToDecide(ctx: Ctx, id: string): Promise<SelectedWinner> {
  const found = await findWinnerFor(ctx, id, 'winners:manage')
  if (await holdsTickets(ctx, requireUser(ctx).userId, found.raffle.pool)) {
    throw new Problem('forbidden', 'You hold tickets of this raffle: somebody else must decide.')
  }
  return found
}

export const noProposal = (): Problem =>
  new Problem(
    'invalid_state',
    'No proposal to disqualify this winner waits for a decision: it was decided, or it has lapsed.',
  )
