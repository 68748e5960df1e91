/** Reads what an access token says of its user, in one statement, so that the facts belong to their revision. */
import { eq, isNotNull, max, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { DAY_MS } from '../core/time.ts'
import { formerMembers, members, revocations, sessions, users } from './schema.ts'
import { FORMER_MEMBER_DAYS } from './staff.ts'

const FORMER_MEMBER_MS = FORMER_MEMBER_DAYS * DAY_MS

/** The facts for the session that `where` finds. Batch it after the statement that opens or refreshes the session. */
export const selectTokenFacts = (ctx: Ctx, where: SQL) =>
  ctx.db
    .select({
      userId: sessions.userId,
      sessionId: sessions.id,
      ...personFacts(ctx),
      revision:
        sql<number>`coalesce((${ctx.db.select({ last: max(revocations.seq) }).from(revocations)}), 0)`.as(
          'revision',
        ),
    })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(where)

/** Columns of a query on `users`: what a token says of the person. */
export const personFacts = (ctx: Ctx) => ({
  isProved: sql<boolean>`${isNotNull(users.emailVerifiedAt)}`.mapWith(Boolean).as('is_proved'),
  staffOf: staffOf(ctx, sql`${users.id}`).as('staff_of'),
})

/** Subquery: the ids of the organisations whose staff the user is: a member, or a former one for `FORMER_MEMBER_DAYS`. */
const staffOf = (ctx: Ctx, userId: SQL) =>
  sql<string[]>`(SELECT json_group_array(organisation_id) FROM (
    SELECT ${members.organisationId} FROM ${members} WHERE ${members.userId} = ${userId}
    UNION SELECT ${formerMembers.organisationId} FROM ${formerMembers}
      WHERE ${formerMembers.userId} = ${userId} AND ${formerMembers.leftAt} > ${ctx.now - FORMER_MEMBER_MS}))`.mapWith(
    (text: string) => JSON.parse(text) as string[],
  )
