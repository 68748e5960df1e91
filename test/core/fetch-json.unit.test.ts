// A host that is not trusted cannot make the worker follow it, wait for it, or read more than a little.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fetchJson } from '../../src/core/fetch-json.ts'

const LIMITS = { timeoutMs: 200, maxBytes: 1_000 }
const URL_OF_PAGE = 'https://results.example/latest.json'
const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' }

const answering = (answer: (init: RequestInit) => Promise<Response> | Response) =>
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_, init) => answer(init!))

const json = (text: BodyInit | null, more: ResponseInit = {}) =>
  new Response(text, { headers: JSON_HEADERS, ...more })

/** A body that gives `chunk` for ever, and counts how often it was read. */
function endless(chunk: Uint8Array<ArrayBuffer>) {
  const counts = { read: 0, isCancelled: false }
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      counts.read++
      controller.enqueue(chunk)
    },
    cancel() {
      counts.isCancelled = true
    },
  })
  return { body, counts }
}

afterEach(() => vi.restoreAllMocks())

describe('JSON of a host that is not trusted', () => {
  it('is fetched without following redirects, and without cookies or tokens', async () => {
    const fetched = answering(() => json('{"a":[1]}'))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: true, value: { a: [1] } })
    const [url, init] = fetched.mock.calls[0]!
    expect(url).toBe(URL_OF_PAGE)
    expect(init).toMatchObject({ redirect: 'manual', cache: 'no-store' })
    expect(Object.keys(init!.headers!).sort()).toEqual(['accept', 'user-agent'])
  })

  it.each([301, 302, 303, 307, 308])('is not taken from where a %i leads', async (status) => {
    const fetched = answering(() => json(null, { status, headers: { location: 'https://127.0.0.1/' } }))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'redirected' })
    expect(fetched).toHaveBeenCalledTimes(1)
  })

  it.each([201, 204, 400, 404, 500, 503])('is not taken from an answer with status %i', async (status) => {
    answering(() => json(status === 204 ? null : '{}', { status }))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'failed' })
  })

  it.each(['text/html', 'text/plain', 'application/jsonp', ''])(
    'must say that it is JSON: %j',
    async (type) => {
      answering(() => new Response(new TextEncoder().encode('{}'), { headers: { 'content-type': type } }))
      expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'not_json' })
    },
  )

  it.each(['', '{', '<html>', 'NaN', '{"a":1}x', '['.repeat(900)])('must be JSON: %j', async (text) => {
    answering(() => json(text))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'not_json' })
  })

  it('must be UTF-8', async () => {
    answering(() => json(new Uint8Array([0x22, 0xff, 0x22])))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'not_json' })
  })

  it('is read up to the limit of bytes, and not further', async () => {
    answering(() => json(`"${'x'.repeat(998)}"`))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toMatchObject({ ok: true })
    answering(() => json(`"${'x'.repeat(999)}"`))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'too_large' })
    const { body, counts } = endless(new Uint8Array(300).fill(0x20))
    answering(() => json(body))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'too_large' })
    expect(counts.isCancelled).toBe(true)
    expect(counts.read).toBeLessThan(10)
  })

  it('is not read at all if it says that it is too large', async () => {
    const { body, counts } = endless(new Uint8Array(10))
    answering(() => json(body, { headers: { ...JSON_HEADERS, 'content-length': '10000000' } }))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'too_large' })
    expect(counts.isCancelled).toBe(true)
  })

  it('must come in time, the body too', async () => {
    let signal: AbortSignal | null | undefined
    answering((init) => {
      signal = init.signal
      return new Promise(() => {})
    })
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'timed_out' })
    expect(signal!.aborted).toBe(true)
    answering(() => json(new ReadableStream({ pull: () => new Promise(() => {}) })))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'timed_out' })
  })

  it('is unreachable if the connection fails, before the answer or in it', async () => {
    answering(() => {
      throw new TypeError('no such host: secret.internal')
    })
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'unreachable' })
    answering(() => json(new ReadableStream({ pull: () => Promise.reject(new Error('lost')) })))
    expect(await fetchJson(URL_OF_PAGE, LIMITS)).toEqual({ ok: false, why: 'unreachable' })
  })
})
