/** Waits for work that goes on by itself, but not for ever. */

/** Whether it ended within `ms`; throws what it throws by then. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const enough = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  try {
    return await Promise.race([work.then(() => true), enough])
  } finally {
    clearTimeout(timer)
  }
}
