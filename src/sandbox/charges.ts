/** The payer's decisions on the sandbox's page, and the webhooks that report them. */
import { and, asc, eq, gt, inArray, isNull, lte, sql } from 'drizzle-orm'
import type * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound } from '../core/errors.ts'
import { SECOND_MS } from '../core/time.ts'
import type { ChargeRow, SandboxEvent } from '../money/providers/sandbox.ts'
import { SIGNATURE_HEADER, signEvent } from '../money/providers/sandbox-signature.ts'
import { sandboxCharges } from '../money/schema.ts'

export const SANDBOX_ACTIONS = ['approve', 'decline', 'later', 'twice', 'dispute'] as const
export type SandboxAction = (typeof SANDBOX_ACTIONS)[number]

export const LATER_SECONDS = 30

export interface ChargeAddress {
  id: string
  /** Known to the payer alone. */
  token: string
}

const isAt = ({ id, token }: ChargeAddress) => and(eq(sandboxCharges.id, id), eq(sandboxCharges.token, token))

export async function findCharge(ctx: Ctx, address: ChargeAddress): Promise<ChargeRow> {
  mustNotBeProduction(ctx)
  const charge = await ctx.db.select().from(sandboxCharges).where(isAt(address)).get()
  if (charge === undefined) throw notFound('payment')
  return charge
}

/**
 * Decides a charge once, even after it was stopped: real payers pay late too. A paid charge can then be disputed once.
 * Returns the charge as it is afterwards; a repeat changes nothing.
 */
export async function decideCharge(
  ctx: Ctx,
  address: ChargeAddress,
  action: SandboxAction,
): Promise<ChargeRow> {
  mustNotBeProduction(ctx)
  const [decided] = await withRetry(() =>
    ctx.db
      .update(sandboxCharges)
      .set(outcomes(ctx.now)[action])
      .where(and(isAt(address), action === 'dispute' ? isDisputable : isUndecided))
      .returning(),
  )
  return decided ?? findCharge(ctx, address)
}

const isUndecided = inArray(sandboxCharges.status, ['open', 'stopped'])
const isDisputable = and(gt(sandboxCharges.captures, 0), isNull(sandboxCharges.disputedAt))

/** Production takes no play money. Its database may still hold charges from before it was production. */
function mustNotBeProduction({ settings }: Ctx): void {
  if (settings.ENVIRONMENT === 'production') throw notFound('payment')
}

/** The request that decides also sends the webhook. The sweep sends it only if that request died. */
const SEND_AGAIN_MS = 20 * SECOND_MS

function outcomes(now: number): Record<SandboxAction, Partial<ChargeRow>> {
  const tellAt = now + SEND_AGAIN_MS
  return {
    approve: { status: 'approved', captures: 1, tellAt },
    decline: { status: 'declined', tellAt },
    later: { status: 'later', settlesAt: now + LATER_SECONDS * SECOND_MS, tellAt },
    twice: { status: 'approved', captures: 2, tellAt },
    dispute: { disputedAt: now, tellAt },
  }
}

/** The signed request of the webhook that reports a charge. */
export function chargeEvent(
  ctx: Ctx,
  { id, status, disputedAt }: ChargeRow,
): { headers: Headers; body: string } {
  const event: z.infer<typeof SandboxEvent> = {
    id: `evt-${id}-${disputedAt === null ? status : 'disputed'}`,
    subject: 'payment',
    subjectId: id,
  }
  const body = JSON.stringify(event)
  return { headers: new Headers({ [SIGNATURE_HEADER]: signEvent(ctx.settings, ctx.now, body) }), body }
}

/**
 * Marks the webhook about this state as sent. A delayed payment has another one to send when its money arrives.
 * The charge may have changed meanwhile. The guard on its state then keeps the newer webhook due.
 */
export async function markWebhookSent(
  ctx: Ctx,
  { id, status, settlesAt, disputedAt }: ChargeRow,
): Promise<void> {
  await withRetry(() =>
    ctx.db
      .update(sandboxCharges)
      .set({ tellAt: status === 'later' ? settlesAt : null })
      .where(
        and(
          eq(sandboxCharges.id, id),
          eq(sandboxCharges.status, status),
          sql`${sandboxCharges.disputedAt} IS ${disputedAt}`,
        ),
      ),
  )
}

/** Charges whose webhook is due, oldest first. */
export const chargesToReport = (ctx: Ctx, limit: number): Promise<ChargeRow[]> =>
  ctx.db
    .select()
    .from(sandboxCharges)
    .where(lte(sandboxCharges.tellAt, ctx.now))
    .orderBy(asc(sandboxCharges.tellAt))
    .limit(limit)
