// The network as tests see it: a request goes to the fake of its host, and any other host cannot be reached.
import { vi } from 'vitest'
import type { FakeHost } from '../fakes/host.ts'
import { call } from './client.ts'

/** Replaces `fetch` until `vi.restoreAllMocks`. */
export function connect(...fakes: FakeHost[]): void {
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    const request = new Request(input as Request, init)
    const { hostname } = new URL(request.url)
    const fake = fakes.find(({ hosts }) => hosts.includes(hostname))
    if (fake === undefined) throw new TypeError(`no host ${hostname} on this network`)
    return fake.answer(request)
  })
}

/** What a provider posts to the worker. Its answer must be 200. */
export async function postToWorker(url: string, body: unknown): Promise<void> {
  const raw = typeof body === 'string' ? body : JSON.stringify(body)
  const { status, body: answer } = await call('POST', new URL(url).pathname, { raw })
  if (status !== 200) throw new Error(`the worker answered ${status}: ${JSON.stringify(answer)}`)
}
