/** What payers do, what the network decides, and what Daraja posts about it. */
import type { Post } from '../host.ts'
import { Books, type Prompt, type Transfer } from './books.ts'
import { newReceipt } from './forms.ts'
import { type CallbackChanges, callbackOf } from './push.ts'
import type { MpesaSettings } from './settings.ts'
import { askedFor, statusResultOf } from './status.ts'
import { resultOf, timeOutOf } from './transfer.ts'

/** In shillings. */
const LEAST_TO_PHONE = 10
const MOST_AT_ONCE = 250_000

export class Controls extends Books {
  readonly #post: Post

  constructor(post: Post, settings: Partial<MpesaSettings>) {
    super(settings)
    this.#post = post
  }

  // ——— The payer ———

  /** The payer enters the PIN. Without enough money the result is 1. */
  pay(prompt: Prompt): void {
    if (prompt.code === 0) return
    if (this.balanceOf(prompt.phone) < prompt.amount) {
      this.decline(prompt, 1)
      return
    }
    prompt.code = 0
    prompt.receipt = newReceipt()
    this.move(prompt.phone, -prompt.amount)
    this.changed()
  }

  /** 1032: cancelled; 1037: no answer; 2001: wrong PIN; 1: no funds. 4999 and others: as the test needs. */
  decline(prompt: Prompt, code: number): void {
    if (prompt.code === 0) return
    prompt.code = code
    this.changed()
  }

  // ——— The network ———

  /** Decides a transfer. Code 0 moves its money. */
  settle(transfer: Transfer, code: number | string = 0): void {
    if (transfer.code !== null) return
    const prompt = this.promptOf(transfer.reverses)
    transfer.code = this.#resultOf(transfer, prompt, code)
    transfer.transactionId = newReceipt()
    if (transfer.code === 0) {
      this.move(transfer.phone, transfer.amount)
      if (prompt !== undefined) prompt.reversed = true
    }
    this.changed()
  }

  #resultOf({ kind, amount }: Transfer, prompt: Prompt | undefined, code: number | string): number | string {
    if (code !== 0) return code
    if (prompt?.reversed) return 'R000001'
    if (kind === 'b2c' && amount < LEAST_TO_PHONE) return 2
    if (amount > MOST_AT_ONCE) return 3
    return this.till < amount ? 1 : 0
  }

  // ——— What is posted ———

  /** Posts the callback of an answered prompt, with these changes. */
  reportPrompt(prompt: Prompt, changes: CallbackChanges = {}): Promise<void> {
    return this.#post(prompt.callBackUrl, callbackOf(prompt, changes))
  }

  /** Posts the result of a decided transfer. */
  reportTransfer(transfer: Transfer, code = transfer.code): Promise<void> {
    return this.#post(transfer.resultUrl, resultOf(transfer, code ?? 0))
  }

  /** Reports that a queue timed out. The transfer may still go through. */
  reportTimeOut(transfer: Transfer): Promise<void> {
    return this.#post(transfer.timeOutUrl, timeOutOf(transfer))
  }

  /** Posts the results of all status queries. */
  async reportQueries(): Promise<void> {
    for (const query of this.queries.splice(0)) {
      await this.#post(query.resultUrl, statusResultOf(query, askedFor(this, query)))
    }
  }

  // ——— What a test does most ———

  /** The payer pays, and the callback comes. */
  async confirm(prompt: Prompt, changes: CallbackChanges = {}): Promise<void> {
    this.pay(prompt)
    await this.reportPrompt(prompt, changes)
  }

  /** The payer declines, and the callback comes. */
  async cancel(prompt: Prompt, code = 1032): Promise<void> {
    this.decline(prompt, code)
    await this.reportPrompt(prompt)
  }

  /** The network decides a transfer, and its result comes. */
  async complete(transfer: Transfer, code: number | string = 0): Promise<void> {
    this.settle(transfer, code)
    await this.reportTransfer(transfer)
  }
}
