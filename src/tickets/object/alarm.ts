/** The object's one alarm. Setting it writes a row, so it is set again only to ring sooner. */

/** A busy object runs its alarm late, but not as late as this. */
const ALARM_LATE_MS = 10_000

export class Alarm {
  readonly #storage: DurableObjectStorage
  /** Null: not set, or not known to be set. */
  #armedFor: number | null = null

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  async load(): Promise<void> {
    this.#armedFor = await this.#storage.getAlarm()
  }

  /** Call this when the alarm rings, and after a rollback, which may have undone a setting. */
  forget(): void {
    this.#armedFor = null
  }

  /** Makes the alarm ring at `next` (ms since 1970) or sooner. */
  ringBy(next: number, now: number): void {
    // The platform may have dropped an overdue alarm, so that one does not prevent a new one.
    if (this.#armedFor !== null && this.#armedFor <= next && this.#armedFor > now - ALARM_LATE_MS) return
    this.#armedFor = next
    void this.#storage.setAlarm(next)
  }
}
