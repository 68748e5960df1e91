/**
 * Group commit: decides queued calls in one transaction, and answers them once it is durable. A call that throws fails
 * alone: the batch is rolled back, and each of its calls is committed in a transaction of its own.
 */
import type { Logger } from '../../core/logging.ts'
import { CallBatcher } from './call-batcher.ts'

export interface CommitPorts {
  storage: DurableObjectStorage
  /** For the log. */
  name: string | undefined
  log: Logger
  /** Runs inside each transaction, before its calls are decided. */
  before: (now: number) => void
  /** Runs inside each transaction, after its calls were decided. */
  after: (now: number) => void
  /** Loads memory again from the storage. */
  reload: () => void
  /** Resolves once D1 has the committed rows, or after a time limit. */
  settled: () => Promise<void>
  /** Whether an answer would have to wait for a running projection. */
  isBusy: () => boolean
}

interface Call {
  decide: (now: number) => unknown
  resolve: (answer: unknown) => void
  reject: (error: unknown) => void
}

export class GroupCommit {
  readonly #ports: CommitPorts
  readonly #calls: CallBatcher<Call>

  constructor(ports: CommitPorts) {
    this.#ports = ports
    this.#calls = new CallBatcher((calls) => this.#commitAll(calls), ports.isBusy)
  }

  /** Queues a decision, which runs synchronously and may write to the storage; `now` is in ms since 1970. */
  decide<Answer>(decide: (now: number) => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#calls.add({ decide, resolve: resolve as Call['resolve'], reject })
    })
  }

  #commitAll(calls: Call[]): void {
    const failure = this.#commit(calls)
    if (failure === null) return
    if (calls.length === 1) this.#reject(calls[0]!, failure.error)
    else for (const call of calls) this.#commitAlone(call)
  }

  #commitAlone(call: Call): void {
    const failure = this.#commit([call])
    if (failure !== null) this.#reject(call, failure.error)
  }

  #reject(call: Call, error: unknown): void {
    this.#calls.answered(1)
    call.reject(error)
  }

  /** Returns the error if the transaction was rolled back; null: it is committed, and the answers follow. */
  #commit(calls: Call[]): { error: unknown } | null {
    const { storage, name, log, before, after, reload, settled } = this.#ports
    const now = Date.now()
    let answers: unknown[]
    try {
      answers = storage.transactionSync(() => {
        before(now)
        const decided = calls.map((call) => call.decide(now))
        after(now)
        return decided
      })
    } catch (error) {
      log.error('commit failed', { pool: name, calls: calls.length, error })
      // Memory still has the decisions that the storage rolled back.
      reload()
      return { error }
    }
    void settled().then(() => {
      this.#calls.answered(calls.length)
      calls.forEach((call, index) => void call.resolve(answers[index]))
    })
    return null
  }
}
