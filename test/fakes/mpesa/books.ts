/** What the fake of M-Pesa keeps: prompts, transfers, status queries, and the balances of phones and of the short code. */
import { MPESA_SETTINGS, type MpesaSettings } from './settings.ts'

/** A prompt on a phone. */
export interface Prompt {
  MerchantRequestID: string
  CheckoutRequestID: string
  /** In whole shillings. */
  amount: number
  /** 254… */
  phone: string
  callBackUrl: string
  accountReference: string
  description: string
  promptedAt: number
  /** The result; null: the payer has not answered yet. */
  code: number | null
  receipt: string | null
  /** Whether its money went back by a reversal. */
  reversed: boolean
}

/** Money on its way to a phone. */
export interface Transfer {
  kind: 'b2c' | 'reversal'
  OriginatorConversationID: string
  ConversationID: string
  amount: number
  phone: string
  /** The receipt that is reversed. */
  reverses: string | null
  resultUrl: string
  timeOutUrl: string
  /** The result; null: it is under way. */
  code: number | string | null
  transactionId: string | null
}

/** A status query whose result was not posted yet. */
export interface StatusQuery {
  OriginatorConversationID: string
  ConversationID: string
  /** Our OriginatorConversationID of the transfer, or a receipt. */
  about: string
  resultUrl: string
}

const START_BALANCE = 100_000

export class Books {
  readonly prompts: Prompt[] = []
  readonly transfers: Transfer[] = []
  readonly queries: StatusQuery[] = []
  /** What each phone has, in shillings. */
  readonly balances = new Map<string, number>()
  /** What the short code has: what was paid, less what was sent. */
  till = 0
  /** Called after each change, so that a page can show it. */
  changed: () => void = () => {}
  readonly settings: MpesaSettings

  constructor(settings: Partial<MpesaSettings> = {}) {
    this.settings = { ...MPESA_SETTINGS, ...settings }
  }

  balanceOf(phone: string): number {
    return this.balances.get(phone) ?? START_BALANCE
  }

  /** Moves money from the short code to a phone, or back if `amount` is below zero. */
  move(phone: string, amount: number): void {
    this.balances.set(phone, this.balanceOf(phone) + amount)
    this.till -= amount
  }

  promptOf(receipt: unknown): Prompt | undefined {
    return this.prompts.find((each) => each.receipt !== null && each.receipt === receipt)
  }
}
