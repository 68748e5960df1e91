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
    search: z
      .strictObject({
        behindSeconds: z
          .number()
          .int()
          .describe('How long the oldest change has waited that is not in the index.'),
        rebuilding: z.boolean().describe('Whether the index is being made anew. Searches go on meanwhile.'),
      })
      .nullable()
      .describe('How far the search index is. Null: it does not answer.'),
    problems: z.array(z.string()).describe('What is wrong, one sentence for each problem.'),
  })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof Health>
