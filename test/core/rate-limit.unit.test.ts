import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LIMITS, PERIOD_SECONDS, policyOf } from '../../src/core/rate-limit.ts'

const config = readFileSync(join(import.meta.dirname, '../../wrangler.toml'), 'utf8')

// The platform's binding does not tell its limit, so the code has it too.
it('the limits that clients are told are those of wrangler.toml', () => {
  const bindings = config.matchAll(
    /^\[\[env\.production\.ratelimits\]\]\nname = "(\w+)"\n.*\nsimple = \{ limit = (\d+), period = (\d+) \}$/gm,
  )
  const configured = [...bindings].map(([, name, limit, period]) => [name, Number(limit), Number(period)])
  const told = Object.entries(LIMITS).map(([name, { requests }]) => [name, requests, PERIOD_SECONDS])
  expect(told.sort()).toEqual(configured.sort())
})

it('a policy names each limit, its requests and its seconds', () => {
  expect(policyOf(['RATE_SIGN_IN', 'RATE_SIGN_IN_TOTAL'])).toBe(
    '"sign-in";q=10;w=60, "sign-in-total";q=30;w=60',
  )
})
