/** The shapes of what is told about the system itself. */
import * as z from 'zod'
import { Instant } from '../core/time.ts'

export const Health = z
  .strictObject({
    status: z.enum(['ok', 'degraded']),
    database: z.enum(['ok', 'unavailable']),
    /** Null before the first one. */
    lastSweepAt: Instant.nullable(),
    /** What is wrong, in plain words. */
    problems: z.array(z.string()),
  })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof Health>
