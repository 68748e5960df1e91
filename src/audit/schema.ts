/** The table of the audit: who did what to which thing. Rows are only ever added; triggers refuse anything else. */
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { IdKind } from '../core/ids.ts'

/** Everything that is audited: the kind of thing, then what was done to it. No name is ever given another meaning. */
export const AUDIT_ACTIONS = [
  'api_key.created',
  'api_key.revoked',
  'category.created',
  'category.deleted',
  'category.updated',
  'member.added',
  'member.removed',
  'organisation.created',
  'payment.dismissed',
  'payment.receipt_recorded',
  'payment.reconciled',
  'payout.approved',
  'payout.cancelled',
  'payout.marked_failed',
  'payout.marked_paid',
  'payout.requested',
  'payout.retried',
  'product.archived',
  'product.created',
  'product.deleted',
  'product.updated',
  'raffle.cancelled',
  'raffle.closed',
  'raffle.created',
  'raffle.deleted',
  'raffle.published',
  'raffle.rebuilt',
  'raffle.redraw_requested',
  'raffle.refund_run_started',
  'raffle.rules_changed',
  'raffle.updated',
  'refund.marked_failed',
  'refund.marked_paid',
  'refund.requested',
  'series.created',
  'series.day_skipped',
  'series.day_unskipped',
  'series.deleted',
  'series.reward_deleted',
  'series.reward_set',
  'series.updated',
  'template.created',
  'template.deleted',
  'template.updated',
  'top_up.recorded',
  'user.reactivated',
  'user.suspended',
  'winner.delivered',
  'winner.disqualified',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export const audit = sqliteTable(
  'audit',
  {
    /** In the order of writing. SQLite's own row id, so that it needs no index of its own. */
    id: integer().primaryKey(),
    at: integer().notNull(),
    /** A user's id, an API key's id, or `system`: the sweep. */
    actor: text().notNull(),
    /** Whose it is; null: the platform's, or of several organisations. */
    organisationId: text(),
    action: text({ enum: AUDIT_ACTIONS }).notNull(),
    subjectKind: text().$type<IdKind>().notNull(),
    subjectId: text().notNull(),
    /** Names of what was given or changed, and never the values: they may be personal, and this is never deleted. */
    fields: text({ mode: 'json' }).$type<string[]>().notNull(),
    requestId: text().notNull(),
  },
  // Within a subject by row id, which every index of SQLite ends with. What an organisation did has no reader yet.
  (table) => [index('audit_subject').on(table.subjectId)],
)
