import { defineConfig } from 'vitest/config'

// The pages as people see them, in a real browser, which `npm test` does not ask for: `npm run browser`.
export default defineConfig({
  test: {
    name: 'browser',
    include: ['test/web/pages.browser.ts'],
    environment: 'node',
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
})
