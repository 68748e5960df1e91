/**
 * The port of a line: all that an order needs from the thing it sells, with one implementation for each kind in
 * `lines/`. No other code depends on the kind of a line, so a new kind is one file and one row of the table there.
 */
import type { SQL } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { RunnableQuery } from 'drizzle-orm/runnable-query'
import type * as z from 'zod'
import type { FulfilmentStatus } from '../catalog/schema.ts'
import type { Ctx } from '../core/context.ts'
import type { Swept } from '../core/sweep-rows.ts'
import type { Provider } from '../money/provider-name.ts'
import type { Entrant, Reservation } from '../tickets/pool-contract.ts'
import type { PassChallenge } from '../tickets/reserve-tickets.ts'
import type { OrderLineRow } from './schema.ts'

export interface LineToHold {
  itemId: string
  quantity: number
  /** The exact numbers if the buyer chose them; else null. */
  numbers: number[] | null
}

export interface HoldTerms {
  userId: string
  entrant: Entrant
  /** Passes the challenge of an item that asks for one. */
  passChallenge: PassChallenge
  /** Idempotency key: a repeat returns the first hold. */
  key: string
  /** Fingerprint of the whole order. Another order under the same key is a mismatch. */
  request: string
  holdMs: number
  /** Null: the buyer names no payment, so only units that cost nothing are held. */
  provider: Provider | null
  /** From where the buyer connects, and where goods are sent (ISO 3166-1 alpha-2). Null: not seen, or picked up. */
  country: string | null
  deliverTo: string | null
}

export interface HeldLine {
  organisationId: string
  title: string
  unitAmount: number
  currency: string
  /** How many digits its numbers are shown with; null: no leading zeros, or no numbers. */
  digits: number | null
  /** The hold and when it expires. `numbers` is empty if the units have no numbers. */
  hold: Omit<Reservation, 'holder' | 'logIndex' | 'moved' | 'firstSeq'>
  /** Whether an earlier call with this key made the hold. */
  repeated: boolean
}

/** `issued`, or why the line is lost. A lost line is refunded. `taken`: others have the units. `closed`: its sale is over. */
export type Confirmed = 'issued' | LossReason
export type LossReason = 'taken' | 'limit' | 'cancelled' | 'closed' | 'frozen'

/** The texts of one kind of line in an order's history. `isOnly`: the order has no other line of this kind. */
export interface LineTexts {
  /** A sentence: `3 tickets issued.` */
  issued(count: number): string
  /** The units that others took, as the start of a sentence: `The numbers of “A raffle”`. */
  taken(title: string, isOnly: boolean): string
  /** The units that a refund is for: `tickets 4 and 5`, `2 × A book`. */
  refunded(labels: readonly string[], title: string, isOnly: boolean): string
  /** Why units cannot be taken back, as the end of a sentence. */
  whyKept: string
  /** For a buyer whose bank took the money back. `units`: the units that stay, as `refunded` names them. */
  keptDespiteDispute(units: string): string
  /** The same for operators. */
  keptAtALoss(units: string): string
}

/** What a line shows beside its row. */
export interface LineDetails {
  /** The id of its reservation. */
  id: string
  /** The present numbers of its tickets. Null if the kind has no numbers, or if the line has no tickets left. */
  numbers: number[] | null
  /** The last fulfilment step. Null if the kind is not sent. */
  fulfilment: { status: FulfilmentStatus; reference: string | null } | null
}

export interface FulfilmentStep {
  status: Exclude<FulfilmentStatus, 'none'>
  /** A parcel number or similar. */
  reference: string | undefined
}

export type ConfirmableLine = Pick<OrderLineRow, 'itemId' | 'reservationId'>

export interface LinePort<Field extends string = string> {
  /** The field that names the item on the wire, and the schema of its ids. */
  reference: { field: Field; id: z.ZodString }
  /**
   * The words for the item and for one unit (`raffle`, `ticket`). An added s makes the plural. `cancelled`: what its
   * organiser cancels, with the item; null: nothing.
   */
  words: { item: string; unit: string; cancelled: 'raffle' | 'event' | null }
  texts: LineTexts
  /** Whether units have numbers. The buyer sees the numbers, and may choose them if the item allows it. */
  isNumbered: boolean
  /** The items that accept only some providers. An item that is left out accepts all. */
  acceptedProviders(ctx: Ctx, itemIds: string[]): Promise<{ title: string; providers: string[] }[]>
  /** Holds units of the item. Throws a Problem if that is not possible. */
  hold(ctx: Ctx, line: LineToHold, terms: HoldTerms): Promise<HeldLine>
  /** Called once the order is paid. Idempotent: a repeat returns the first outcome. */
  confirm(ctx: Ctx, line: ConfirmableLine): Promise<Confirmed>
  /** The numbers that were issued and not taken back. Units without numbers count from 1. */
  tickets(ctx: Ctx, line: ConfirmableLine): Promise<number[]>
  /** What the buyer may give back without anybody's permission; null: nothing of this kind. */
  giveBack: GiveBack | null
  /**
   * Takes all these tickets back. Idempotent. Returns false and takes none if that is no longer possible. `onlyOwn`: nor
   * if somebody else has one of them by now.
   */
  takeBack(ctx: Ctx, line: ConfirmableLine, numbers: number[], onlyOwn?: boolean): Promise<boolean>
  /**
   * Releases the hold of a line that nobody will pay for. Does nothing if it is no longer held. `isUnpaid`: the buyer had
   * the time to pay. It then counts towards a pause, as a hold that expires does. Else an offer that the hold took over is
   * made again.
   */
  release(ctx: Ctx, line: ConfirmableLine, isUnpaid: boolean): Promise<void>
  /** Releases holds that no order will pay for. Null if holds expire by themselves. */
  sweepHolds: ((ctx: Ctx) => Promise<Swept>) | null
  /** A statement that reads what these lines show beside their rows. */
  details(ctx: Ctx, lines: DetailedLine[]): RunnableQuery<LineDetails[], 'sqlite'>
  /** Null if the kind is not sent. */
  fulfil: Fulfil | null
  /** Of these items, those whose takings may have been paid out: a refund of them needs cover. */
  mayBePaidOut(ctx: Ctx, itemIds: string[]): Promise<string[]>
  /** The ledger account that earns its price, and the raffle whose books show it. */
  takings(line: Pick<OrderLineRow, 'itemId' | 'organisationId'>): { account: string; raffleId?: string }
}

export interface GiveBack {
  /** Those of these items whose units may be given back now, by somebody who ordered them at `orderedAt` (ms since 1970). */
  items(ctx: Ctx, itemIds: readonly string[], orderedAt: number): Promise<string[]>
  /** The numbers of the line that the buyer still has and has not used. */
  units(ctx: Ctx, line: ConfirmableLine): Promise<number[]>
}

/** A line and its buyer. */
export type DetailedLine = Pick<OrderLineRow, 'reservationId'> & { userId: string }

/**
 * Records a fulfilment step, forward only, and `event` in the same batch. Returns null, or the present state if the step
 * is not possible.
 */
export type Fulfil = (
  ctx: Ctx,
  line: Pick<OrderLineRow, 'reservationId'>,
  step: FulfilmentStep,
  event: (isRecorded: SQL) => BatchItem<'sqlite'>,
) => Promise<string | null>
