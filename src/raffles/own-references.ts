/** What the terms of a raffle name must belong to its organisation: products and ticket types of prizes, the event of a door prize. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { type FieldError, validationFailed } from '../core/errors.ts'
import { events } from '../events/schema.ts'
import type { Earning } from './earning.ts'
import type { Prize } from './prize-contract.ts'
import { wrongSeats } from './prize-seats.ts'
import { wrongProducts } from './prize-stock.ts'

export interface References {
  prizes?: readonly Prize[] | undefined
  earning?: Earning | null | undefined
}

/** An error for each thing that the organisation cannot name in a raffle. `drawAt`: it is being published. */
export async function wrongReferences(
  ctx: Ctx,
  organisationId: string,
  { prizes = [], earning = null }: References,
  drawAt: number | null = null,
): Promise<FieldError[]> {
  return [
    ...(await wrongProducts(ctx, organisationId, prizes)),
    ...(await wrongSeats(ctx, organisationId, prizes, drawAt)),
    ...(await wrongEvent(ctx, organisationId, earning)),
  ]
}

async function wrongEvent(ctx: Ctx, organisationId: string, earning: Earning | null): Promise<FieldError[]> {
  if (earning?.per !== 'admission') return []
  const event = await ctx.db
    .select({ status: events.status })
    .from(events)
    .where(and(eq(events.id, earning.eventId), eq(events.organisationId, organisationId)))
    .get()
  if (event !== undefined && event.status !== 'cancelled') return []
  const message = event === undefined ? 'no such event of this organisation' : 'this event is cancelled'
  return [{ path: 'earning.eventId', message }]
}

/** Throws unless the organisation can name all of these; `within` is the path of the terms in the input. */
export async function requireOwnReferences(
  ctx: Ctx,
  organisationId: string,
  terms: References,
  within = '',
): Promise<void> {
  const errors = await wrongReferences(ctx, organisationId, terms)
  if (errors.length === 0) return
  throw validationFailed(errors.map(({ path, message }) => ({ path: `${within}${path}`, message })))
}
