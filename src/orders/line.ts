/**
 * What an order needs of whatever it sells: one implementation for each kind of line, in `lines/`. Nothing outside asks
 * which kind a line is, so that a new kind is one file and one row of the table there.
 */
import type { SQL } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { RunnableQuery } from 'drizzle-orm/runnable-query'
import type * as z from 'zod'
import type { FulfilmentStatus } from '../catalog/schema.ts'
import type { Ctx } from '../core/context.ts'
import type { Swept } from '../core/sweep-rows.ts'
import type { Provider } from '../money/provider-name.ts'
import type { Reservation } from '../tickets/pool-contract.ts'
import type { OrderLineRow } from './schema.ts'

export interface LineToHold {
  itemId: string
  quantity: number
  /** The exact numbers, where they are chosen. */
  numbers: number[] | null
}

export interface HoldTerms {
  userId: string
  /** The same key holds the same again. */
  key: string
  /** Fingerprint of the whole order: another one under the same key is a mismatch. */
  request: string
  holdMs: number
  provider: Provider
}

export interface HeldLine {
  organisationId: string
  title: string
  unitAmount: number
  currency: string
  /** What is held, and until when; what has no numbers has none here. */
  hold: Omit<Reservation, 'holder' | 'logIndex'>
  /** Whether an earlier call with this key made it. */
  repeated: boolean
}

/** `issued`, or why it is lost, so that its money goes back; `gone`: others have it. */
export type Confirmed = 'issued' | LossReason
export type LossReason = 'gone' | 'limit' | 'cancelled' | 'frozen'

/** How the history of an order speaks of its units; `isOnly`: no other line beside it is of this kind. */
export interface LineTexts {
  /** A sentence: `3 tickets issued.` */
  issued(count: number): string
  /** What went to others: `The numbers of “A raffle”`. */
  gone(title: string, isOnly: boolean): string
  /** What a refund is for: `tickets 4 and 5`, `2 × A book`. */
  refunded(numbers: readonly number[], title: string, isOnly: boolean): string
  /** Why units cannot be taken back: the end of a sentence. */
  whyKept: string
  /** To the buyer whose bank took the money back; `units`: those that stay, as `refunded` names them. */
  keptDespiteDispute(units: string): string
  /** The same, to operators. */
  keptAtALoss(units: string): string
}

/** What a line shows beside its row, under the id of its reservation. */
export interface LineDetails {
  id: string
  /** The numbers of its tickets now; null of a kind without numbers, as of a line that has none any more. */
  numbers: number[] | null
  /** How far it is on its way; null of what is not sent. */
  fulfilment: { status: FulfilmentStatus; reference: string | null } | null
}

export interface FulfilmentStep {
  status: Exclude<FulfilmentStatus, 'none'>
  /** The parcel's number or the like. */
  reference: string | undefined
}

export type ConfirmableLine = Pick<OrderLineRow, 'itemId' | 'reservationId'>

export interface LinePort<Field extends string = string> {
  /** The field that names its item on the wire, and the shape of the ids there. */
  reference: { field: Field; id: z.ZodString }
  /** What is sold, and one unit of it (`raffle`, `ticket`); both get an s where there are more. */
  words: { item: string; unit: string }
  texts: LineTexts
  /** Whether its units have numbers in a reservation, which its buyer reads, and may choose where the item allows it. */
  isNumbered: boolean
  /** Those of the items that take payments by some providers only; others take all. */
  acceptedProviders(ctx: Ctx, itemIds: string[]): Promise<{ title: string; providers: string[] }[]>
  /** Throws a Problem where that is not possible. */
  hold(ctx: Ctx, line: LineToHold, terms: HoldTerms): Promise<HeldLine>
  /** Called once the order is paid. Idempotent: a repeat returns the first outcome. */
  confirm(ctx: Ctx, line: ConfirmableLine): Promise<Confirmed>
  /** The numbers of its tickets (where it has none, of its units from 1 on) that were issued and not taken back. */
  tickets(ctx: Ctx, line: ConfirmableLine): Promise<number[]>
  /** Takes tickets back. Idempotent; false where that is not possible any more: then none of them is taken. */
  takeBack(ctx: Ctx, line: ConfirmableLine, numbers: number[]): Promise<boolean>
  /** Nobody will pay for it. What is not held any more stays as it is. */
  release(ctx: Ctx, line: ConfirmableLine): Promise<void>
  /** Releases holds that no order will pay for; null where they end by themselves. */
  sweepHolds: ((ctx: Ctx) => Promise<Swept>) | null
  /** A statement: what these lines show beside their rows. */
  details(ctx: Ctx, lines: DetailedLine[]): RunnableQuery<LineDetails[], 'sqlite'>
  /**
   * Notes a step on its way to the buyer, forward only, and `event` in the same batch. Answers null, or what it is instead
   * where that step is not possible. Null in place of a function: it is not sent to anybody.
   */
  fulfil: Fulfil | null
  /** Whose money its price becomes in the ledger, and the raffle that it is told of. */
  takings(line: Pick<OrderLineRow, 'itemId' | 'organisationId'>): { account: string; raffleId?: string }
}

/** A line, and who bought it. */
export type DetailedLine = Pick<OrderLineRow, 'reservationId'> & { userId: string }

export type Fulfil = (
  ctx: Ctx,
  line: Pick<OrderLineRow, 'reservationId'>,
  step: FulfilmentStep,
  event: (isNoted: SQL) => BatchItem<'sqlite'>,
) => Promise<string | null>
