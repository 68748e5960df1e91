/** Creates a raffle as a draft, which only its organisation sees. */
import { organisationFor, requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import { toSlug } from '../core/slug.ts'
import { poolNameOf } from '../tickets/reservation-id.ts'
import { toNewColumns } from './columns.ts'
import type { CreateRaffle, Raffle } from './contract.ts'
import { readRaffle } from './read-raffle.ts'
import { raffles } from './schema.ts'

/** As many characters of the id (5 bits each) as tell raffles of one title apart. */
const SUFFIX_LENGTH = 10

export async function createRaffle(ctx: Ctx, input: CreateRaffle): Promise<Raffle> {
  const organisationId = await organisationFor(ctx, input.organisationId)
  await requirePermission(ctx, organisationId, 'raffles:write')
  const id = newId('raffle')
  await ctx.db.insert(raffles).values({
    ...toNewColumns(input),
    id,
    pool: poolNameOf(id),
    slug: `${toSlug(input.title) || 'raffle'}-${id.slice(-SUFFIX_LENGTH)}`,
    organisationId,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  })
  return readRaffle(ctx, id)
}
