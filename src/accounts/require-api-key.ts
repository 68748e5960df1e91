/** The program of an organisation that asks with an API key: looked up each time, so that a revocation counts at once. */
import { and, eq, isNull, lte, or } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { countRequest } from '../core/rate-limit.ts'
import type { ApiKeyScope } from './api-key-contract.ts'
import { apiKeys } from './schema.ts'

const HOUR_MS = 3_600_000

/** The organisation whose key it is; the caller finds nothing that is another's. Counts against the key's own limit. */
export async function requireApiKey(ctx: Ctx, scope: ApiKeyScope): Promise<{ organisationId: string }> {
  const presented = ctx.apiKey
  if (presented === null) {
    throw new Problem('unauthenticated', 'Send an API key as `Authorization: Bearer tk_…`.')
  }
  const { id, secretHash } = presented
  const row = await ctx.db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.id, id), eq(apiKeys.secretHash, secretHash), isNull(apiKeys.revokedAt)))
    .get()
  if (row === undefined) throw new Problem('unauthenticated', 'The API key is not valid, or not any more.')
  await countRequest(ctx.env.RATE_PURCHASE, id)
  if (!row.scopes.includes(scope)) throw new Problem('forbidden', `This API key does not include ${scope}.`)
  if (row.lastUsedAt === null || row.lastUsedAt <= ctx.now - HOUR_MS) await noteUse(ctx, id)
  return { organisationId: row.organisationId }
}

const noteUse = (ctx: Ctx, id: string) =>
  withRetry(() =>
    ctx.db
      .update(apiKeys)
      .set({ lastUsedAt: ctx.now })
      .where(
        and(eq(apiKeys.id, id), or(isNull(apiKeys.lastUsedAt), lte(apiKeys.lastUsedAt, ctx.now - HOUR_MS))),
      ),
  )
