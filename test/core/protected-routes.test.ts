// Each domain runs the whole auth battery on its own routes. This file asks the API for its routes, so that one which no
// domain lists is tested too.
import { describe, expect, it } from 'vitest'
import { expectRefused, FORGERIES, forge } from '../harness/auth-battery.ts'
import { call, type Method, operations } from '../harness/client.ts'
import { registerPlayer } from '../harness/people.ts'

/** The routes of the API with one of these kinds of `auth`, none of them twice. */
function routesThat(...kinds: string[]): { method: Method; path: string }[] {
  const names = operations
    .filter(({ path, description }) => path.startsWith('/api/') && kinds.includes(description.auth))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:[^/.]+/g, 'x')}`)
  return [...new Set(names)].map((name) => {
    const [method, path] = name.split(' ') as [Method, string]
    return { method, path }
  })
}

describe('the API', () => {
  it('declares for each of its routes who may call it', () => {
    expect(routesThat('user', 'key', 'user-or-key').length).toBeGreaterThan(150)
    expect(routesThat('optional').length).toBeGreaterThan(5)
  })

  it('refuses everybody without a token at each route that needs one', async () => {
    for (const route of routesThat('user', 'key', 'user-or-key')) {
      await expectRefused(route, {}, `${route.method} ${route.path}`)
    }
  })

  it.each(['an expired token', 'a token signed with another secret', 'a token with the algorithm none'])(
    'refuses %s at each route that reads one',
    async (kind) => {
      const token = await forge(await registerPlayer(), FORGERIES[kind])
      for (const route of routesThat('user', 'key', 'user-or-key', 'optional')) {
        await expectRefused(route, { token }, `${route.method} ${route.path}`)
      }
    },
  )

  it('refuses a user at each route that only a key may call, and a made-up key at each that takes one', async () => {
    const { token } = await registerPlayer()
    const forKeys = routesThat('key')
    expect(forKeys.length).toBeGreaterThan(0)
    for (const { method, path } of forKeys) {
      expect((await call(method, path, { token })).body.code, path).toBe('forbidden')
    }
    for (const route of routesThat('key', 'user-or-key')) {
      await expectRefused(route, { token: `tk_${'a'.repeat(43)}` }, `${route.method} ${route.path}`)
    }
  })
})
