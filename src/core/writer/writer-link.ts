/** This isolate's way to a writer: which object, when to use it, and what to do if it fails. */
import type { Settings } from '../settings.ts'
import type { Statement, Writer, WriterAnswer } from './contract.ts'
import { Load } from './load.ts'
import { toError } from './refusal.ts'
import { mayBeJoined } from './statements.ts'

/** After a failure of the writer, this isolate writes directly for so long. */
const REST_MS = 2_000

type Direct = () => Promise<D1Result[]>

/** Whether the platform refused the call for an overloaded object, which then never saw it. */
function isRefusedCall(error: unknown): boolean {
  const { overloaded, remote } = error as { overloaded?: boolean; remote?: boolean }
  return overloaded === true && remote !== true
}

export class WriterLink {
  readonly #namespace: DurableObjectNamespace
  readonly #name: string
  readonly #options: DurableObjectNamespaceGetDurableObjectOptions | undefined
  readonly #load = new Load()
  #restsUntil = 0

  /**
   * An isolate keeps to one of several writers, so that its writes can share transactions. To the data it makes no
   * difference which: D1 alone puts writes in order. An object stays where it was made, so each place has its own.
   */
  constructor(namespace: DurableObjectNamespace, settings: Settings) {
    const { DATABASE_WRITERS: writers, DATABASE_LOCATION_HINT: hint } = settings
    this.#namespace = namespace
    this.#name = `${hint ?? 'anywhere'}-${Math.floor(Math.random() * writers)}`
    this.#options = hint === undefined ? undefined : { locationHint: hint }
  }

  /**
   * Writes through the writer, or with `direct`. Throws what D1 would have thrown. `onShared` is called before a write
   * goes through the writer.
   */
  async write(statements: Statement[], direct: Direct, onShared: () => void): Promise<D1Result[]> {
    const now = Date.now()
    const way = now < this.#restsUntil ? 'direct' : this.#load.wayOf(now)
    this.#load.started(now)
    try {
      if (way === 'direct' || !mayBeJoined(statements)) return await direct()
      onShared()
      return await this.#writeShared(statements, way === 'sample', direct)
    } finally {
      this.#load.ended()
    }
  }

  async #writeShared(statements: Statement[], isSample: boolean, direct: Direct): Promise<D1Result[]> {
    let answer: WriterAnswer
    try {
      // A stub that threw stays broken, so each call uses a new one.
      const stub = this.#namespace.getByName(this.#name, this.#options) as unknown as Writer
      answer = await stub.write(statements, isSample)
    } catch (error) {
      this.#restsUntil = Date.now() + REST_MS
      if (isRefusedCall(error)) return direct()
      // The writer may have sent the batch, so nobody knows whether it was written: as after a lost connection to D1.
      throw new Error(
        `D1_ERROR: Network connection lost: the database writer did not answer (${String(error)})`,
      )
    }
    if (answer === 'full') return direct()
    if ('error' in answer) throw toError(answer.error)
    if (answer.isBusy) this.#load.writerIsBusy(Date.now())
    return answer.results
  }
}
