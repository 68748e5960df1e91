/** Creates, lists and revokes the API keys of an organisation, for members with `api-keys:manage`. */
import { and, asc, eq, gt, isNull } from 'drizzle-orm'
import * as z from 'zod'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound } from '../core/errors.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import { toInstant } from '../core/time.ts'
import { newApiKey } from './api-key.ts'
import type { ApiKey, CreateApiKey, NewApiKey } from './api-key-contract.ts'
import { requirePermission } from './permissions.ts'
import { type ApiKeyRow, apiKeys } from './schema.ts'

const PERMISSION = 'api-keys:manage'
const CursorKey = z.tuple([z.string()])

/** Only this response contains the key. A client that loses the response revokes the key and creates another. */
export async function createApiKey(
  ctx: Ctx,
  organisationId: string,
  input: CreateApiKey,
): Promise<NewApiKey> {
  const { userId } = await requirePermission(ctx, organisationId, PERMISSION)
  const { key, ...kept } = newApiKey()
  const row: ApiKeyRow = {
    ...kept,
    ...input,
    organisationId,
    createdBy: userId,
    createdAt: ctx.now,
    lastUsedAt: null,
    revokedAt: null,
  }
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.insert(apiKeys).values(row).onConflictDoNothing(),
      insertAudit(ctx, {
        action: 'api_key.created',
        subject: { kind: 'apiKey', id: row.id },
        organisationId,
      }),
    ]),
  )
  return { ...presentApiKey(row), key }
}

export async function listApiKeys(
  ctx: Ctx,
  organisationId: string,
  { limit, cursor }: PageQuery,
): Promise<PageOf<ApiKey>> {
  await requirePermission(ctx, organisationId, PERMISSION)
  const after = readCursor(cursor, CursorKey)
  const rows = await ctx.db
    .select()
    .from(apiKeys)
    .where(and(eq(apiKeys.organisationId, organisationId), after && gt(apiKeys.id, after[0])))
    .orderBy(asc(apiKeys.id))
    .limit(limit + 1)
  return toPage(rows, limit, ({ id }) => [id], presentApiKey)
}

/** Takes effect with the next request. Idempotent: a repeat keeps the first `revokedAt`. */
export async function revokeApiKey(ctx: Ctx, organisationId: string, keyId: string): Promise<void> {
  await requirePermission(ctx, organisationId, PERMISSION)
  const isIt = and(eq(apiKeys.id, keyId), eq(apiKeys.organisationId, organisationId))
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(apiKeys)
        .set({ revokedAt: ctx.now })
        .where(and(isIt, isNull(apiKeys.revokedAt))),
      insertAudit(ctx, { action: 'api_key.revoked', subject: { kind: 'apiKey', id: keyId }, organisationId }),
    ]),
  )
  const known = await ctx.db.select({ id: apiKeys.id }).from(apiKeys).where(isIt).get()
  if (known === undefined) throw notFound('API key')
}

function presentApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    createdBy: row.createdBy,
    createdAt: toInstant(row.createdAt),
    lastUsedAt: row.lastUsedAt === null ? null : toInstant(row.lastUsedAt),
    revokedAt: row.revokedAt === null ? null : toInstant(row.revokedAt),
  }
}
