/**
 * Joins the batches of many callers into one transaction of D1. A batch goes at once if none is under way; what arrives
 * meanwhile goes together as the next one. So a lone caller never waits for others, and a busy database gets fewer trips.
 */
import type { Statement } from './contract.ts'
import { isRefusal } from './refusal.ts'
import { sizeOf } from './statements.ts'

/** Bounds of one transaction. While D1 runs it, every other write waits. */
const MAX_STATEMENTS = 400
const MAX_CHARACTERS = 1_000_000
/** Bounds of what waits, which keep the memory small. */
const MAX_WAITING = 1_000
const MAX_WAITING_CHARACTERS = 16_000_000
/** If D1 does not answer for so long, nobody waits for that transaction any more. */
const MAX_WAIT_MS = 1_000
const MAX_STALLED = 8

export type Run = (statements: Statement[]) => Promise<D1Result[]>

export interface Written {
  results: D1Result[]
  /** Whether others were in the same transaction. */
  isShared: boolean
}

interface Call {
  statements: Statement[]
  size: number
  resolve: (written: Written) => void
  reject: (error: unknown) => void
}

export class BatchJoiner {
  readonly #run: Run
  #waiting: Call[] = []
  #waitingSize = 0
  /** The transaction that the next one waits for. */
  #current: object | undefined
  /** Transactions that D1 did not answer in time, and may still. */
  readonly #stalled = new Set<object>()
  /** Whether the last transaction had several callers. */
  #isLoaded = false
  #isGathering = false

  constructor(run: Run) {
    this.#run = run
  }

  /** Whether so much waits here that the next caller does better to go to D1 by itself. */
  get isFull(): boolean {
    return (
      this.#waiting.length >= MAX_WAITING ||
      this.#waitingSize >= MAX_WAITING_CHARACTERS ||
      this.#stalled.size >= MAX_STALLED
    )
  }

  /** Resolves to the results of these statements or rejects with D1's error, as for a batch of their own. */
  write(statements: Statement[]): Promise<Written> {
    return new Promise((resolve, reject) => {
      const size = sizeOf(statements)
      this.#waiting.push({ statements, size, resolve, reject })
      this.#waitingSize += size
      if (this.#current !== undefined) return
      if (this.#isLoaded) this.#startSoon()
      else this.#start()
    })
  }

  /** Under load, a turn of the event loop delivers more calls, and those who were just answered come back. */
  #startSoon(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    setTimeout(() => {
      this.#isGathering = false
      if (this.#waiting.length > 0 && this.#current === undefined) this.#start()
    }, 0)
  }

  #start(): void {
    const calls = this.#take()
    const transaction = {}
    this.#isLoaded = calls.length > 1
    this.#current = transaction
    const timer = setTimeout(() => this.#stall(transaction), MAX_WAIT_MS)
    void this.#commit(calls).finally(() => {
      clearTimeout(timer)
      this.#end(transaction)
    })
  }

  #end(transaction: object): void {
    if (this.#stalled.delete(transaction)) return
    this.#current = undefined
    if (this.#waiting.length > 0) this.#startSoon()
  }

  /** Its callers go on waiting for it, but the others must not hang with them. */
  #stall(transaction: object): void {
    this.#stalled.add(transaction)
    this.#current = undefined
    if (this.#waiting.length > 0) this.#start()
  }

  /** The first of the waiting calls, and as many more as fit into one transaction with it. */
  #take(): Call[] {
    let [statements, size, count] = [0, 0, 0]
    for (const call of this.#waiting) {
      statements += call.statements.length
      size += call.size
      if (count > 0 && (statements > MAX_STATEMENTS || size > MAX_CHARACTERS)) break
      this.#waitingSize -= call.size
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** Never throws: each call gets its results or its error. */
  async #commit(calls: Call[]): Promise<void> {
    let results: D1Result[]
    try {
      results = await this.#run(calls.flatMap(({ statements }) => statements))
    } catch (error) {
      if (calls.length > 1 && isRefusal(error)) return this.#commitHalves(calls)
      for (const call of calls) call.reject(error)
      return
    }
    let from = 0
    for (const { statements, resolve } of calls) {
      resolve({ results: results.slice(from, from + statements.length), isShared: calls.length > 1 })
      from += statements.length
    }
  }

  /** Nothing of a refused transaction was written. Halves find the refused call in few trips, in the order of arrival. */
  async #commitHalves(calls: Call[]): Promise<void> {
    const middle = Math.ceil(calls.length / 2)
    await this.#commit(calls.slice(0, middle))
    await this.#commit(calls.slice(middle))
  }
}
