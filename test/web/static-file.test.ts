import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call, type Method } from '../harness/client.ts'

const FILES = ['/docs', '/docs.js', '/favicon.svg', '/reset-password', '/account-pages/page.css']

/** Assets that answer every request in one way. */
const answering = (status: number) =>
  ({ fetch: async () => new Response(null, { status }) }) as unknown as typeof env.ASSETS

describe('a static file', () => {
  it.each(FILES)('is sent with its own headers and a request id: %s', async (path) => {
    const { status, body, headers } = await call('GET', path)
    const file = await env.ASSETS.fetch(`http://localhost:8787${path}`)
    expect(status).toBe(200)
    expect(body).toBe(await file.text())
    expect(headers.get('x-request-id')).toBeTruthy()
    // Headers that every response has must not weaken those of `_headers`.
    for (const [name, value] of file.headers) expect(headers.get(name), name).toBe(value)
  })

  it.each(FILES)('can be asked for by HEAD, and is not sent again if it is unchanged: %s', async (path) => {
    const head = await call('HEAD', path)
    expect([head.status, head.headers.get('cache-control')]).toEqual([
      200,
      'public, max-age=0, must-revalidate',
    ])
    const again = await call('GET', path, { headers: { 'if-none-match': head.headers.get('etag')! } })
    expect([again.status, again.body]).toEqual([304, ''])
    expect(again.headers.get('cache-control')).toBe('public, max-age=0, must-revalidate')
  })

  it.each(FILES)('refuses every other method with a problem: %s', async (path) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'] as Method[]) {
      const { status, body, headers } = await call(method, path)
      expect([status, body.code, headers.get('allow')], method).toEqual([
        405,
        'method_not_allowed',
        'GET, HEAD',
      ])
      expect(headers.get('x-content-type-options'), method).toBe('nosniff')
    }
  })

  it('refuses a body that is too large, like every address', async () => {
    const { status, body } = await call('POST', '/docs', { raw: 'x'.repeat(65 * 1024) })
    expect([status, body.code]).toEqual([413, 'payload_too_large'])
  })

  it('is redirected to from other spellings of its address', async () => {
    for (const path of ['/docs.html', '/docs/']) {
      const { status, headers } = await call('GET', path)
      expect([status, headers.get('location')], path).toEqual([307, '/docs'])
    }
  })

  it('shows the API’s page first', async () => {
    const { status, headers } = await call('GET', '/')
    expect([status, headers.get('location')]).toEqual([302, '/docs'])
  })

  it('gets a problem if the assets fail', async () => {
    for (const [status, seen, code] of [
      [500, 503, 'unavailable'],
      [400, 404, 'not_found'],
    ] as const) {
      const refused = await call('GET', '/docs', { bindings: { ASSETS: answering(status) } })
      expect([refused.status, refused.body.code]).toEqual([seen, code])
    }
  })
})
