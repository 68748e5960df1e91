/** Reads one raffle, by its id or slug: a draft for members who may edit it, any other raffle for everybody. */
import { hasPermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import type { Raffle } from './contract.ts'
import { findShownRaffle } from './find-raffle.ts'
import { presentRaffle } from './present.ts'

export async function readRaffle(ctx: Ctx, idOrSlug: string): Promise<Raffle> {
  const found = await findShownRaffle(ctx, idOrSlug)
  const { status, organisationId } = found.raffle
  // Other raffles show the same to everybody, so nobody's membership is read.
  const isPrivate = status === 'draft' || found.hiddenTypes.length > 0 || found.lotteryAttention !== null
  const isMember = isPrivate && (await hasPermission(ctx, organisationId, 'raffles:write'))
  if (status === 'draft' && !isMember) throw notFound('raffle')
  return presentRaffle(found, { now: ctx.now, settings: ctx.settings, isMember })
}
