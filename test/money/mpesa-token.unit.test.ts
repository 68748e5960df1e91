import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Ctx } from '../../src/core/context.ts'
import type { Keys } from '../../src/money/providers/mpesa/keys.ts'
import { dropToken, tokenFor } from '../../src/money/providers/mpesa/token.ts'

const NOW = 1_000_000_000
let asked = 0
let keys: Keys

beforeEach(() => {
  asked = 0
  keys = {
    url: 'https://daraja.example',
    // Other keys for each test, because the tokens are kept.
    consumerKey: crypto.randomUUID(),
    consumerSecret: 'a-secret',
    shortCode: '174379',
    passkey: 'a-passkey',
    initiator: 'testapi',
    securityCredential: 'a-credential',
    payoutShortCode: '174379',
  }
  vi.spyOn(globalThis, 'fetch').mockImplementation(async () => {
    asked++
    await new Promise((resolve) => setTimeout(resolve, 5))
    return Response.json({ access_token: `token-${asked}`, expires_in: '3599' })
  })
})
afterEach(() => vi.restoreAllMocks())

const at = (now: number) => tokenFor({ now } as Ctx, keys)

it('a token is fetched once for all who need one at the same time', async () => {
  expect(await Promise.all([at(NOW), at(NOW), at(NOW)])).toEqual(['token-1', 'token-1', 'token-1'])
  expect(asked).toBe(1)
})

it('a token is used until a minute before it expires', async () => {
  expect(await at(NOW)).toBe('token-1')
  expect(await at(NOW + 3_538_000)).toBe('token-1')
  expect(await at(NOW + 3_540_000)).toBe('token-2')
})

it('a token that was not accepted is not used again, and a newer one is not dropped with it', async () => {
  const first = await at(NOW)
  dropToken(keys, first)
  expect(await at(NOW)).toBe('token-2')
  dropToken(keys, first)
  expect(await at(NOW)).toBe('token-2')
})

it('a token of other keys is not used', async () => {
  await at(NOW)
  keys = { ...keys, consumerSecret: 'another-secret' }
  expect(await at(NOW)).toBe('token-2')
})

it('who waits for a fetch that fails fetches a token of its own', async () => {
  vi.mocked(fetch).mockImplementationOnce(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    return new Response('Service unavailable', { status: 503 })
  })
  const [failed, waited] = await Promise.allSettled([at(NOW), at(NOW)])
  expect([failed.status, waited.status]).toEqual(['rejected', 'fulfilled'])
})
