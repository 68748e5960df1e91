/**
 * Group commit: decides queued calls in one transaction, and answers them once it is durable. A call that throws fails
 * alone: the batch is rolled back, and each of its calls is committed in a transaction of its own.
 */
import type { Logger } from '../../core/logging.ts'
import { CallBatcher } from './call-batcher.ts'
import type { Gathering } from './projector.ts'

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
  /** Resolves once the calls just committed may be answered: when D1 has their rows, unless it gathers them. */
  settled: (gathering: Gathering) => Promise<void>
  /** Whether answers are waiting for D1. */
  isBusy: () => boolean
}

interface Call {
  gathering: Gathering
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
  decide<Answer>(decide: (now: number) => Answer, gathering: Gathering): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#calls.add({ gathering, decide, resolve: resolve as Call['resolve'], reject })
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
    // Calls that wait for D1 must not hold back those that do not.
    for (const gathering of new Set(calls.map((call) => call.gathering))) {
      void settled(gathering).then(() => this.#answer(calls, answers, gathering))
    }
    return null
  }

  #answer(calls: Call[], answers: unknown[], gathering: Gathering): void {
    calls.forEach((call, index) => {
      if (call.gathering !== gathering) return
      this.#calls.answered(1)
      call.resolve(answers[index])
    })
  }
}
