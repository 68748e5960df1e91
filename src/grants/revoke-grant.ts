/** Revokes the entries of a refunded order, until the ticket list freezes for the draw. */
import type { Ctx } from '../core/context.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { type Grant, isOurs, NOT_OURS } from './contract.ts'
import { findGrant, findRaffleForGrants } from './find-grant.ts'
import { presentGrant } from './present.ts'
import { requestRevocation } from './request-revocation.ts'

/** Idempotent. A grant that earned nothing does not change. */
export async function revokeGrant(ctx: Ctx, raffleId: string, orderRef: string): Promise<Grant> {
  const raffle = await findRaffleForGrants(ctx, raffleId)
  if (isOurs(orderRef)) throw invalid('orderRef', NOT_OURS)
  const key = { raffleId, orderRef }
  if ((await findGrant(ctx, key)) === undefined) throw notFound('grant')
  const grant = await requestRevocation(ctx, key)
  if (grant.status === 'granted') {
    throw new Problem('invalid_state', 'The ticket list is frozen for the draw: the entries stay.')
  }
  return presentGrant(grant, raffle)
}
