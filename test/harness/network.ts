// The network as tests see it: a request goes to the fake of its host, and any other host cannot be reached.
import { vi } from 'vitest'
import type { FakeHost } from '../fakes/host.ts'

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
