import { defineConfig } from 'vitest/config'

// Tests the pages in a real browser: `npm run browser`. `npm test` does not run them.
export default defineConfig({
  test: {
    name: 'browser',
    include: ['test/web/pages.browser.ts'],
    environment: 'node',
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
})
