/**
 * Prizes that are products of the shop: set aside out of the stock at the publication, once, and put back where the
 * raffle is cancelled, its publication was cut short, or nobody has won them in the end.
 */
import { and, eq, ne, or, sql } from 'drizzle-orm'
import { products, type StockHoldRow } from '../catalog/schema.ts'
import {
  hasSetAside,
  type ItemToSetAside,
  putBack,
  readSetAside,
  setAside,
  undoSetAside,
  unitsOfHold,
} from '../catalog/set-aside.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { type FieldError, notFound, Problem, validationFailed } from '../core/errors.ts'
import { askPool } from '../tickets/client.ts'
import type { Prize } from './contract.ts'
import type { FollowUp } from './schedule-sweep.ts'
import { type RaffleRow, raffles } from './schema.ts'

/** A prize's key among what a raffle has set aside: its rank, from 1. */
const keyOf = (rank: number): string => `prize:${rank}`

/** What prizes take out of the stock. */
export const itemsOf = (prizes: readonly Prize[]): ItemToSetAside[] =>
  prizes.flatMap((prize, index) =>
    prize.kind === 'item' && prize.productId !== undefined
      ? [{ key: keyOf(index + 1), productId: prize.productId, quantity: prize.quantity }]
      : [],
  )

const sameItems = (left: readonly ItemToSetAside[], right: readonly ItemToSetAside[]): boolean => {
  const spell = (items: readonly ItemToSetAside[]) =>
    JSON.stringify(items.map(({ key, productId, quantity }) => [key, productId, quantity]).sort())
  return spell(left) === spell(right)
}

/** Whether two lists of prizes take the same out of the stock, rank by rank. */
export const takesTheSame = (left: readonly Prize[], right: readonly Prize[]): boolean =>
  sameItems(itemsOf(left), itemsOf(right))

/** Every product that an organisation cannot give away: another's, one that is archived, or none at all. */
export async function wrongProducts(
  ctx: Ctx,
  organisationId: string,
  prizes: readonly Prize[],
): Promise<FieldError[]> {
  const wanted = itemsOf(prizes).map(({ productId }) => productId)
  if (wanted.length === 0) return []
  const found = await ctx.db
    .select({ id: products.id, status: products.status })
    .from(products)
    .where(
      and(
        eq(products.organisationId, organisationId),
        sql`${products.id} IN (SELECT value FROM json_each(${JSON.stringify(wanted)}))`,
      ),
    )
  const statusOf = new Map(found.map(({ id, status }) => [id, status]))
  return prizes.flatMap((prize, index) => {
    if (prize.kind !== 'item' || prize.productId === undefined) return []
    const status = statusOf.get(prize.productId)
    if (status !== undefined && status !== 'archived') return []
    const message = status === undefined ? 'no such product of this organisation' : 'this product is archived'
    return [{ path: `prizes.${index}.productId`, message }]
  })
}

/** Throws unless the organisation can give all of these away; `within` is where the terms stand in the input. */
export async function requireOwnProducts(
  ctx: Ctx,
  organisationId: string,
  prizes: readonly Prize[] = [],
  within = '',
): Promise<void> {
  const errors = await wrongProducts(ctx, organisationId, prizes)
  if (errors.length === 0) return
  throw validationFailed(errors.map(({ path, message }) => ({ path: `${within}${path}`, message })))
}

/**
 * Sets aside the stock of a draft's prizes, all of it or none, before its pool hears of it. In the same transaction the
 * sweep is asked to look at the raffle at `dueAt`: where this process dies, it takes the raffle on or puts it all back.
 * A draft that was changed since it was read is left alone, as what would be published is not what its owner saw last.
 */
export async function setPrizesAside(ctx: Ctx, raffle: RaffleRow, { dueAt }: FollowUp): Promise<void> {
  const items = itemsOf(raffle.prizes)
  const before = await readSetAside(ctx, raffle.id)
  // Asked before the sweep is put off, so that whoever keeps asking does not keep it from putting things back.
  if (before.length > 0 && !isSetAside(before, items)) throw otherPrizes()
  const isAsRead = eq(raffles.revision, raffle.revision)
  const isDraft = sql`EXISTS (SELECT 1 FROM ${raffles}
    WHERE ${raffles.id} = ${raffle.id} AND ${raffles.status} = 'draft' AND ${isAsRead})`
  const isDone = items.length === 0 ? undefined : hasSetAside(raffle.id)
  const [, , noted, holds] = await withRetry(() =>
    ctx.db.batch([
      ...setAside(ctx, raffle.id, { organisationId: raffle.organisationId, items, guard: isDraft }),
      ctx.db
        .update(raffles)
        .set({ dueAt })
        // Of one that somebody else has published by now, the pool says whether it is the same.
        .where(and(eq(raffles.id, raffle.id), or(isAsRead, ne(raffles.status, 'draft')), isDone))
        .returning({ id: raffles.id }),
      readSetAside(ctx, raffle.id),
    ]),
  )
  if (holds.length === 0 && items.length > 0) throw await whyNotSetAside(ctx, raffle, items)
  if (!isSetAside(holds, items)) throw otherPrizes()
  if (noted.length === 0) throw await whyNotNoted(ctx, raffle)
}

