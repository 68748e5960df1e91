/** The shape of the health report. */
import * as z from 'zod'
import { Instant } from '../core/time.ts'

export const Health = z.lazy(() =>
  z
    .strictObject({
      status: z.enum(['ok', 'degraded']),
      database: z.enum(['ok', 'unavailable']),
      /** Null before the first sweep. */
      lastSweepAt: Instant.nullable(),
      /** One sentence per problem. */
      problems: z.array(z.string()),
    })
    .meta({ id: 'Health' }),
)
export type Health = z.infer<typeof Health>
