/** Requires a valid API key. The key is read from D1 each time, so that a revocation takes effect at once. */
import { and, eq, isNull, lte, or } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { onPrimary } from '../core/position.ts'
import { countRequest } from '../core/rate-limit.ts'
import type { ApiKeyScope } from './api-key-contract.ts'
import { apiKeys } from './schema.ts'

const HOUR_MS = 3_600_000

/** Returns the key's organisation. The caller must read only that organisation's data. Counts against the key's limit. */
export async function requireApiKey(ctx: Ctx, scope: ApiKeyScope): Promise<{ organisationId: string }> {
  const presented = ctx.apiKey
  if (presented === null) {
    throw new Problem('unauthenticated', 'Send an API key as `Authorization: Bearer tk_…`.')
  }
  const { id, secretHash } = presented
  const row = await onPrimary(() =>
    ctx.db
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.id, id), eq(apiKeys.secretHash, secretHash), isNull(apiKeys.revokedAt)))
      .get(),
  )
  if (row === undefined) throw new Problem('unauthenticated', 'The API key is invalid or revoked.')
  await countRequest(ctx.env.RATE_PURCHASE, id)
  if (!row.scopes.includes(scope)) throw new Problem('forbidden', `This API key does not include ${scope}.`)
  if (row.lastUsedAt === null || row.lastUsedAt <= ctx.now - HOUR_MS) await recordUse(ctx, id)
  return { organisationId: row.organisationId }
}

const recordUse = (ctx: Ctx, id: string) =>
  withRetry(() =>
    ctx.db
      .update(apiKeys)
      .set({ lastUsedAt: ctx.now })
      .where(
        and(eq(apiKeys.id, id), or(isNull(apiKeys.lastUsedAt), lte(apiKeys.lastUsedAt, ctx.now - HOUR_MS))),
      ),
  )
