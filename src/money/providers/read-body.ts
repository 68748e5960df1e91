/** What a provider posts, read as JSON of the shape that it is known to have. */
import type * as z from 'zod'
import { Problem } from '../../core/errors.ts'
import type { Provider } from '../provider-name.ts'

/** Throws a Problem (400) on anything else, without a word of what it was. */
export function readBody<Body>(provider: Provider, schema: z.ZodType<Body>, body: string): Body {
  try {
    return schema.parse(JSON.parse(body))
  } catch {
    throw new Problem('malformed_request', `The body is nothing that ${provider} tells.`)
  }
}
