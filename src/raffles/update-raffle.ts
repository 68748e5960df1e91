/**
 * Changes a raffle: its descriptive fields at any time, who may enter until publication, the other rules
 * until the first ticket is held or sold.
 */
import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { fieldsOf, insertAudit } from '../audit/insert-audit.ts'
import { requireOwnCategory } from '../catalog/find-product.ts'
import type { Ctx } from '../core/context.ts'
import { Problem, validationFailed } from '../core/errors.ts'
import { pick } from '../core/pick.ts'
import { wrongProviders } from '../money/providers/offered.ts'
import { checkChangedTimes } from './check-times.ts'
import { toColumns } from './columns.ts'
import {
  FIXED_BY_PUBLICATION,
  FREE_FIELDS,
  type Raffle,
  RULES_FIELDS,
  type RulesField,
  type UpdateRaffle,
} from './contract.ts'
import { findRaffleFor, type PoolRow } from './find-raffle.ts'
import { wrongOfficialDraw } from './official-draw.ts'
import { requireOwnReferences } from './own-references.ts'
import { takesTheSameSeats } from './prize-seats.ts'
import { takesTheSame } from './prize-stock.ts'
import { handOver } from './publish-raffle.ts'
import { readRaffle } from './read-raffle.ts'
import { type RaffleRow, raffles } from './schema.ts'

export async function updateRaffle(ctx: Ctx, id: string, change: UpdateRaffle): Promise<Raffle> {
  const { raffle, pool } = await findRaffleFor(ctx, id, 'raffles:write')
  await requireOwnCategory(ctx, change.categoryId, raffle.organisationId)
  if (raffle.status === 'draft') {
    await requireOwnReferences(ctx, raffle.organisationId, change)
    checkChangedTimes(ctx, raffle, toColumns(change))
    const errors = wrongProviders(ctx.settings, change.providers)
    if (errors.length > 0) throw validationFailed(errors)
    await checkChangedDraw(ctx, raffle, change)
    const isFree =
      changedRules(raffle, change).length === 0 && changedByPublication(raffle, change).length === 0
    const guard = isFree ? undefined : isNull(raffles.dueAt)
    await updateRow(ctx, raffle, toColumns(change), fieldsOf(change), guard)
    return readRaffle(ctx, id)
  }
  const fixed = changedByPublication(raffle, change)
  if (fixed.length > 0) throw cannotChange('The raffle is published.', fixed)
  mustSetAsideTheSame(raffle, change)
  const changed = changedRules(raffle, change)
  if (changed.length > 0) {
    const why = whyFrozen(raffle, pool, ctx.now)
    if (why !== null) throw cannotChange(why, changed)
    await changeRules(ctx, raffle, change, changed)
  }
  const free = pick(change, FREE_FIELDS)
  await updateRow(ctx, raffle, free, fieldsOf(free))
  return readRaffle(ctx, id)
}

/** A draft's lottery must have a draw at that time; publication checks it again, with every other rule. */
async function checkChangedDraw(
  ctx: Ctx,
  raffle: RaffleRow,
  { draw, drawAt, prizes }: UpdateRaffle,
): Promise<void> {
  if (draw === undefined && drawAt === undefined) return
  const errors = await wrongOfficialDraw(ctx, {
    draw: draw ?? raffle.draw,
    drawAt: drawAt ?? raffle.drawAt,
    prizes: prizes ?? raffle.prizes,
  })
  if (errors.length > 0) throw validationFailed(errors)
}

/** What the prizes need was set aside at publication. */
function mustSetAsideTheSame(raffle: RaffleRow, { prizes }: UpdateRaffle): void {
  if (prizes === undefined) return
  const kept = { products: takesTheSame, 'ticket types': takesTheSameSeats }
  for (const [what, isSame] of Object.entries(kept)) {
    if (isSame(prizes, raffle.prizes)) continue
    throw new Problem(
      'invalid_state',
      `The ${what} of the prizes can no longer change: the raffle is published.`,
      { errors: [{ path: 'prizes', message: `${what} and their quantities can no longer change` }] },
    )
  }
}

/** The fields that publication fixes, of those whose values would change. */
const changedByPublication = (raffle: RaffleRow, change: UpdateRaffle): string[] =>
  FIXED_BY_PUBLICATION.filter(
    (name) => change[name] !== undefined && JSON.stringify(change[name]) !== JSON.stringify(raffle[name]),
  )

/** The rules whose values would change. */
function changedRules(raffle: RaffleRow, change: UpdateRaffle): RulesField[] {
  const wanted: Record<string, unknown> = toColumns(change)
  const differs = (column: keyof RaffleRow) =>
    wanted[column] !== undefined && JSON.stringify(wanted[column]) !== JSON.stringify(raffle[column])
  return RULES_FIELDS.filter((field) =>
    field === 'ticketPrice' ? differs('priceAmount') || differs('priceCurrency') : differs(field),
  )
}

/** If the projection already shows that it is too late, the pool is not called, and the caller gets the true reason. */
function whyFrozen({ closesAt }: RaffleRow, pool: PoolRow | null, now: number): string | null {
  if (pool === null) return null
  const isOver = pool.commitment !== null || pool.cancellation !== null
  if (isOver || pool.closedAt !== null || now >= closesAt) return 'Sales are over.'
  return pool.logSize > 0 || pool.held > 0 ? 'Tickets are held or sold under the present rules.' : null
}

const cannotChange = (why: string, changed: readonly string[]): Problem =>
  new Problem('invalid_state', `${why} These fields can no longer change: ${changed.join(', ')}.`, {
    errors: changed.map((path) => ({ path, message: 'can no longer change' })),
  })

/** The pool decides whether the rules may still change: only it knows what is held or sold at that instant. */
async function changeRules(
  ctx: Ctx,
  raffle: RaffleRow,
  change: UpdateRaffle,
  changed: RulesField[],
): Promise<void> {
  try {
    await handOver(ctx, { ...raffle, ...toColumns(change) }, changed)
  } catch (error) {
    const isByPool =
      error instanceof Problem && error.code === 'invalid_state' && error.extras.errors === undefined
    if (!isByPool) throw error
    throw cannotChange(error.message, changed)
  }
}

/** While a draft is being published, its pool owns its rules; `guard` refuses a change until the sweep knows the outcome. */
async function updateRow(
  ctx: Ctx,
  raffle: RaffleRow,
  columns: Partial<RaffleRow>,
  fields: string[],
  guard?: SQL,
): Promise<void> {
  const update = ctx.db
    .update(raffles)
    .set({ ...columns, revision: sql`${raffles.revision} + 1`, updatedAt: ctx.now })
    // Race: the draft may have changed or been published since the read. The revision guard keeps this from overwriting it.
    .where(
      and(
        eq(raffles.id, raffle.id),
        raffle.status === 'draft' ? eq(raffles.revision, raffle.revision) : undefined,
        guard,
      ),
    )
    .returning({ id: raffles.id })
  const record = insertAudit(ctx, {
    action: 'raffle.updated',
    subject: { kind: 'raffle', id: raffle.id },
    organisationId: raffle.organisationId,
    fields,
  })
  // Rules alone were changed: they are in the audit already, by `applyTerms`.
  const [written] = await ctx.db.batch([update, ...(fields.length === 0 ? [] : [record])])
  if (written.length > 0) return
  throw new Problem(
    'conflict',
    guard === undefined || raffle.dueAt === null
      ? 'Someone else changed this raffle. Read it again.'
      : 'This raffle was being published a moment ago. Read it again in two minutes.',
  )
}
