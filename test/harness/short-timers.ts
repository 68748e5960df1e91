// Time limits that end at once, so that a test can wait for a request that nobody answers.
const SHORT_MS = 100

/** Runs `work`, while each timer and each signal of exactly `ms` ends after a tenth of a second. Returns how many there were. */
export async function withShortTimers<Result>(
  ms: number,
  work: () => Promise<Result>,
): Promise<{ result: Result; timers: number }> {
  const { setTimeout: timer } = globalThis
  const { timeout: limit } = AbortSignal
  let timers = 0
  const shortened = (wanted: number | undefined): number | undefined => {
    if (wanted !== ms) return wanted
    timers++
    return SHORT_MS
  }
  globalThis.setTimeout = ((run: () => void, wanted?: number) =>
    timer(run, shortened(wanted))) as typeof setTimeout
  AbortSignal.timeout = (wanted) => limit.call(AbortSignal, shortened(wanted)!)
  try {
    return { result: await work(), timers }
  } finally {
    globalThis.setTimeout = timer
    AbortSignal.timeout = limit
  }
}
