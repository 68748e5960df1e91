/** The environment that `cloudflare:workers` gives to tests: the worker's bindings and the migrations of its databases. */
declare namespace Cloudflare {
  interface Env extends Omit<import('../../src/core/context.ts').Bindings, never> {
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[]
    TEST_SEARCH_MIGRATIONS: import('cloudflare:test').D1Migration[]
  }
  interface GlobalProps {
    mainModule: typeof import('../../src/index.ts')
  }
}
