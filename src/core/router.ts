/** The app's router: Hono's TrieRouter with a cache for paths without parameters. */
import type { Result, Router } from 'hono/router'
import { TrieRouter } from 'hono/router/trie-router'

/**
 * Hono's fastest router does not allow `/users/:id/status` beside `/users/me`, and TrieRouter walks the whole path for
 * every request. As with Hono's own routers, all routes must be added before the first request.
 */
export class RememberingRouter<Handler> implements Router<Handler> {
  name = 'RememberingRouter'
  readonly #trie = new TrieRouter<Handler>()
  /** By method and path; null until the first match. Only added routes are keys, so requests cannot make it grow. */
  readonly #found = new Map<string, Result<Handler> | null>()

  add(method: string, path: string, handler: Handler): void {
    this.#trie.add(method, path, handler)
    if (!/[:*?]/.test(path)) this.#found.set(`${method} ${path}`, null)
  }

  match(method: string, path: string): Result<Handler> {
    const key = `${method} ${path}`
    const known = this.#found.get(key)
    if (known === undefined) return this.#trie.match(method, path)
    if (known !== null) return known
    const result = this.#trie.match(method, path)
    this.#found.set(key, result)
    return result
  }
}
