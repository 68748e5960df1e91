/** The one statement that writes an audit row. It is batched with the change, so neither is committed alone. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { IdKind } from '../core/ids.ts'
import { type AuditAction, audit } from './schema.ts'

/** Only ids and field names: no text that a person wrote, and no personal data but an id. */
export interface AuditEntry {
  action: AuditAction
  subject: { kind: IdKind; id: string }
  /** The organisation that owns the subject; null: the platform, or several organisations. */
  organisationId: string | SQL | null
  /** The fields that a change sets, or the part of the subject that it concerns; absent if the action says it all. */
  fields?: readonly string[]
  /** Set it if the request only recorded a change that nobody requested. */
  actor?: 'system'
}

/** The id may be an SQL expression, for a change that finds its subject itself. */
type NewEntry = Omit<AuditEntry, 'subject'> & { subject: { kind: IdKind; id: string | SQL } }

/**
 * True if the previous statement of the batch changed a row. Two requests may race for the same guarded change, or a
 * batch may be repeated after its answer was lost. The loser and the repeat change no row, so they write no audit row.
 * This is safe: D1 runs a batch in order and alone, and `changes()` ignores SELECTs.
 */
export const hasChanged = sql`changes() > 0`

/** Batch this statement right after the change; or anywhere, with a `guard` of its own. */
export function insertAudit(ctx: Ctx, entry: NewEntry, guard: SQL = hasChanged) {
  const { action, subject, organisationId, fields = [] } = entry
  const actor = entry.actor ?? ctx.actor?.userId ?? ctx.apiKey?.id ?? 'system'
  return ctx.db.insert(audit).select(sql`
    SELECT NULL, ${ctx.now}, ${actor}, ${organisationId}, ${action}, ${subject.kind}, ${subject.id},
           ${JSON.stringify(fields)}, ${ctx.requestId}
    WHERE ${guard}`)
}

/** A guard that is true only for the first of equal entries: for decisions of a pool, which change no row of D1. */
export const isFirst = ({ action, subject, fields = [] }: AuditEntry): SQL => sql`NOT EXISTS (
  SELECT 1 FROM ${audit} WHERE ${audit.subjectId} = ${subject.id} AND ${audit.action} = ${action}
    AND ${audit.fields} = ${JSON.stringify(fields)})`

/** The names of the fields that a change sets. */
export const fieldsOf = (input: object): string[] =>
  Object.entries(input).flatMap(([name, value]) => (value === undefined ? [] : [name]))
