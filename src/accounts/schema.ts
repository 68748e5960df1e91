/** Tables of accounts: users, their sessions, organisations and who is a member of which. Times are milliseconds. */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const USER_ROLES = ['user', 'admin'] as const
export const USER_STATUSES = ['active', 'suspended'] as const
export const WINNER_DISPLAYS = ['name', 'initials', 'anonymous'] as const

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

export type UserRow = typeof users.$inferSelect
export type OrganisationRow = typeof organisations.$inferSelect
