/** Reads raffles with their organisation and the projected row of their pool. */
import { eq, getTableColumns, sql } from 'drizzle-orm'
import type * as z from 'zod'
import { type Permission, requirePermission } from '../accounts/permissions.ts'
import { type OrganisationRow, organisations } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { preparedOnce } from '../core/database.ts'
import { notFound } from '../core/errors.ts'
import { isSlug } from '../core/slug.ts'
import { ticketTypes } from '../events/schema.ts'
import { lotteryDraws, lotteryResults } from '../lotteries/schema.ts'
import { pools } from '../tickets/schema.ts'
import type { OfficialResults } from './draw-contract.ts'
import { type RaffleRow, raffles } from './schema.ts'

export type PoolRow = typeof pools.$inferSelect

export interface FoundRaffle {
  raffle: RaffleRow
  organisation: OrganisationRow
  /** Null before publication. */
  pool: PoolRow | null
}

/** Raffles, each with its organisation and pool; the caller adds the conditions. */
export const selectRaffles = (ctx: Ctx) =>
  ctx.db
    .select({ raffle: raffles, organisation: organisations, pool: pools })
    .from(raffles)
    .innerJoin(organisations, eq(organisations.id, raffles.organisationId))
    .leftJoin(pools, eq(pools.pool, raffles.pool))

export async function findRaffle(ctx: Ctx, id: string): Promise<FoundRaffle> {
  const found = await selectRaffles(ctx).where(eq(raffles.id, id)).get()
  if (found === undefined) throw notFound('raffle')
  return found
}

/** Columns that no reader sees. */
const {
  pool: _,
  termsVersion,
  revision,
  drawnAttempts,
  dueAt,
  folded,
  ...shownColumns
} = getTableColumns(raffles)
type Hidden = 'pool' | 'termsVersion' | 'revision' | 'drawnAttempts' | 'dueAt'

/** A raffle with what its readers see. */
export interface ShownRaffle {
  raffle: Omit<RaffleRow, Hidden>
  organisation: Pick<OrganisationRow, 'id' | 'slug' | 'name'>
  /** Null before publication. */
  pool: ShownPool | null
  /** The ticket types of its prizes that are not listed. Only members see their ids. */
  hiddenTypes: string[]
  /** What is wrong with the official result that decides it. Only members see it. */
  lotteryAttention: z.infer<typeof OfficialResults>['attention']
  /** How many results its lottery has published, the first and corrections; 0 if a beacon draws. */
  publishedResults: number
}

/** A raffle without admissions as prizes reads no row for this. */
const hiddenTypes = sql`iif(instr(${raffles.prizes}, '"ticketTypeId"') = 0, '[]', (
  SELECT json_group_array(${ticketTypes.id}) FROM ${ticketTypes} WHERE ${ticketTypes.isHidden} AND ${ticketTypes.id} IN (
    SELECT value->>'ticketTypeId' FROM json_each(${raffles.prizes}))))`.mapWith((text: string): string[] =>
  JSON.parse(text),
)

/** A raffle that a beacon draws reads no row for this. */
const lotteryAttention = sql<ShownRaffle['lotteryAttention']>`iif(${raffles.draw}->>'method' = 'lottery', (
  SELECT iif(${lotteryDraws.skipConfirmedBy} IS NULL, ${lotteryDraws.attention}, 'skipped') FROM ${lotteryDraws}
  WHERE ${lotteryDraws.lotteryId} = ${raffles.draw}->>'lotteryId' AND ${lotteryDraws.date} = ${raffles.draw}->>'date'
), NULL)`

const publishedResults = sql<number>`iif(${raffles.draw}->>'method' = 'lottery', (
  SELECT count(*) FROM ${lotteryResults}
  WHERE ${lotteryResults.lotteryId} = ${raffles.draw}->>'lotteryId' AND ${lotteryResults.date} = ${raffles.draw}->>'date'
), 0)`

export type ShownPool = Omit<
  PoolRow,
  'itemId' | 'seq' | 'termsVersion' | 'terms' | 'total' | 'waiting' | 'seatTypes' | 'dueAt'
>

/** Like `selectRaffles`, for readers: without the pool's terms, which are longer than all the rest. */
export const selectShownRaffles = (ctx: Ctx) =>
  ctx.db
    .select({
      raffle: shownColumns,
      organisation: { id: organisations.id, slug: organisations.slug, name: organisations.name },
      pool: {
        pool: pools.pool,
        sold: pools.sold,
        held: pools.held,
        closedAt: pools.closedAt,
        closeReason: pools.closeReason,
        freezeAt: pools.freezeAt,
        effectiveDrawAt: pools.effectiveDrawAt,
        logSize: pools.logSize,
        logRoot: pools.logRoot,
        commitment: pools.commitment,
        cancellation: pools.cancellation,
      },
      hiddenTypes,
      lotteryAttention,
      publishedResults,
    })
    .from(raffles)
    .innerJoin(organisations, eq(organisations.id, raffles.organisationId))
    .leftJoin(pools, eq(pools.pool, raffles.pool))

export async function findShownRaffle(ctx: Ctx, idOrSlug: string): Promise<ShownRaffle> {
  const name = isSlug(idOrSlug) ? 'slug' : 'id'
  const byName = preparedOnce(ctx.db, `shown raffle by ${name}`, () =>
    selectShownRaffles(ctx)
      .where(eq(raffles[name], sql.placeholder('value')))
      .prepare(),
  )
  const found = await byName.get({ value: idOrSlug })
  if (found === undefined) throw notFound('raffle')
  return found
}

/** A raffle that everybody may see; throws `not_found` for a draft. */
export async function findPublishedRaffle(ctx: Ctx, id: string): Promise<FoundRaffle & { pool: PoolRow }> {
  const { pool, ...found } = await findRaffle(ctx, id)
  if (found.raffle.status === 'draft' || pool === null) throw notFound('raffle')
  return { ...found, pool }
}

/** A raffle for members with `permission`. Throws `not_found` for non-members and `forbidden` for other members. */
export async function findRaffleFor(ctx: Ctx, id: string, permission: Permission): Promise<FoundRaffle> {
  const found = await findRaffle(ctx, id)
  await requirePermission(ctx, found.raffle.organisationId, permission, 'raffle')
  return found
}
