/** The shapes of refunds on the wire: what goes back, why, and how far it is. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Money } from '../core/money.ts'
import { Page } from '../core/paging.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { Provider } from '../money/provider-name.ts'
import { REFUND_STATUSES } from '../money/schema.ts'
import { TicketNumber } from '../tickets/contract.ts'
import { MAX_TICKETS_A_CALL } from '../tickets/pool-contract.ts'

const MAX_LINES = 20

const RefundLineIn = z.strictObject({
  line: z
    .number()
    .int()
    .min(0)
    .max(MAX_LINES - 1),
  numbers: z
    .array(TicketNumber)
    .min(1)
    .max(MAX_TICKETS_A_CALL)
    .refine((all) => new Set(all).size === all.length, 'must not name a number twice'),
})

export const RequestRefund = z
  .strictObject({
    /** Told to the buyer. */
    reason: Line(3, 500),
    /** Which tickets; left out: all that there still are. */
    lines: z
      .array(RefundLineIn)
      .min(1)
      .max(MAX_LINES)
      .refine((lines) => new Set(lines.map(({ line }) => line)).size === lines.length, 'name each line once')
      .optional(),
  })
  .meta({ id: 'RequestRefund' })
export type RequestRefund = z.infer<typeof RequestRefund>

export const Refund = z
  .strictObject({
    id: Id('refund'),
    orderId: Id('order'),
    status: z.enum(REFUND_STATUSES),
    amount: Money,
    reason: z.string(),
    /**
     * The tickets that were taken back, by the order's lines. A line without numbers goes back with all that is left of
     * it; no line at all: money that paid for no ticket.
     */
    lines: z.array(z.strictObject({ line: z.number().int(), numbers: z.array(z.number().int()) })),
    provider: Provider,
    /** The provider's, or the note of whoever paid it by hand. */
    reference: z.string().nullable(),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Refund' })
export type Refund = z.infer<typeof Refund>

export const RefundPage = Page(Refund)
export const RefundParams = z.object({ id: Id('refund') })

export const MarkRefundPaid = z.strictObject({ reference: Line(1, 120) }).meta({
  id: 'MarkRefundPaid',
  description: 'A receipt number, or another note by which it is found again.',
})
export type MarkRefundPaid = z.infer<typeof MarkRefundPaid>

export const RefundRun = z
  .strictObject({
    raffleId: Id('raffle'),
    reason: z.string(),
    /** Orders that are refunded by it, how many of them the ledger owes by now, and how many have their money back. */
    total: z.number().int(),
    done: z.number().int(),
    paid: z.number().int(),
    startedAt: Instant,
    /** When the last buyer has the money back, by the pace so far; null while there is none, and once all have it. */
    expectedEnd: Instant.nullable(),
    /** When the last order was written down as refunded. */
    finishedAt: Instant.nullable(),
  })
  .meta({ id: 'RefundRun' })
export type RefundRun = z.infer<typeof RefundRun>

/** Of what is sent, by the schemas' names. */
export const BODIES = {
  Reason: { reason: 'Its statement does not have it.' },
  RequestRefund: { reason: 'The buyer cannot come.', lines: [{ line: 0, numbers: [17, 42] }] },
  MarkRefundPaid: { reference: 'KCB-884213' },
}
