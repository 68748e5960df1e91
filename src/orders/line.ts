/** What an order needs of whatever it sells: hold it, confirm it once paid, let it go. One implementation a kind of line. */
import type { Ctx } from '../core/context.ts'
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

export interface LinePort {
  /** Throws a Problem where that is not possible. */
  hold(ctx: Ctx, line: LineToHold, terms: HoldTerms): Promise<HeldLine>
  /** It is paid. Asked again, it is issued or lost as before. */
  confirm(ctx: Ctx, line: ConfirmableLine): Promise<Confirmed>
  /** The numbers of its tickets (of a product, of its units from 1 on) that were issued and not taken back. */
  tickets(ctx: Ctx, line: ConfirmableLine): Promise<number[]>
  /** Takes tickets back; false where that is not possible any more, then none of them is. Asked again, it is done once. */
  takeBack(ctx: Ctx, line: ConfirmableLine, numbers: number[]): Promise<boolean>
  /** Nobody will pay for it. What is not held any more stays as it is. */
  release(ctx: Ctx, line: ConfirmableLine): Promise<void>
  /** Whose money its price becomes in the ledger, and the raffle that it is told of. */
  takings(line: Pick<OrderLineRow, 'itemId' | 'organisationId'>): { account: string; raffleId?: string }
}

export type ConfirmableLine = Pick<OrderLineRow, 'itemId' | 'reservationId'>
