/** Tables of accounts: users, their sessions and mails, organisations and who is a member of which. Times are milliseconds. */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { MailKind } from './mail/kinds.ts'

export const USER_ROLES = ['user', 'admin'] as const
export const USER_STATUSES = ['active', 'suspended'] as const
export const WINNER_DISPLAYS = ['name', 'initials', 'anonymous'] as const
export const LANGUAGES = ['en', 'es'] as const
export const EMAIL_TOKEN_KINDS = ['verify', 'reset'] as const
export type EmailTokenKind = (typeof EMAIL_TOKEN_KINDS)[number]

export const users = sqliteTable(
  'users',
  {
    id: text().primaryKey(),
    /** Trimmed and in lower case, so that the index sees one address as one. */
    email: text().notNull().unique('users_email'),
    name: text().notNull(),
    phone: text(),
    /** Parameters, salt and key in one string, as `password.ts` writes it. */
    passwordHash: text().notNull(),
    /** The one platform role; everything else is a membership. */
    role: text({ enum: USER_ROLES }).notNull().default('user'),
    status: text({ enum: USER_STATUSES }).notNull().default('active'),
    winnerDisplay: text({ enum: WINNER_DISPLAYS }).notNull().default('initials'),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** In which mails are written; null: nobody has said. */
    language: text({ enum: LANGUAGES }),
    /** When it was proven that who uses the account reads its address. */
    emailVerifiedAt: integer(),
  },
  () => [
    check('users_role', sql`role IN ('user', 'admin')`),
    check('users_status', sql`status IN ('active', 'suspended')`),
    check('users_winner_display', sql`winner_display IN ('name', 'initials', 'anonymous')`),
    check('users_email_form', sql`email = lower(trim(email))`),
  ],
)

/** One row a login: the family of all refresh tokens that grew from it. Its id is the access token's `jti`. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text().primaryKey(),
    userId: text()
      .notNull()
      .references(() => users.id),
    /** SHA-256 of the part that every refresh token of the family shares: what finds the row again. */
    familyHash: text().notNull().unique('sessions_family'),
    /** SHA-256 of the one refresh token that still counts. */
    refreshHash: text().notNull(),
    createdAt: integer().notNull(),
    refreshedAt: integer().notNull(),
    expiresAt: integer().notNull(),
    revokedAt: integer(),
  },
  (table) => [index('sessions_user').on(table.userId), index('sessions_expiry').on(table.expiresAt)],
)

export const organisations = sqliteTable(
  'organisations',
  {
    id: text().primaryKey(),
    slug: text().notNull().unique('organisations_slug'),
    name: text().notNull(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  () => [check('organisations_name', sql`length(name) > 0`)],
)

/** `role` has no CHECK: roles that organisations make themselves will stand here too. */
export const members = sqliteTable(
  'members',
  {
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    userId: text()
      .notNull()
      .references(() => users.id),
    role: text().notNull(),
    createdAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.organisationId, table.userId] }),
    index('members_user').on(table.userId),
  ],
)

/** Keys of organisations for their own programs. Of the secret only the hash is kept. */
export const apiKeys = sqliteTable(
  'api_keys',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    scopes: text({ mode: 'json' }).$type<string[]>().notNull(),
    /** SHA-256 of its secret. */
    secretHash: text().notNull(),
    createdBy: text().notNull(),
    createdAt: integer().notNull(),
    /** True to the hour. */
    lastUsedAt: integer(),
    revokedAt: integer(),
  },
  (table) => [index('api_keys_organisation').on(table.organisationId, table.id)],
)

export type ApiKeyRow = typeof apiKeys.$inferSelect
/** The outbox: one row a mail, written with its cause; neither address nor text, which are looked up when it is sent. */
export const mails = sqliteTable(
  'mails',
  {
    id: text().primaryKey(),
    /** What it is about, and which mail about it: together they make it one. */
    subject: text().notNull(),
    kind: text().$type<MailKind>().notNull(),
    /** Null where a password was forgotten for an address that nobody has. */
    userId: text(),
    data: text({ mode: 'json' }).$type<unknown>().notNull(),
    /** One of very many at once: it waits behind what somebody is waiting for. */
    bulk: integer({ mode: 'boolean' }).notNull(),
    /** When it is to be tried; null: it was sent or given up. */
    dueAt: integer(),
    tries: integer().notNull().default(0),
    sentAt: integer(),
    /** Why the last try failed, without anything personal. */
    failure: text(),
    createdAt: integer().notNull(),
  },
  (table) => [
    uniqueIndex('mails_cause').on(table.subject, table.kind),
    index('mails_due').on(table.bulk, table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type MailRow = typeof mails.$inferSelect

/** Mails that development has "sent": read at /dev/mail. */
export const devMails = sqliteTable('dev_mails', {
  /** Of the outbox. */
  id: text().primaryKey(),
  recipient: text().notNull(),
  title: text().notNull(),
  text: text().notNull(),
  html: text().notNull(),
  at: integer().notNull(),
})
export type DevMailRow = typeof devMails.$inferSelect

/** What a mail lets its reader do, once. Only the hash: the token itself is made again when the mail is sent. */
export const emailTokens = sqliteTable(
  'email_tokens',
  {
    /** SHA-256. */
    hash: text().primaryKey(),
    kind: text({ enum: EMAIL_TOKEN_KINDS }).notNull(),
    /** Null where nobody has the address. */
    userId: text(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    /** When it, or a newer one in its place, was used. */
    usedAt: integer(),
  },
  (table) => [
    index('email_tokens_user').on(table.userId, table.kind),
    index('email_tokens_expiry').on(table.expiresAt),
  ],
)

export type UserRow = typeof users.$inferSelect
export type OrganisationRow = typeof organisations.$inferSelect
