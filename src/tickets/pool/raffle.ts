/** The parts of a pool that only a raffle has: the rules of its draw, its log, and the times of its freeze. */
import { holderTag, SALT_BYTES } from '../../rdp1/holder-tag.ts'
import { parseRules, type Rules } from '../../rdp1/rules.ts'
import type { RaffleTerms } from '../terms.ts'
import { type DrawClock, drawClock, type EarlyClose, freezesAt, lastFreezeAt } from './clock.ts'
import type { HolderTag } from './holders.ts'
import { SaleLog } from './sale-log.ts'
import type { PoolStore } from './store.ts'

export class Raffle {
  readonly rules: Rules
  /** The exact text that is hashed and published. */
  readonly rulesText: string
  readonly log: SaleLog
  readonly #paymentSpanSeconds: number
  #clock: DrawClock

  constructor(store: PoolStore, { rules, paymentSpanSeconds }: RaffleTerms, early: EarlyClose | null) {
    this.rules = parseRules(rules)
    this.rulesText = rules
    this.log = new SaleLog(store)
    this.#paymentSpanSeconds = paymentSpanSeconds
    this.#clock = drawClock(this.rules, paymentSpanSeconds, early)
  }

  get clock(): DrawClock {
    return this.#clock
  }

  /** When the pool freezes by itself (ms since 1970). */
  get freezesAt(): number {
    return freezesAt(this.#clock, this.rules.leadSeconds)
  }

  /** The latest freeze that does not move the draw's round (ms since 1970). */
  get lastFreezeAt(): number {
    return lastFreezeAt(this.#clock, this.rules.leadSeconds)
  }

  /** An early close moves the freeze and the draw to earlier times. */
  closeEarly(early: EarlyClose): void {
    this.#clock = drawClock(this.rules, this.#paymentSpanSeconds, early)
  }

  newTag(holder: string, randomBytes: (count: number) => Uint8Array<ArrayBuffer>): HolderTag {
    const salt = randomBytes(SALT_BYTES)
    return { salt, tag: new Uint8Array(holderTag(this.rules.id, holder, salt)) }
  }
}
