/**
 * The embedded provider: it keeps books of its own, asks the payer on a page, and moves no money. What its page cannot
 * decide, amounts do: of refunds and payouts, one that ends in 13 minor units fails the first time, one that ends in 17
 * arrives a minute later; every other arrives at once.
 */
import { and, eq, gte, lt, lte, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { MINUTE_MS } from '../../core/time.ts'
import { type PaymentAction, type PaymentRow, sandboxCharges, sandboxTransfers } from '../schema.ts'
import type {
  Capture,
  Observed,
  Outgoing,
  PaymentProvider,
  Reversal,
  Sent,
  WebhookEvent,
  WebhookRequest,
} from './port.ts'
import { readBody } from './read-body.ts'
import { checkSignature, SIGNATURE_HEADER } from './sandbox-signature.ts'

export type ChargeRow = typeof sandboxCharges.$inferSelect
type TransferRow = typeof sandboxTransfers.$inferSelect

const TOKEN_BYTES = 24
const FAILS_FIRST = 13
const ARRIVES_LATER = 17
const TRANSFER_DELAY_MS = MINUTE_MS

export const SandboxEvent = z.strictObject({
  id: z.string().min(1).max(200),
  subject: z.enum(['payment', 'refund', 'payout']),
  subjectId: z.string().min(1).max(100),
})

export const sandbox: PaymentProvider = {
  name: 'sandbox',
  spanSeconds: (holdSeconds) => holdSeconds,
  whyNotSum: () => null,
  whyNotPayout: () => null,
  needsPhone: false,
  startsOnce: false,

  async start(ctx, payment) {
    const { id, amount, currency, returnUrl } = payment
    const token = Buffer.from(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))).toString('base64url')
    const [charge] = await withRetry(() =>
      ctx.db
        .insert(sandboxCharges)
        .values({ id, amount, currency, returnUrl, token, createdAt: ctx.now })
        // Nothing changes, but the token that the first start made is what is answered.
        .onConflictDoUpdate({ target: sandboxCharges.id, set: { id } })
        .returning(),
    )
    return { status: 'started', reference: id, action: actionOf(ctx, payment, charge!) }
  },

  fetch: async (ctx, { id }) => observe(await chargeNow(ctx, id)),

  async stop(ctx, { id }) {
    await ctx.db
      .update(sandboxCharges)
      .set({ status: 'stopped' })
      .where(and(eq(sandboxCharges.id, id), eq(sandboxCharges.status, 'open')))
  },

  refund: (ctx, refund) => send(ctx, 'refund', refund),
  payout: (ctx, payout) => send(ctx, 'payout', payout),

  webhooks: { webhook: { read: readEvent, answer: { received: true } } },
}

async function readEvent({ settings, now }: Ctx, { headers, body }: WebhookRequest): Promise<WebhookEvent> {
  checkSignature(settings, now, headers.get(SIGNATURE_HEADER), body)
  const { id: eventId, ...event } = readBody('sandbox', SandboxEvent, body)
  return { eventId, ...event }
}

/** A charge as it stands now: of one that is paid later, the money arrives when it is time. */
export async function chargeNow(ctx: Ctx, id: string): Promise<ChargeRow | undefined> {
  const read = ctx.db.select().from(sandboxCharges).where(eq(sandboxCharges.id, id))
  const charge = await read.get()
  if (charge?.status !== 'later') return charge
  await withRetry(() =>
    ctx.db
      .update(sandboxCharges)
      .set({ status: 'approved', captures: 1 })
      .where(
        and(
          eq(sandboxCharges.id, id),
          eq(sandboxCharges.status, 'later'),
          lte(sandboxCharges.settlesAt, ctx.now),
        ),
      ),
  )
  return read.get()
}

function actionOf(ctx: Ctx, payment: PaymentRow, { token }: ChargeRow): PaymentAction {
  const checkoutUrl = `${ctx.settings.PUBLIC_ORIGIN}/sandbox/checkout/${payment.id}/${token}`
  return payment.phone === null
    ? { kind: 'redirect', checkoutUrl, message: 'Pay on the sandbox’s page.' }
    : {
        kind: 'prompt',
        checkoutUrl,
        message: 'Confirm the payment on your phone; the sandbox’s page plays the phone.',
      }
}

function observe(charge: ChargeRow | undefined): Observed {
  const captures = charge === undefined ? [] : capturesOf(charge)
  if (captures.length > 0) {
    return { status: 'succeeded', captures, takenBack: takenBackOf(charge!), reason: null }
  }
  const reason = whyFailed(charge)
  return { status: reason === null ? 'pending' : 'failed', captures, reason }
}

function whyFailed(charge: ChargeRow | undefined): string | null {
  if (charge === undefined) return 'it never reached the sandbox'
  if (charge.status === 'declined') return 'it was declined'
  return charge.status === 'stopped' ? 'nobody paid' : null
}

const capturesOf = ({ id, captures, amount, currency }: ChargeRow): Capture[] =>
  Array.from({ length: captures }, (_, at) => ({ reference: `${id}-${at + 1}`, amount, currency }))

/** A payer's bank takes back whatever was captured, and whatever we have sent back of it ourselves. */
const takenBackOf = (charge: ChargeRow): Reversal[] =>
  charge.disputedAt === null
    ? []
    : capturesOf(charge).map(({ reference, ...sum }) => ({
        ...sum,
        reference: `${reference}-disputed`,
        capture: reference,
      }))

/** Money out: the first call with an id decides what becomes of it, a repeat says how it stands. */
async function send(ctx: Ctx, kind: 'refund' | 'payout', { id, amount, currency }: Outgoing): Promise<Sent> {
  const earlier = await triesOf(ctx, id)
  const known = earlier.find((each) => each.id === id)
  if (known !== undefined) return standing(ctx, known)
  const ending = amount % 100
  const status =
    ending === FAILS_FIRST && earlier.length === 0
      ? 'failed'
      : ending === ARRIVES_LATER
        ? 'pending'
        : 'succeeded'
  const settlesAt = status === 'pending' ? ctx.now + TRANSFER_DELAY_MS : null
  await withRetry(() =>
    ctx.db
      .insert(sandboxTransfers)
      .values({ id, kind, amount, currency, status, settlesAt, createdAt: ctx.now })
      .onConflictDoNothing(),
  )
  const made = await ctx.db.select().from(sandboxTransfers).where(eq(sandboxTransfers.id, id)).get()
  return said(made!)
}

/** Every transfer of the same refund or payout: a later try of one carries more after the id. */
function triesOf(ctx: Ctx, id: string): Promise<TransferRow[]> {
  const [subject] = /^[a-z]+_[0-9a-z]+/.exec(id) ?? [id]
  return ctx.db
    .select()
    .from(sandboxTransfers)
    .where(and(gte(sandboxTransfers.id, subject), lt(sandboxTransfers.id, `${subject}~`)))
}

async function standing(ctx: Ctx, { id }: TransferRow): Promise<Sent> {
  const [row] = await ctx.db
    .update(sandboxTransfers)
    .set({
      status: sql`iif(${sandboxTransfers.status} = 'pending' AND ${sandboxTransfers.settlesAt} <= ${ctx.now},
        'succeeded', ${sandboxTransfers.status})`,
    })
    .where(eq(sandboxTransfers.id, id))
    .returning()
  return said(row!)
}

const said = ({ id, status }: TransferRow): Sent => ({
  status,
  reference: id,
  reason: status === 'failed' ? 'the sandbox declined it' : null,
})
