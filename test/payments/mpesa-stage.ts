// M-Pesa for tests: the real provider with keys, and the fake of Daraja on the network.
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { readSettings, type Settings } from '../../src/core/settings.ts'
import { providers } from '../../src/money/providers/index.ts'
import { mpesaWith, mpesa as withoutKeys } from '../../src/money/providers/mpesa/index.ts'
import { keysOf } from '../../src/money/providers/mpesa/keys.ts'
import type { FakeHost } from '../fakes/host.ts'
import { callbackOf, FakeMpesa, MPESA_SETTINGS, type Operation, type Prompt } from '../fakes/mpesa/mpesa.ts'
import { call } from '../harness/client.ts'
import { connect, postToWorker } from '../harness/network.ts'

export const PHONE = '+254700000001'

/** How M-Pesa posts to the worker. A test may replace it. */
export const posting = { post: postToWorker }

export const daraja = new FakeMpesa({ post: (url, body) => posting.post(url, body) })

function keys() {
  const result = readSettings(MPESA_SETTINGS)
  return keysOf((result as { settings: Settings }).settings)
}

let accounts = 0

/**
 * As for an account of its own each time, so that no two requests share an access token. In the test runner a request that
 * waits for another one hangs, which it does not in a worker. `atOneAddress` undoes it at the fake.
 */
const keysOfItsOwn = () => ({ ...keys()!, url: `${MPESA_SETTINGS.MPESA_URL}/account-${++accounts}` })

export const atOneAddress = (fake: FakeHost): FakeHost => ({
  hosts: fake.hosts,
  answer: (request) => fake.answer(new Request(request.url.replace(/\/account-\d+/, ''), request)),
})

/** For every test of the file: M-Pesa has the keys that its fake accepts. */
export function setUpMpesa({ sharesTokens = true } = {}): void {
  beforeAll(() => {
    providers.mpesa = mpesaWith(sharesTokens ? keys : keysOfItsOwn)
  })
  afterAll(() => {
    providers.mpesa = withoutKeys
  })
}

/** For every test of the file, after `useClock`: M-Pesa is set up, and its network is new. */
export function useMpesa(): void {
  setUpMpesa()
  beforeEach(() => {
    daraja.reset()
    posting.post = postToWorker
    connect(daraja)
  })
}

/** The bodies of all requests of this kind, as they were sent. */
export const sent = (operation: Operation) =>
  daraja.requests.filter((each) => each.operation === operation).map(({ body }) => body)

/** Posts to an address of the worker, whatever it answers. */
export const post = (url: string, body: unknown) =>
  call('POST', new URL(url).pathname, { raw: typeof body === 'string' ? body : JSON.stringify(body) })

/** The payer pays, and the callback comes, with this receipt number. */
export async function confirm(prompt: Prompt, receipt: string) {
  daraja.pay(prompt)
  prompt.receipt = receipt
  return post(prompt.callBackUrl, callbackOf(prompt))
}
