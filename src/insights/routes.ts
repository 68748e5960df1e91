/** Doors that tell about the system itself. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { describe } from '../core/openapi.ts'
import { Health } from './contract.ts'
import { readHealth } from './health.ts'

export const health = new Hono<AppEnv>().get(
  '/',
  describe({
    summary: 'Ask whether the system is well',
    description: '503 says in plain words what is wrong.',
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
