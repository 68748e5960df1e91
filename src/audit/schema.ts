/** The audit table: who did what to which subject. Rows are only added; triggers refuse updates and deletes. */
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { IdKind } from '../core/ids.ts'

/** Every audited action: the kind of subject, then the change. A name never gets another meaning. */
const AUDIT_ACTIONS = [
  'api_key.created',
  'api_key.revoked',
  'category.created',
  'category.deleted',
  'category.updated',
  'guarantee_limit.set',
  'invitation.revoked',
  // Written until invitations replaced it.
  'member.added',
  'member.invited',
  'member.joined',
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
  'raffle.entrants_exported',
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
  'winner.disqualification_proposed',
  'winner.disqualification_withdrawn',
  'winner.disqualified',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export const audit = sqliteTable(
  'audit',
  {
    /** Ascending in the order of writing: SQLite's row id, which needs no index of its own. */
    id: integer().primaryKey(),
    at: integer().notNull(),
    /** A user's id, an API key's id, or `system` (the sweep). */
    actor: text().notNull(),
    /** The organisation that owns the subject; null: the platform, or several organisations. */
    organisationId: text(),
    action: text({ enum: AUDIT_ACTIONS }).notNull(),
    subjectKind: text().$type<IdKind>().notNull(),
    subjectId: text().notNull(),
    /** Field names, never values: values may be personal, and audit rows are never deleted. */
    fields: text({ mode: 'json' }).$type<string[]>().notNull(),
    requestId: text().notNull(),
  },
  // Every index of SQLite ends with the row id, so this one reads a subject's rows in order.
  (table) => [index('audit_subject').on(table.subjectId)],
)
