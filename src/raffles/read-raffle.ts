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
  if (status === 'draft' && !(await hasPermission(ctx, organisationId, 'raffles:write')))
    throw notFound('raffle')
  return presentRaffle(found, { now: ctx.now, settings: ctx.settings })
}
