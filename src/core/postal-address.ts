/** A postal address: one shape for requests, rows and responses. */
import * as z from 'zod'
import { Line } from './text.ts'

export const PostalAddress = z
  .strictObject({
    name: Line(1, 120),
    lines: z.array(Line(1, 120)).min(1).max(4),
    city: Line(1, 120),
    postcode: Line(1, 20).optional(),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, 'must be a country code such as KE')
      .describe('The country, as in ISO 3166-1 alpha-2: `KE`.'),
    phone: Line(1, 32).optional(),
  })
  .meta({ id: 'PostalAddress' })
export type PostalAddress = z.infer<typeof PostalAddress>
