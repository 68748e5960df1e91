/**
 * What a draft's prizes need is set aside at publication: the stock of products, and the cover of a guarantee. Stock
 * returns to the shop if the raffle is cancelled, its publication crashes, or nobody wins the prize.
 */
import { and, eq, inArray, ne, or, type SQL, sql } from 'drizzle-orm'
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
import { isCovered, raisedCover, whyNotCovered } from './guarantee.ts'
import type { Prize } from './prize-contract.ts'
import type { FollowUp } from './schedule-sweep.ts'
import { type RaffleRow, raffles } from './schema.ts'

/** The key of a prize in its raffle's stock holds: its rank, from 1. */
const keyOf = (rank: number): string => `prize:${rank}`

/** The stock that the prizes need. */
export const itemsOf = (prizes: readonly Prize[]): ItemToSetAside[] =>
  prizes.flatMap((prize, index) =>
    prize.kind === 'item' && prize.productId !== undefined
      ? [{ key: keyOf(index + 1), productId: prize.productId, quantity: prize.quantity }]
      : [],
  )

const sameItems = (left: readonly ItemToSetAside[], right: readonly ItemToSetAside[]): boolean => {
  const serialize = (items: readonly ItemToSetAside[]) =>
    JSON.stringify(items.map(({ key, productId, quantity }) => [key, productId, quantity]).sort())
  return serialize(left) === serialize(right)
}

/** Whether two lists of prizes need the same stock, rank by rank. */
export const takesTheSame = (left: readonly Prize[], right: readonly Prize[]): boolean =>
  sameItems(itemsOf(left), itemsOf(right))

/** An error for every product that the organisation cannot give away: archived, missing, or another organisation's. */
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

/**
 * Sets aside the stock and the cover of a draft's prizes, all of it or none, before the pool is called. The same transaction schedules
 * a sweep at `dueAt`: after a crash it finishes the publication or returns both. If the draft has changed since it
 * was read, nothing is set aside: its owner has last seen other terms.
 */
export async function setPrizesAside(ctx: Ctx, raffle: RaffleRow, { dueAt }: FollowUp): Promise<void> {
  const items = itemsOf(raffle.prizes)
  const before = await readSetAside(ctx, raffle.id)
  // Check this before `due_at` moves: otherwise repeated requests would postpone the sweep that returns the stock.
  if (before.length > 0 && !isSetAside(before, items)) throw otherPrizes()
  const isAsRead = eq(raffles.revision, raffle.revision)
  const isDraft = sql`EXISTS (SELECT 1 FROM ${raffles}
    WHERE ${raffles.id} = ${raffle.id} AND ${raffles.status} = 'draft' AND ${isAsRead})`
  const isDone = items.length === 0 ? undefined : hasSetAside(raffle.id)
  const covered = isCovered(raffle)
  const [, , scheduled, holds] = await withRetry(() =>
    ctx.db.batch([
      ...setAside(ctx, raffle.id, {
        organisationId: raffle.organisationId,
        items,
        guard: sql`${isDraft} AND ${covered}`,
      }),
      ctx.db
        .update(raffles)
        .set({
          dueAt,
          cover: sql`CASE ${raffles.status} WHEN 'draft' THEN ${raisedCover(raffle)} ELSE ${raffles.cover} END`,
        })
        // If another request has published the draft since, the pool decides whether the terms are the same.
        .where(
          and(eq(raffles.id, raffle.id), or(and(isAsRead, covered), ne(raffles.status, 'draft')), isDone),
        )
        .returning({ id: raffles.id }),
      readSetAside(ctx, raffle.id),
    ]),
  )
  if (holds.length === 0 && items.length > 0) {
    throw (await whyNotCovered(ctx, raffle)) ?? (await whyNotSetAside(ctx, raffle, items))
  }
  if (!isSetAside(holds, items)) throw otherPrizes()
  if (scheduled.length === 0) throw await whyNotScheduled(ctx, raffle)
}

async function whyNotScheduled(ctx: Ctx, raffle: RaffleRow): Promise<Problem> {
  const left = await ctx.db.select({ id: raffles.id }).from(raffles).where(eq(raffles.id, raffle.id)).get()
  // The draft was deleted meanwhile: its pool must not start to sell.
  if (left === undefined) return notFound('raffle')
  return (
    (await whyNotCovered(ctx, raffle)) ??
    new Problem('conflict', 'Someone else changed this raffle. Read it again.')
  )
}

