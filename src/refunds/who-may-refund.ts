/** Who may refund lines of an order: members with `refunds:write`, and for some lines the buyer. */
import type { SQLWrapper } from 'drizzle-orm'
import { requireLiveUser, requirePermission, requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import type { OrderRows } from '../orders/find-order.ts'
import { byPort, linePort } from '../orders/lines/index.ts'
import type { OrderLineRow } from '../orders/schema.ts'

export type Refunder = 'member' | 'buyer'

/** Outsiders get 404. A member who has also bought refunds as a member. */
export async function whoRefunds(
  ctx: Ctx,
  order: Pick<OrderRows['order'], 'userId'>,
  named: readonly OrderLineRow[],
): Promise<Refunder> {
  try {
    await requireRefunds(ctx, named, 'order')
    return 'member'
  } catch (error) {
    const isRefused = error instanceof Problem && (error.code === 'not_found' || error.code === 'forbidden')
    if (isRefused && requireUser(ctx).userId === order.userId) return 'buyer'
    throw error
  }
}

/** The lines whose units the buyer may give back now. */
export async function linesToGiveBack(ctx: Ctx, { order, lines }: OrderRows): Promise<OrderLineRow[]> {
  const open = await Promise.all(
    byPort(lines, ({ kind }) => kind).map(([{ giveBack }, ofKind]) =>
      giveBack === null
        ? []
        : giveBack.items(
            ctx,
            ofKind.map(({ itemId }) => itemId),
            order.createdAt,
          ),
    ),
  )
  const items = new Set(open.flat())
  return lines.filter(({ itemId }) => items.has(itemId))
}

/**
 * Selects the numbers of a reservation that somebody has used. The doors are in a layer above, so `app.ts` hands it in. It is
 * read, and it is also a part of the statement that reserves the refund: people may go in meanwhile.
 */
export type SelectUsed = (
  ctx: Ctx,
  tickets: { ticketTypeId: string; reservationId: string; numbers: readonly number[] },
) => SQLWrapper & PromiseLike<{ number: number }[]>

/** The units of a line that this person may refund. */
export async function unitsOf(
  ctx: Ctx,
  by: Refunder,
  line: OrderLineRow,
  selectUsed: SelectUsed,
): Promise<number[]> {
  const { tickets, giveBack } = linePort(line.kind)
  if (by === 'member' || giveBack === null) return tickets(ctx, line)
  const numbers = await giveBack.units(ctx, line)
  const used = await selectUsed(ctx, ticketsOf(line, numbers))
  const isUsed = new Set(used.map(({ number }) => number))
  return numbers.filter((number) => !isUsed.has(number))
}

export const ticketsOf = ({ itemId, reservationId }: OrderLineRow, numbers: readonly number[]) => ({
  ticketTypeId: itemId,
  reservationId,
  numbers,
})

/**
 * Requires `refunds:write` in every organisation that owns one of these lines, and without lines an administrator. Outsiders
 * get 404 for the `what`.
 */
export async function requireRefunds(
  ctx: Ctx,
  lines: readonly Pick<OrderLineRow, 'organisationId'>[],
  what: string,
): Promise<void> {
  if (lines.length === 0 && !(await requireLiveUser(ctx)).isAdmin) throw notFound(what)
  let forbidden: Problem | null = null
  for (const organisationId of new Set(lines.map((line) => line.organisationId))) {
    try {
      await requirePermission(ctx, organisationId, 'refunds:write', what)
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'forbidden')) throw error
      forbidden = error
    }
  }
  if (forbidden !== null) throw forbidden
}
