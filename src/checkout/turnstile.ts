/** Verifies the token of a Turnstile widget (https://developers.cloudflare.com/turnstile/get-started/server-side-validation/). */
import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { SECOND_MS } from '../core/time.ts'
import { CHALLENGE_FIELD } from '../tickets/client.ts'
import type { PassChallenge } from '../tickets/reserve-tickets.ts'

const SITEVERIFY = 'https://challenges.cloudflare.com/turnstile/v0/siteverify'
const MAX_WAIT_MS = 5 * SECOND_MS
const MAX_ANSWER_CHARS = 4_096
const RETRY_AFTER_SECONDS = 5

/** Cloudflare allows no longer token. */
export const MAX_TOKEN_CHARS = 2_048

/** Their fault is the token's. Every other error code is a fault of ours or of Cloudflare's. */
const TOKEN_ERRORS = ['missing-input-response', 'invalid-input-response', 'timeout-or-duplicate']

const Answer = z.object({
  success: z.boolean(),
  'error-codes': z.array(z.string().regex(/^[a-z-]{1,60}$/)).default([]),
})

export interface Purchaser {
  userId: string
  token: string | undefined
  /** The Idempotency-Key of the purchase, and the fingerprint of its body. */
  key: string
  request: string
}

/** Verifies the token at most once, even if several lines of an order ask for it. */
export function challengeOf(ctx: Ctx, { token, ...purchase }: Purchaser): PassChallenge {
  if (token === undefined) return null
  let passed: Promise<void> | undefined
  return () => {
    passed ??= verifyToken(ctx, token, repeatKey({ token, ...purchase }))
    return passed
  }
}

/**
 * A token works once. The same UUID lets the same purchase verify it again, after a crash between the verification and
 * the pool. No other purchase has that UUID, so a token serves one purchase. A new token of it has another one.
 */
function repeatKey({ userId, key, request, token }: Purchaser): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([userId, key, request, token]))
    .digest('hex')
  return hex.slice(0, 32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
}

/** Throws `validation_failed` for a token that is wrong, used or too old, and `unavailable` if nobody can tell. */
async function verifyToken(ctx: Ctx, token: string, idempotencyKey: string): Promise<void> {
  const answer = await askCloudflare(ctx, token, idempotencyKey)
  if (answer.success) return
  const codes = answer['error-codes']
  if (codes.length > 0 && codes.every((code) => TOKEN_ERRORS.includes(code))) {
    throw invalid(CHALLENGE_FIELD, 'is wrong, used or too old; pass the check again and send its new token')
  }
  throw unavailable(ctx, codes.join(', '))
}

async function askCloudflare(
  ctx: Ctx,
  response: string,
  idempotencyKey: string,
): Promise<z.infer<typeof Answer>> {
  const secret = ctx.settings.TURNSTILE_SECRET_KEY
  // The keys were removed after the raffle was published.
  if (secret === undefined) throw unavailable(ctx, 'TURNSTILE_SECRET_KEY is not set')
  try {
    const answer = await fetch(SITEVERIFY, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secret, response, idempotency_key: idempotencyKey }),
      redirect: 'manual',
      signal: AbortSignal.timeout(MAX_WAIT_MS),
    })
    // Refusals come with status 200 or 400, in the same form.
    return Answer.parse(JSON.parse((await answer.text()).slice(0, MAX_ANSWER_CHARS)))
  } catch (error) {
    throw unavailable(ctx, error instanceof Error ? error.name : 'unknown')
  }
}

function unavailable(ctx: Ctx, reason: string): Problem {
  ctx.log.error('a Turnstile token could not be verified', { reason })
  return new Problem('unavailable', 'The Turnstile check does not answer. Try again in a moment.', {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  })
}
