/** The rule of two people: what one person starts, another person finishes, who does not depend on the first one. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Settings } from '../core/settings.ts'
import { DAY_MS } from '../core/time.ts'
import { wasBroughtInBy } from './brought-in.ts'
import { requireLiveUser } from './permissions.ts'
import { members, users } from './schema.ts'

export interface SecondStep {
  organisationId: string
  /** The user who took the first step. */
  firstId: string
  /** How refusals name the two steps. */
  words: {
    /** After “You”: `requested this payout`. */
    did: string
    /** `The requester of this payout`. */
    first: string
    /** After “somebody else must”: `approve it`. */
    finish: string
    /** After “Only members of at least 7 days”: `approve payouts`. */
    always: string
  }
  /** Whether the first person must still be a member, or an admin. A winner who asks for a payout is neither. */
  firstIsMember?: true
}

/**
 * Requires an admin or a member of long standing, who is not the first person. Neither of the two may have brought the
 * other into the organisation, not through others either: else one person could invite accounts of their own for the
 * other step.
 */
export async function requireSecondPerson(
  ctx: Ctx,
  { organisationId, firstId, words, firstIsMember }: SecondStep,
): Promise<void> {
  const { userId, isAdmin } = await requireLiveUser(ctx)
  const refuse = (why: string) => new Problem('forbidden', `${why}: somebody else must ${words.finish}.`)
  if (firstId === userId) throw refuse(`You ${words.did}`)
  if (isAdmin) return
  const people = await ctx.db
    .select({ id: users.id, role: users.role, member: members })
    .from(users)
    .leftJoin(members, and(eq(members.userId, users.id), eq(members.organisationId, organisationId)))
    .where(inArray(users.id, [firstId, userId]))
  const first = people.find(({ id }) => id === firstId)
  const member = people.find(({ id }) => id === userId)?.member ?? null
  const { byFirst, bySecond } = await ctx.db.get<Record<'byFirst' | 'bySecond', number>>(sql`
    SELECT ${wasBroughtInBy(organisationId, userId, firstId)} AS byFirst,
      ${wasBroughtInBy(organisationId, firstId, userId)} AS bySecond`)
  if (member === null || byFirst === 1) {
    throw refuse(`${words.first} invited you to the organisation, or invited who invited you`)
  }
  if (first !== undefined && first.role !== 'admin') {
    if (firstIsMember && first.member === null) {
      throw new Problem(
        'forbidden',
        `${words.first} no longer belongs to the organisation: an administrator must ${words.finish}.`,
      )
    }
    if (bySecond === 1) {
      const who = words.first.replace(/^T/, 't')
      throw refuse(`You invited ${who} to the organisation, or invited who invited them`)
    }
  }
  const days = minDays(ctx.settings)
  if (ctx.now - member.createdAt < days * DAY_MS) {
    throw new Problem(
      'forbidden',
      `Only members of at least ${days} days, and administrators, ${words.always}.`,
    )
  }
}

const minDays = (settings: Settings): number =>
  settings.PAYOUT_APPROVER_MIN_DAYS ?? (settings.ENVIRONMENT === 'production' ? 7 : 0)
