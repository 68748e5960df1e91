/** Schemas for refunds on the wire, and for the progress of a refund run. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Money } from '../core/money.ts'
import { Page } from '../core/paging.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { Provider } from '../money/provider-name.ts'
import { REFUND_STATUSES } from '../money/schema.ts'
import { Ticket, TicketNumber } from '../tickets/contract.ts'
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

export const TakeBack = RefundLineIn.extend({
  reason: Line(3, 500).describe('Why they are taken back. The buyer reads it.'),
}).meta({ id: 'TakeBack' })
export type TakeBack = z.infer<typeof TakeBack>

export const RequestRefund = z
  .strictObject({
    reason: Line(3, 500).describe('Why it is refunded. The buyer reads it.'),
    lines: z
      .array(RefundLineIn)
      .min(1)
      .max(MAX_LINES)
      .refine((lines) => new Set(lines.map(({ line }) => line)).size === lines.length, 'name each line once')
      .optional()
      .describe('The tickets to refund. By default all that are left.'),
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
    lines: z
      .array(z.strictObject({ line: z.number().int(), tickets: z.array(Ticket) }))
      .describe(
        'The tickets that were taken back, by line of the order; of a product its units, counted from 1. A line without tickets: all that was left of it. No lines: money that paid for no ticket.',
      ),
    provider: Provider,
    reference: z
      .string()
      .nullable()
      .describe('The provider’s id of it, or the note of the person who paid it by hand.'),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Refund' })
export type Refund = z.infer<typeof Refund>

export const RefundPage = Page(Refund)
export const RefundParams = z.object({ id: Id('refund') })

export const MarkRefundPaid = z.strictObject({ reference: Line(1, 120) }).meta({
  id: 'MarkRefundPaid',
  description: 'A receipt number, or another note that identifies it.',
})
export type MarkRefundPaid = z.infer<typeof MarkRefundPaid>

const progress = {
  reason: z.string(),
  total: z.number().int().describe('How many refunds there will be: one for each paid order and item.'),
  done: z.number().int().describe('How many of them are recorded.'),
  paid: z.number().int().describe('How many of them are paid.'),
  startedAt: Instant,
  expectedEnd: Instant.nullable().describe(
    'When the last refund will be paid, by the pace so far. Null without a pace, and once all are paid.',
  ),
  finishedAt: Instant.nullable().describe('When the last refund was recorded.'),
}

export const RefundRun = z.strictObject({ raffleId: Id('raffle'), ...progress }).meta({ id: 'RefundRun' })
export type RefundRun = z.infer<typeof RefundRun>

export const EventRefundRun = z
  .strictObject({ eventId: Id('event'), ...progress })
  .meta({ id: 'EventRefundRun', description: 'The refunds of all ticket types of a cancelled event.' })
export type EventRefundRun = z.infer<typeof EventRefundRun>

/** Example request bodies, by the names of their schemas. */
export const BODIES = {
  Reason: { reason: 'The provider’s statement does not list this refund.' },
  RequestRefund: { reason: 'The buyer cannot come.', lines: [{ line: 0, numbers: [17, 42] }] },
  MarkRefundPaid: { reference: 'KCB-884213' },
  TakeBack: { reason: 'The seats are needed for wheelchairs.', line: 0, numbers: [3] },
}
