/** Calls Daraja, M-Pesa's API. An answer that proves nothing is an error: the request may have taken effect. */
import * as z from 'zod'
import type { Ctx } from '../../../core/context.ts'
import { SECOND_MS } from '../../../core/time.ts'
import type { Keys } from './keys.ts'
import { dropToken, tokenFor } from './token.ts'

const TIMEOUT_MS = 15 * SECOND_MS

const INVALID_TOKEN = '404.001.03'

/** `code`: Daraja's error code, or the HTTP status if it gave none. `message`: its text, for which several share a code. */
export type Answer<Body> =
  | { kind: 'ok'; body: Body }
  | { kind: 'error'; status: number; code: string; message?: string | undefined }

const ErrorBody = z.object({ errorCode: z.string(), errorMessage: z.string().optional() })

/**
 * Posts `body`. Repeats it once if its token was not accepted, because such a request took no effect. Throws if the answer
 * is lost or has no known shape.
 */
export async function post<Body>(
  ctx: Ctx,
  keys: Keys,
  path: string,
  body: object,
  schema: z.ZodType<Body>,
): Promise<Answer<Body>> {
  const first = await postOnce(ctx, keys, path, body, schema)
  return first === 'invalid token' ? finished(await postOnce(ctx, keys, path, body, schema)) : first
}

const finished = <Body>(answer: Answer<Body> | 'invalid token'): Answer<Body> =>
  answer === 'invalid token' ? { kind: 'error', status: 401, code: INVALID_TOKEN } : answer

async function postOnce<Body>(
  ctx: Ctx,
  keys: Keys,
  path: string,
  body: object,
  schema: z.ZodType<Body>,
): Promise<Answer<Body> | 'invalid token'> {
  const token = await tokenFor(ctx, keys)
  const response = await fetch(`${keys.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const { status } = response
  const answer: unknown = await response.json().catch(() => null)
  const failure = ErrorBody.safeParse(answer)
  if (status === 401 || failure.data?.errorCode === INVALID_TOKEN) {
    dropToken(keys, token)
    return 'invalid token'
  }
  if (failure.success) {
    const { errorCode: code, errorMessage: message } = failure.data
    return { kind: 'error', status, code, message }
  }
  if (status >= 400) return { kind: 'error', status, code: String(status) }
  const parsed = schema.safeParse(answer)
  if (!parsed.success) throw new Error(`Daraja’s answer to ${path} has an unknown shape`)
  return { kind: 'ok', body: parsed.data }
}

const TIMED_OUT = 408

/** Only a refusal by the gateway or for the request’s form proves that nothing happened. A time-out proves nothing. */
export const isRefused = ({ status }: { status: number }): boolean =>
  status >= 400 && status < 500 && status !== TIMED_OUT
