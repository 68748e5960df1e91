// The app's router returns the same matches as Hono's router, at the first request and at later ones.

import { TrieRouter } from 'hono/router/trie-router'
import { describe, expect, it } from 'vitest'
import { RememberingRouter } from '../../src/core/router.ts'

const ROUTES = [
  ['ALL', '*', 'everywhere'],
  ['POST', '/tickets/purchase', 'check'],
  ['POST', '/tickets/purchase', 'purchase'],
  ['GET', '/tickets/:id', 'ticket'],
  ['PUT', '/users/me', 'me'],
  ['PUT', '/users/:id/status', 'status'],
  ['ALL', '/mail/*', 'mail'],
  ['GET', '/mail', 'mails'],
] as const

describe('the router', () => {
  it('finds the same as Hono’s router, also from its cache', () => {
    const ours = new RememberingRouter<string>()
    const theirs = new TrieRouter<string>()
    for (const [method, path, handler] of ROUTES) {
      ours.add(method, path, handler)
      theirs.add(method, path, handler)
    }
    for (let time = 0; time < 3; time++) {
      for (const method of ['GET', 'POST', 'PUT', 'HEAD', 'TRACE']) {
        for (const path of [
          '/',
          '/tickets/purchase',
          '/tickets/1',
          '/users/me',
          '/users/1/status',
          '/mail',
          '/no',
        ]) {
          expect(ours.match(method, path), `${method} ${path}`).toEqual(theirs.match(method, path))
        }
      }
    }
  })
})
