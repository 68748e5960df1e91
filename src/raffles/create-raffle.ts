/** Creates a raffle as a draft, which only its organisation sees. */

import { organisationFor, requirePermission } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import { requireOwnCategory } from '../catalog/find-product.ts'
import type { Ctx } from '../core/context.ts'
import { validationFailed } from '../core/errors.ts'
import { fold } from '../core/fold.ts'
import { newId } from '../core/ids.ts'
import { toSlug, withSuffix } from '../core/slug.ts'
import { wrongProviders } from '../money/providers/offered.ts'
import { poolNameOf } from '../tickets/reservation-id.ts'
import { wrongTimesNow } from './check-times.ts'
import { toNewColumns } from './columns.ts'
import type { CreateRaffle, Raffle } from './contract.ts'
import { wrongLotteryRules } from './draw-method.ts'
import { wrongEarning } from './earning.ts'
import { wrongOfficialDraw } from './official-draw.ts'
import { requireOwnReferences } from './own-references.ts'
import { readRaffle } from './read-raffle.ts'
import { type RaffleRow, raffles } from './schema.ts'

export async function createRaffle(ctx: Ctx, input: CreateRaffle): Promise<Raffle> {
  const organisationId = await organisationFor(ctx, input.organisationId)
  await requirePermission(ctx, organisationId, 'raffles:write')
  const columns = toNewColumns(input)
  const errors = [
    ...wrongTimesNow(ctx, columns),
    ...wrongEarning(columns),
    ...wrongProviders(ctx.settings, input.providers),
    ...wrongLotteryRules(columns),
    ...(await wrongOfficialDraw(ctx, columns)),
  ]
  if (errors.length > 0) throw validationFailed(errors)
  await requireOwnCategory(ctx, input.categoryId, organisationId)
  await requireOwnReferences(ctx, organisationId, input)
  const id = newId('raffle')
  const draft = await newDraft(ctx, { id, organisationId, seriesId: null }, input)
  await ctx.db.batch([
    ctx.db.insert(raffles).values(draft),
    insertAudit(ctx, {
      action: 'raffle.created',
      subject: { kind: 'raffle', id },
      organisationId,
    }),
  ])
  return readRaffle(ctx, id)
}

/** The row of a new draft. */
export const newDraft = async (
  ctx: Ctx,
  { id, organisationId, seriesId }: Pick<RaffleRow, 'id' | 'organisationId' | 'seriesId'>,
  input: CreateRaffle,
) => ({
  ...toNewColumns(input),
  id,
  pool: poolNameOf(id),
  folded: fold(input.title),
  slug: withSuffix(await toSlug(input.title), 'raffle', id),
  organisationId,
  seriesId,
  createdAt: ctx.now,
  updatedAt: ctx.now,
})
