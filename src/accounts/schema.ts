/** Tables of accounts: users, sessions, mails, organisations, members and API keys. Times are milliseconds. */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { MailKind } from './mail/kinds.ts'

export const USER_ROLES = ['user', 'admin'] as const
export const USER_STATUSES = ['active', 'suspended'] as const
export const WINNER_DISPLAYS = ['name', 'initials', 'anonymous'] as const
export const LANGUAGES = ['en', 'es'] as const
const EMAIL_TOKEN_KINDS = ['verify', 'reset', 'invite'] as const
export type EmailTokenKind = (typeof EMAIL_TOKEN_KINDS)[number]
export const INVITATION_OUTCOMES = ['accepted', 'declined', 'revoked', 'expired'] as const
export type InvitationOutcome = (typeof INVITATION_OUTCOMES)[number]

export const users = sqliteTable(
  'users',
  {
    id: text().primaryKey(),
    /** In the form of `email-address.ts`, so that the unique index sees every spelling as one address. */
    email: text().notNull().unique('users_email'),
    name: text().notNull(),
    phone: text(),
    /** Parameters, salt and key in one string; `password.ts` writes it. */
    passwordHash: text().notNull(),
    /** The role on the platform; roles in organisations are in `members`. */
    role: text({ enum: USER_ROLES }).notNull().default('user'),
    status: text({ enum: USER_STATUSES }).notNull().default('active'),
    winnerDisplay: text({ enum: WINNER_DISPLAYS }).notNull().default('initials'),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** The language of mails; null if the user has not chosen one. */
    language: text({ enum: LANGUAGES }),
    /** When the user proved to read mail at the address. */
    emailVerifiedAt: integer(),
    /** The folded name; null until the sweep has folded it. See `core/folded.ts`. */
    folded: text(),
  },
  (table) => [
    index('users_unfolded').on(table.id).where(sql`folded IS NULL`),
    check('users_role', sql`role IN ('user', 'admin')`),
    check('users_status', sql`status IN ('active', 'suspended')`),
    check('users_winner_display', sql`winner_display IN ('name', 'initials', 'anonymous')`),
    check('users_email_form', sql`email = lower(trim(email))`),
  ],
)

/** One row per login: the family of its refresh tokens. The id is the access token's `jti`. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: text().primaryKey(),
    userId: text()
      .notNull()
      .references(() => users.id),
    /** SHA-256 of the part that every refresh token of the family shares; finds the row. */
    familyHash: text().notNull().unique('sessions_family'),
    /** SHA-256 of the current refresh token. */
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
    /** The folded name; null until the sweep has folded it. See `core/folded.ts`. */
    folded: text(),
    /** Since when it may sell for money; 0: it was made when every organisation might; null: only free things. */
    pricedSalesSince: integer().default(0),
    /** The user who opened it; null: an admin made it. */
    openedBy: text(),
  },
  (table) => [
    index('organisations_opened_by').on(table.openedBy).where(sql`opened_by IS NOT NULL`),
    index('organisations_unfolded').on(table.id).where(sql`folded IS NULL`),
    check('organisations_name', sql`length(name) > 0`),
  ],
)

/** `role` has no CHECK, because organisations will be able to define their own roles. */
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
    /** The user whose invitation the member accepted; null if that was not recorded. */
    addedBy: text(),
  },
  (table) => [
    primaryKey({ columns: [table.organisationId, table.userId] }),
    index('members_user').on(table.userId),
  ],
)

/** Invitations to become a member. Once one has ended, only a keyed hash of its address is left. */
export const invitations = sqliteTable(
  'invitations',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    role: text().notNull(),
    /** In the form of `users.email`; null once the invitation has ended. */
    email: text(),
    /** Identifies the address without revealing it. */
    emailHash: text().notNull(),
    /** The user who sent it last. */
    invitedBy: text().notNull(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    /** Null while it is open; `expired` is written by the sweep, so `expiresAt` is checked too. */
    outcome: text({ enum: INVITATION_OUTCOMES }),
    endedAt: integer(),
    /** The user who ended it; null if it expired. */
    endedBy: text(),
  },
  (table) => [
    uniqueIndex('invitations_open').on(table.organisationId, table.email).where(sql`email IS NOT NULL`),
    index('invitations_listed').on(table.organisationId, table.id).where(sql`outcome IS NULL`),
    index('invitations_address').on(table.organisationId, table.emailHash),
    index('invitations_mine').on(table.email, table.id).where(sql`email IS NOT NULL`),
    index('invitations_inviter').on(table.invitedBy).where(sql`outcome IS NULL`),
    index('invitations_expiry').on(table.expiresAt).where(sql`outcome IS NULL`),
    index('invitations_ended').on(table.endedAt).where(sql`outcome IS NOT NULL`),
    check('invitations_ended_without_address', sql`(outcome IS NULL) = (email IS NOT NULL)`),
  ],
)
export type InvitationRow = typeof invitations.$inferSelect
/** Who left an organisation, and when: for a while they still count as its staff. */
export const formerMembers = sqliteTable(
  'former_members',
  {
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    userId: text()
      .notNull()
      .references(() => users.id),
    leftAt: integer().notNull(),
    /** When the first known membership began; null if an earlier version did not record it. */
    joinedAt: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.organisationId, table.userId] }),
    index('former_members_user').on(table.userId),
  ],
)

