/** The route /api/v1/config. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { describe } from '../core/openapi.ts'
import { Config } from './config-contract.ts'
import { readConfig } from './read-config.ts'

const EXAMPLE_CONFIG = {
  providers: [{ name: 'sandbox', needsPhone: false, paySeconds: 600, byDefault: true }],
  currencies: [{ code: 'KES', decimals: 2 }],
  holdSeconds: 600,
  drawLeadSeconds: 60,
  beacon: 'quicknet',
  turnstileSiteKey: null,
  accessTokenSeconds: 900,
  refreshTokenSeconds: 2_592_000,
  limits: {
    pageSize: 100,
    bodyBytes: 65_536,
    amount: 1_000_000_000,
    ticketsPerRaffle: 1_000_000,
    ticketsPerPurchase: 1_000,
    prizesPerRaffle: 100,
    prizeUnitsPerRaffle: 1_000,
    linesPerOrder: 20,
    unpaidUnits: 50,
    unpaidUnitsUnproved: 5,
  },
} as const satisfies Config

export const config = new Hono<AppEnv>().get(
  '/',
  describe({
    operation: 'readConfig',
    summary: 'Read the configuration',
    description:
      'What a client must know of this deployment: the payment providers that are set up, the currencies, how long tickets are held, how soon a draw may follow the end of sales, and the limits.',
    tag: 'System',
    auth: 'none',
    success: {
      status: 200,
      schema: Config,
      example: EXAMPLE_CONFIG,
      description: 'It changes only with a deployment.',
    },
  }),
  cachedForASecond,
  (c) => c.json(readConfig(c.get('ctx'))),
)