/** Whether exactly these items are set aside, and none of them was returned. */
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
  // The draft has changed or the stock was refilled since.
  if (short.length === 0) return new Problem('conflict', 'Something changed just now. Read the raffle again.')
  const shortageOf = ({ id, title, stock: left }: (typeof stock)[number]) =>
    `“${title}” has only ${left} left, and the prizes need ${wanted.get(id)}`
  const errors = raffle.prizes.flatMap((prize, index) => {
    const product = short.find(({ id }) => prize.kind === 'item' && prize.productId === id)
    return product === undefined ? [] : [{ path: `prizes.${index}.productId`, message: shortageOf(product) }]
  })
  return new Problem('sold_out', `${short.map(shortageOf).join('; ')}.`, { errors })
}

/** The prizes of accepted terms, each with the product that was set aside for it. */
export async function withProducts(ctx: Ctx, raffleId: string, prizes: readonly Prize[]): Promise<Prize[]> {
  const holds = await readSetAside(ctx, raffleId)
  const holdOf = new Map(holds.map((hold) => [hold.key, hold]))
  return prizes.map((prize, index) => {
    const hold = holdOf.get(keyOf(index + 1))
    // A hold of another quantity was made for other terms, which the pool did not accept.
    const isIts = prize.kind === 'item' && hold?.quantity === prize.quantity
    return isIts ? { ...prize, productId: hold.productId } : prize
  })
}

/** Whether stock or cover is set aside for the raffle. */
export const hasPrizesAside = async (ctx: Ctx, { id, cover }: RaffleRow): Promise<boolean> =>
  cover > 0 || (await readSetAside(ctx, id).limit(1)).length > 0

/**
 * Returns the stock and the cover of a crashed publication; gives the reason if that publication may still be running. From `due_at`
 * on the pool refuses its terms, and a publication that has started since has moved `due_at` ahead.
 */
export async function undoPublication(ctx: Ctx, raffle: RaffleRow): Promise<string | null> {
  // Query the pool itself, because its projection may be late.
  if ((await askPool(ctx, raffle, (pool) => pool.state())) !== null) {
    return 'the publication is not projected to the database yet'
  }
  const isDead = sql`EXISTS (SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${raffle.id}
    AND ${raffles.status} = 'draft' AND ${raffles.dueAt} <= ${ctx.now})`
  const [, , , left, [row]] = await withRetry(() =>
    ctx.db.batch([
      ...undoSetAside(ctx, raffle.id, isDead),
      ctx.db
        .update(raffles)
        .set({ cover: 0 })
        .where(and(eq(raffles.id, raffle.id), isDead)),
      readSetAside(ctx, raffle.id),
      ctx.db.select({ cover: raffles.cover }).from(raffles).where(eq(raffles.id, raffle.id)),
    ]),
  )
  return left.length === 0 && (row?.cover ?? 0) === 0 ? null : 'it is being published'
}

/** Statements for the batch that cancels a raffle: all of its prizes are for sale again. */
export async function putPrizesBack(ctx: Ctx, raffleId: string) {
  const holds = await readSetAside(ctx, raffleId)
  return putBack(ctx, raffleId, holds.flatMap(unitsOfHold), isStored(raffleId, 'cancelled'))
}

/** Statements for the batch that settles a raffle, placed first: prizes that nobody got are for sale again. */
export async function putUnwonBack(ctx: Ctx, raffle: RaffleRow, delivered: ReadonlySet<string>) {
  const given = new Set([...delivered].map((unit) => `prize:${unit}`))
  const units = (await readSetAside(ctx, raffle.id)).flatMap(unitsOfHold)
  const unwon = units.filter(({ key, unit }) => !given.has(`${key}#${unit}`))
  const isDecided = sql`EXISTS (SELECT 1 FROM ${raffles} WHERE ${isStillDecided(raffle)})`
  return putBack(ctx, raffle.id, unwon, isDecided)
}

/**
 * Guard in a statement on `raffles`: it is drawn, and no result was accepted since the row was read. So a settlement that was
 * decided before a correction does nothing. 0 accepted results: a beacon draws.
 */
export const isStillDecided = ({ id, drawnAttempts }: Pick<RaffleRow, 'id' | 'drawnAttempts'>): SQL =>
  and(
    eq(raffles.id, id),
    eq(raffles.status, 'drawn'),
    eq(raffles.drawnAttempts, drawnAttempts),
    inArray(raffles.acceptedResults, [0, drawnAttempts]),
  )!

const isStored = (raffleId: string, status: RaffleRow['status']) =>
  sql`EXISTS (SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${raffleId} AND ${raffles.status} = ${status})`
