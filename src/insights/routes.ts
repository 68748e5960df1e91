/** Routes about the system itself: its health. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { describe } from '../core/openapi.ts'
import { Health } from './contract.ts'
import { readHealth } from './health.ts'

export const health = new Hono<AppEnv>().get(
  '/',
  describe({
    operation: 'readHealth',
    summary: 'Check the health of the system',
    description:
      '503 names each problem in `detail`. A deployment that is not configured names its settings only to a request with its health token.',
    tag: 'System',
    auth: 'none',
    success: {
      status: 200,
      schema: Health,
      example: { status: 'ok', database: 'ok', lastSweepAt: '2026-11-20T17:00:02.000Z', problems: [] },
      description: 'The database answers and the sweep runs.',
    },
  }),
  async (c) => {
    const answer = await readHealth(c.get('ctx'))
    if (answer.status === 'degraded') throw new Problem('unavailable', answer.problems.join(' '))
    return c.json(answer)
  },
)
