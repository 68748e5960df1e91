/** Routes about the system itself: its health. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { presentsHealthToken } from '../core/health-token.ts'
import { describe } from '../core/openapi.ts'
import { Health } from './contract.ts'
import { readHealth } from './health.ts'

export const health = new Hono<AppEnv>().get(
  '/',
  describe({
    operation: 'readHealth',
    summary: 'Check the health of the system',
    description:
      '503 names each problem in `detail`. Settings and migrations that are missing are named only to a request with the health token.',
    tag: 'System',
    auth: 'none',
    success: {
      status: 200,
      schema: Health,
      example: {
        status: 'ok',
        database: 'ok',
        lastSweepAt: '2026-11-20T17:00:02.000Z',
        search: { behindSeconds: 0, rebuilding: false },
        problems: [],
      },
      description: 'The database answers, the sweep runs and mail goes out.',
    },
  }),
  async (c) => {
    const ctx = c.get('ctx')
    const answer = await readHealth(ctx, presentsHealthToken(c.req.raw.headers, ctx.settings.HEALTH_TOKEN))
    if (answer.status === 'degraded') throw new Problem('unavailable', answer.problems.join(' '))
    return c.json(answer)
  },
)
