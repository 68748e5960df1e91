/** A server on the network, faked: its state is kept in memory, and it misbehaves when it is told to. */
export interface FakeHost {
  /** The host names that it answers for. */
  hosts: readonly string[]
  /** Throws where the real network would lose the answer. */
  answer(request: Request): Promise<Response>
}

/** Keeps a request open: it ends when its sender gives up. */
export const neverAnswered = ({ signal }: Request): Promise<never> =>
  new Promise((_, reject) => {
    const giveUp = () => reject(signal.reason)
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp)
  })

/** Posts JSON to an address of the worker, as a provider does. */
export type Post = (url: string, body: unknown) => Promise<void>

/** Over HTTP. Throws if the worker does not answer 200. */
export const postOverHttp: Post = async (url, body) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${new URL(url).pathname} answered ${response.status}`)
}
