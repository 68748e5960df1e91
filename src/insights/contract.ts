/** The shape of the health report. */
import * as z from 'zod'
import { Instant } from '../core/time.ts'

export const Health = z
  .strictObject({
    status: z.enum(['ok', 'degraded']),
    database: z.enum(['ok', 'unavailable']),
    lastSweepAt: Instant.nullable().describe(
      'When the last sweep ended. Sweeps run each minute. Null before the first.',
    ),
    problems: z.array(z.string()).describe('What is wrong, one sentence for each problem.'),
  })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof Health>
