/**
 * The embedded provider: it keeps its own books, lets the payer decide on a page, and moves no money. The amount decides
 * what happens to a refund or payout. One that ends in 13 minor units fails at the first attempt. One that ends in 17
 * arrives a minute later. Every other arrives at once.
 */
import { and, eq, gte, lt, lte, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { MINUTE_MS } from '../../core/time.ts'
import { rowIdOf } from '../attempt-key.ts'
import { type PaymentAction, type PaymentRow, payments, sandboxCharges, sandboxTransfers } from '../schema.ts'
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

/** A destination of this form plays a phone. */
const E164 = /^\+[1-9]\d{6,14}$/
const ONE_SHILLING = { amount: 100, currency: 'KES' }

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
  isSetUp: () => true,
  spanSeconds: (holdSeconds) => holdSeconds,
  whyNotSum: () => null,
  whyNotPayout: () => null,
  whyNotDestination: () => null,
  proof: (destination) => (E164.test(destination) ? ONE_SHILLING : null),
  needsPhone: false,
  startsOnce: false,

  async start(ctx, payment) {
    const { id } = payment
    const [charge] = await withRetry(() =>
      insertCharge(ctx, payment, newToken())
        // A repeat changes nothing, so that the first start's token is returned.
        .onConflictDoUpdate({ target: sandboxCharges.id, set: { id } })
        .returning(),
    )
    return { status: 'started', reference: id, action: actionOf(ctx, payment, charge!.token) }
  },

  startLocally(ctx, payment) {
    const { id } = payment
    const token = newToken()
    const isInserted = sql`EXISTS (SELECT 1 FROM ${payments} WHERE ${payments.id} = ${id})`
    return {
      reference: id,
      action: actionOf(ctx, payment, token),
      statements: [insertCharge(ctx, payment, token, isInserted).onConflictDoNothing()],
    }
  },

  fetch: async (ctx, { id }) => observe(await chargeNow(ctx, id)),

  async stop(ctx, { id }) {
    await ctx.db
      .update(sandboxCharges)
      .set({ status: 'stopped' })
      .where(and(eq(sandboxCharges.id, id), eq(sandboxCharges.status, 'open')))
    return 'stopped'
  },

  refund: (ctx, refund) => sendTransfer(ctx, 'refund', refund),
  payout: (ctx, payout) => sendTransfer(ctx, 'payout', payout),

  webhooks: { webhook: { read: readEvent, answer: { received: true } } },
}

const newToken = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))).toString('base64url')

const insertCharge = (
  ctx: Ctx,
  { id, amount, currency, returnUrl }: PaymentRow,
  token: string,
  guard: SQL = sql`true`,
) =>
  ctx.db.insert(sandboxCharges).select(sql`
    SELECT ${id}, ${amount}, ${currency}, ${returnUrl}, ${token}, 'open', 0, NULL, NULL, ${ctx.now}, NULL
    WHERE ${guard}`)

async function readEvent({ settings, now }: Ctx, { headers, body }: WebhookRequest): Promise<WebhookEvent> {
  checkSignature(settings, now, headers.get(SIGNATURE_HEADER), body)
  const { id: eventId, ...event } = readBody('sandbox', SandboxEvent, body)
  return { eventId, ...event }
}

/** The charge with this payment's id. If its payment was delayed and that time is over, its money arrives now. */
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

function actionOf(ctx: Ctx, payment: PaymentRow, token: string): PaymentAction {
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
    return { status: 'succeeded', captures, takenBack: reversalsOf(charge!), reason: null }
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

/** A payer's bank takes back every capture in full, even one that we have refunded. */
const reversalsOf = (charge: ChargeRow): Reversal[] =>
  charge.disputedAt === null
    ? []
    : capturesOf(charge).map(({ reference, ...sum }) => ({
        ...sum,
        reference: `${reference}-disputed`,
        capture: reference,
      }))

/** Sends money out. The first call with an id decides its outcome; a repeat returns the transfer's state. */
async function sendTransfer(
  ctx: Ctx,
  kind: 'refund' | 'payout',
  { id, amount, currency, pollOnly }: Outgoing,
): Promise<Sent> {
  const earlier = await attemptsOf(ctx, id)
  const known = earlier.find((each) => each.id === id)
  if (known !== undefined) return settleTransfer(ctx, known)
  if (pollOnly) return { status: 'failed', reference: null, reason: 'it was never sent' }
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
  return toSent(made!)
}

/** Every attempt at the same refund or payout: a later attempt's key is the id and a suffix. */
function attemptsOf(ctx: Ctx, id: string): Promise<TransferRow[]> {
  const subject = rowIdOf(id)
  return ctx.db
    .select()
    .from(sandboxTransfers)
    .where(and(gte(sandboxTransfers.id, subject), lt(sandboxTransfers.id, `${subject}~`)))
}

/** The transfer's state. If it was delayed and that time is over, it succeeds now. */
async function settleTransfer(ctx: Ctx, { id }: TransferRow): Promise<Sent> {
  const [row] = await ctx.db
    .update(sandboxTransfers)
    .set({
      status: sql`iif(${sandboxTransfers.status} = 'pending' AND ${sandboxTransfers.settlesAt} <= ${ctx.now},
        'succeeded', ${sandboxTransfers.status})`,
    })
    .where(eq(sandboxTransfers.id, id))
    .returning()
  return toSent(row!)
}

const toSent = ({ id, status }: TransferRow): Sent => ({
  status,
  reference: id,
  reason: status === 'failed' ? 'the sandbox declined it' : null,
  // Only a transfer that the sandbox knows fails: its money is back.
  ...(status === 'failed' ? { isReturned: true } : {}),
})