async function whyNotNoted(ctx: Ctx, { id }: RaffleRow): Promise<Problem> {
  const left = await ctx.db.select({ id: raffles.id }).from(raffles).where(eq(raffles.id, id)).get()
  // Deleted meanwhile: its pool must not begin to sell.
  if (left === undefined) return notFound('raffle')
  return new Problem('conflict', 'Somebody else changed this raffle. Read it again.')
}

/** Whether exactly this is set aside, and none of it was put back. */
const isSetAside = (holds: readonly StockHoldRow[], items: readonly ItemToSetAside[]): boolean =>
  holds.every(({ state, returned }) => state === 'sold' && returned.length === 0) && sameItems(holds, items)

const otherPrizes = (): Problem =>
  new Problem(
    'conflict',
    'This raffle was being published with other prizes a moment ago. Read it again, and try again in two minutes.',
  )

async function whyNotSetAside(ctx: Ctx, raffle: RaffleRow, items: ItemToSetAside[]): Promise<Problem> {
  const wrong = await wrongProducts(ctx, raffle.organisationId, raffle.prizes)
  if (wrong.length > 0) return validationFailed(wrong)
  const wanted = new Map<string, number>()
  for (const { productId, quantity } of items) wanted.set(productId, (wanted.get(productId) ?? 0) + quantity)
  const stock = await ctx.db
    .select({ id: products.id, title: products.title, stock: products.stock })
    .from(products)
    .where(sql`${products.id} IN (SELECT value FROM json_each(${JSON.stringify([...wanted.keys()])}))`)
  const short = stock.filter((product) => product.stock < wanted.get(product.id)!)
  // Gone, or back in stock since.
  if (short.length === 0) return new Problem('conflict', 'Something changed just now. Read the raffle again.')
  const sayOf = ({ id, title, stock: left }: (typeof stock)[number]) =>
    `“${title}” has only ${left} left, and the prizes need ${wanted.get(id)}`
  const errors = raffle.prizes.flatMap((prize, index) => {
    const product = short.find(({ id }) => prize.kind === 'item' && prize.productId === id)
    return product === undefined ? [] : [{ path: `prizes.${index}.productId`, message: sayOf(product) }]
  })
  return new Problem('sold_out', `${short.map(sayOf).join('; ')}.`, { errors })
}

/** The prizes of accepted terms, each with the product that was set aside for it. */
export async function withProducts(ctx: Ctx, raffleId: string, prizes: readonly Prize[]): Promise<Prize[]> {
  const holds = await readSetAside(ctx, raffleId)
  const holdOf = new Map(holds.map((hold) => [hold.key, hold]))
  return prizes.map((prize, index) => {
    const hold = holdOf.get(keyOf(index + 1))
    // Of another number, it was set aside for other terms, which the pool did not take.
    const isIts = prize.kind === 'item' && hold?.quantity === prize.quantity
    return isIts ? { ...prize, productId: hold.productId } : prize
  })
}

export const hasPrizesAside = async (ctx: Ctx, raffleId: string): Promise<boolean> =>
  (await readSetAside(ctx, raffleId).limit(1)).length > 0

/**
 * Puts back what a publication that died had set aside; gives why not, where it may still be alive. At `due_at` the pool
 * takes no terms of it any more, and one that has begun again since has put `due_at` ahead.
 */
export async function undoPublication(ctx: Ctx, raffle: RaffleRow): Promise<string | null> {
  // The pool itself is asked: the database may not have heard of it yet.
  if ((await askPool(ctx, raffle.pool, (pool) => pool.state())) !== null) {
    return 'the database has not heard of the publication yet'
  }
  const isDead = sql`EXISTS (SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${raffle.id}
    AND ${raffles.status} = 'draft' AND ${raffles.dueAt} <= ${ctx.now})`
  const [, , left] = await withRetry(() =>
    ctx.db.batch([...undoSetAside(ctx, raffle.id, isDead), readSetAside(ctx, raffle.id)]),
  )
  return left.length === 0 ? null : 'it is being published'
}

/** Statements for the batch that cancels a raffle: all of its prizes are for sale again. */
export async function putPrizesBack(ctx: Ctx, raffleId: string) {
  const holds = await readSetAside(ctx, raffleId)
  return putBack(ctx, raffleId, holds.flatMap(unitsOfHold), isStored(raffleId, 'cancelled'))
}

/** Statements for the batch that settles a raffle, before it does: prizes that went to nobody are for sale again. */
export async function putUnwonBack(ctx: Ctx, raffleId: string, delivered: ReadonlySet<string>) {
  const given = new Set([...delivered].map((unit) => `prize:${unit}`))
  const units = (await readSetAside(ctx, raffleId)).flatMap(unitsOfHold)
  const unwon = units.filter(({ key, unit }) => !given.has(`${key}#${unit}`))
  return putBack(ctx, raffleId, unwon, isStored(raffleId, 'drawn'))
}

const isStored = (raffleId: string, status: RaffleRow['status']) =>
  sql`EXISTS (SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${raffleId} AND ${raffles.status} = ${status})`