/**
 * Access tokens that were revoked before they expire. Triggers insert the rows, so that no change forgets them: a session
 * that ends, a proved address, a membership that begins or ends. Deleted once every token that they revoke has expired.
 */
export const revocations = sqliteTable('revocations', {
  /** A token carries the number of the last row at its issue; only later rows revoke it. */
  seq: integer().primaryKey({ autoIncrement: true }),
  userId: text().notNull(),
  /** The tokens of one session; null: every token of the user. */
  sessionId: text(),
  /** By the database's clock. */
  at: integer().notNull(),
})

/**
 * Users who were suspended, and what is left to take back from them. Written in the batch of the suspension, so that a
 * crash loses nothing.
 */
export const suspensions = sqliteTable(
  'suspensions',
  {
    userId: text()
      .primaryKey()
      .references(() => users.id),
    startedAt: integer().notNull(),
    /** How many passes over the user's tickets and orders are complete. */
    passes: integer().notNull().default(0),
    /** When the next pass is due; null: the last one is complete, or the user is active again. */
    dueAt: integer(),
  },
  (table) => [index('suspensions_due').on(table.dueAt).where(sql`due_at IS NOT NULL`)],
)
export type SuspensionRow = typeof suspensions.$inferSelect

/** API keys of organisations. Only the hash of a secret is stored. */
export const apiKeys = sqliteTable(
  'api_keys',
  {
    id: text().primaryKey(),
    organisationId: text()
      .notNull()
      .references(() => organisations.id),
    name: text().notNull(),
    scopes: text({ mode: 'json' }).$type<string[]>().notNull(),
    /** SHA-256 of the secret. */
    secretHash: text().notNull(),
    createdBy: text().notNull(),
    createdAt: integer().notNull(),
    /** Accurate to the hour. */
    lastUsedAt: integer(),
    revokedAt: integer(),
  },
  (table) => [index('api_keys_organisation').on(table.organisationId, table.id)],
)

export type ApiKeyRow = typeof apiKeys.$inferSelect

/** The outbox: one row per mail, in the batch of its cause. Address and text are computed when the mail is sent. */
export const mails = sqliteTable(
  'mails',
  {
    id: text().primaryKey(),
    /** The cause of the mail. `subject` and `kind` together are unique, so that one cause sends one mail. */
    subject: text().notNull(),
    kind: text().$type<MailKind>().notNull(),
    /** Null for a mail to nobody, whose cause must not tell whether a user has the address, and for one to an address. */
    userId: text(),
    data: text({ mode: 'json' }).$type<unknown>().notNull(),
    /** One of many mails at once; mails that a user waits for are sent first. */
    bulk: integer({ mode: 'boolean' }).notNull(),
    /** The time of the next try; null if the mail was sent or given up. */
    dueAt: integer(),
    tries: integer().notNull().default(0),
    sentAt: integer(),
    /** Why the last try failed, without personal data. */
    failure: text(),
    createdAt: integer().notNull(),
  },
  (table) => [
    uniqueIndex('mails_cause').on(table.subject, table.kind),
    index('mails_due').on(table.bulk, table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type MailRow = typeof mails.$inferSelect

/** Mails that were "sent" in development, shown at /dev/mail. */
export const devMails = sqliteTable('dev_mails', {
  /** The mail's id in the outbox. */
  id: text().primaryKey(),
  recipient: text().notNull(),
  title: text().notNull(),
  text: text().notNull(),
  html: text().notNull(),
  at: integer().notNull(),
})
export type DevMailRow = typeof devMails.$inferSelect

/** One-time tokens in mails. Only the hash is stored; the token is computed again when the mail is sent. */
export const emailTokens = sqliteTable(
  'email_tokens',
  {
    /** SHA-256 of the token. */
    hash: text().primaryKey(),
    kind: text({ enum: EMAIL_TOKEN_KINDS }).notNull(),
    /** Null if no user has the address, and for an invitation. */
    userId: text(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    /** When this token, or another of the same user and kind, was used. */
    usedAt: integer(),
    /** Only for the kind `invite`: the invitation that the token accepts while it is open. */
    invitationId: text(),
  },
  (table) => [
    index('email_tokens_user').on(table.userId, table.kind),
    index('email_tokens_expiry').on(table.expiresAt),
  ],
)

export type UserRow = typeof users.$inferSelect
export type OrganisationRow = typeof organisations.$inferSelect
