/** Parses a webhook's body as JSON of the provider's known shape. */
import type * as z from 'zod'
import { Problem } from '../../core/errors.ts'
import type { Provider } from '../provider-name.ts'

/** Throws a Problem (400) on any other body. Its message leaves out the body, which may be personal. */
export function readBody<Body>(provider: Provider, schema: z.ZodType<Body>, body: string): Body {
  try {
    return schema.parse(JSON.parse(body))
  } catch {
    throw new Problem('malformed_request', `The body is not an event of ${provider}.`)
  }
}
