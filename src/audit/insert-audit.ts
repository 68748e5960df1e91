/** The one statement that writes to the audit. It is batched with the change, so that neither is there without the other. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { IdKind } from '../core/ids.ts'
import { type AuditAction, audit } from './schema.ts'

/** Ids and names of fields alone: nothing that a person wrote, and nothing about a person but an id. */
export interface AuditEntry {
  action: AuditAction
  subject: { kind: IdKind; id: string }
  /** Whose it is; null: the platform's, or of several organisations. */
  organisationId: string | SQL | null
  /** Of a change what it gives, or the part of the subject that it is about; of what says it all by its action, none. */
  fields?: readonly string[]
  /** Where the request only made D1 hear of what nobody asked for. */
  actor?: 'system'
}

/**
 * The statement before this one in the batch has changed a row. D1 runs a batch in order and on its own, and SELECTs do not
 * count, so this says exactly whether the guarded change took effect: of two requests in a race the loser leaves no row, nor
 * does a batch that is repeated after its answer was lost.
 */
const hasChanged = sql`changes() > 0`

/** A statement, to be batched right behind the one that makes the change; or anywhere, with a `guard` of its own. */
export function insertAudit(ctx: Ctx, entry: AuditEntry, guard: SQL = hasChanged) {
  const { action, subject, organisationId, fields = [] } = entry
  const actor = entry.actor ?? ctx.actor?.userId ?? ctx.apiKey?.id ?? 'system'
  return ctx.db.insert(audit).select(sql`
    SELECT NULL, ${ctx.now}, ${actor}, ${organisationId}, ${action}, ${subject.kind}, ${subject.id},
           ${JSON.stringify(fields)}, ${ctx.requestId}
    WHERE ${guard}`)
}

/** For what a pool decides, where D1 has no row to guard: a guard that lets only the first of equal entries through. */
export const isFirst = ({ action, subject, fields = [] }: AuditEntry): SQL => sql`NOT EXISTS (
  SELECT 1 FROM ${audit} WHERE ${audit.subjectId} = ${subject.id} AND ${audit.action} = ${action}
    AND ${audit.fields} = ${JSON.stringify(fields)})`

/** The names of what a change gives. */
export const fieldsOf = (input: object): string[] =>
  Object.entries(input).flatMap(([name, value]) => (value === undefined ? [] : [name]))
