/**
 * Public answers that a crowd shares: finished bytes by key, in the memory of one isolate. It never holds a promise or a
 * stream of a request, because the platform lets no other request use them.
 */

/** The memory for all answers. An isolate has 128 MB, and a pool of a million tickets may share it. */
const MAX_BYTES = 8 * 1024 * 1024
/** A longer answer is not kept. A list of 100 raffles is about a quarter of it. */
const MAX_ANSWER_BYTES = 512 * 1024
/** What an answer takes besides its body and key. Without it, many small answers would count as nothing. */
const OVERHEAD_BYTES = 512

export interface Answer {
  body: Uint8Array<ArrayBuffer>
  contentType: string
  etag: string
  /** A state of D1 that the answer has seen, as D1 names it; null: none is known. */
  seen: string | null
}

interface Kept {
  answer: Answer
  /** When its read began, so that it is never older than it seems. */
  readAt: number
  bytes: number
}

/** A read under way. */
interface Flight {
  startedAt: number
  waiting: ((answer: Answer | null) => void)[]
}

/** What a request has to do. `wait` is a promise of that request; null: the read that it waited for failed. */
export type Claim =
  | { kind: 'kept'; answer: Answer }
  | { kind: 'wait'; answer: Promise<Answer | null> }
  | { kind: 'read'; finish: (answer: Answer | null) => void }

export class SharedAnswers {
  /** In the order of their reads: the first are the oldest. */
  readonly #kept = new Map<string, Kept>()
  readonly #flights = new Map<string, Flight>()
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /**
   * An answer is used until it is `keepMs` old. From half that age on, the next request reads again, and the others still
   * get the old answer meanwhile. Without an answer one request reads and the others wait for it. Nobody waits for a
   * read that began more than half of `keepMs` ago: it may be lost, since a request ends when its client leaves.
   */
  claim(key: string, now: number, keepMs: number): Claim {
    const answer = this.fresh(key, now, keepMs)
    if (answer !== null) return { kind: 'kept', answer }
    const flight = this.#flightOf(key, now, keepMs)
    if (flight !== undefined) {
      const { promise, resolve } = Promise.withResolvers<Answer | null>()
      flight.waiting.push(resolve)
      return { kind: 'wait', answer: promise }
    }
    return { kind: 'read', finish: this.#takeOff(key, now, keepMs) }
  }

  /** The kept answer, unless its reader should read again. */
  fresh(key: string, now: number, keepMs: number): Answer | null {
    const kept = this.#kept.get(key)
    if (kept === undefined) return null
    const mostMs = this.#flightOf(key, now, keepMs) === undefined ? keepMs / 2 : keepMs
    return isWithin(now - kept.readAt, mostMs) ? kept.answer : null
  }

  /** The read under way, if it is not lost. */
  #flightOf(key: string, now: number, keepMs: number): Flight | undefined {
    const flight = this.#flights.get(key)
    return flight !== undefined && isWithin(now - flight.startedAt, keepMs / 2) ? flight : undefined
  }

  /** The kept answer, if it has seen the state of D1 that `atLeast` names. */
  find(key: string, now: number, keepMs: number, atLeast: string): Answer | null {
    const kept = this.#kept.get(key)
    if (kept === undefined || !isWithin(now - kept.readAt, keepMs)) return null
    const { seen } = kept.answer
    // D1's bookmarks sort by age as text.
    return seen !== null && seen >= atLeast ? kept.answer : null
  }

  #takeOff(key: string, now: number, keepMs: number): (answer: Answer | null) => void {
    const flight: Flight = { startedAt: now, waiting: [] }
    // A lost read never ends, so old ones are dropped here. Their waiters have timers of their own.
    for (const [other, { startedAt }] of this.#flights) {
      if (isWithin(now - startedAt, keepMs)) break
      this.#flights.delete(other)
    }
    this.#flights.delete(key)
    this.#flights.set(key, flight)
    return (answer) => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
      if (answer !== null) this.keep(key, answer, now, keepMs)
      for (const resolve of flight.waiting) resolve(answer)
    }
  }

  /** Keeps an answer whose read began at `readAt`. The oldest answers make room for it. */
  keep(key: string, answer: Answer, readAt: number, keepMs: number): void {
    const present = this.#kept.get(key)
    // Race: a slow read may end after a later one. The later one stays.
    if (present !== undefined && present.readAt > readAt && isWithin(present.readAt - readAt, keepMs)) return
    this.#drop(key)
    const bytes = answer.body.byteLength + 2 * key.length + OVERHEAD_BYTES
    if (bytes > MAX_ANSWER_BYTES || keepMs === 0) return
    this.#kept.set(key, { answer, readAt, bytes })
    this.#bytes += bytes
    for (const [oldest, kept] of this.#kept) {
      if (this.#bytes <= MAX_BYTES && readAt - kept.readAt < keepMs) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0
    this.#kept.delete(key)
  }
}

/** False also for a negative age: the clock was set back, so nobody knows how old it is. */
const isWithin = (ageMs: number, mostMs: number): boolean => ageMs >= 0 && ageMs < mostMs
