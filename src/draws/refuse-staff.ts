/**
 * Refuses a prize to members of the organisation that organises the raffle, unless its terms let them enter. The pool has
 * refused their entries already. This finds who joined with tickets in hand, or entered before the access token knew of
 * the membership.
 */
import { and, eq, exists, gt, isNull, lt, or, sql } from 'drizzle-orm'
import { formerMembers, members, users } from '../accounts/schema.ts'
import { FORMER_MEMBER_DAYS } from '../accounts/staff.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import { reservations } from '../tickets/schema.ts'
import type { SelectedWinner } from './find-winner.ts'

/**
 * A winner who joined after the announcement keeps the prize, as a member and after leaving: a member cannot influence a
 * draw that is over. Else one operator could invite a winner and then remove them, and so take the prize away.
 */
export async function refuseStaff(ctx: Ctx, { winner, raffle }: SelectedWinner): Promise<void> {
  if (raffle.staffMayEnter) return
  const { userId, reservationId, announcedAt } = winner
  const isHere = (table: typeof members | typeof formerMembers) =>
    and(eq(table.organisationId, raffle.organisationId), eq(table.userId, userId))
  const enteredAt = ctx.db
    .select({ at: reservations.at })
    .from(reservations)
    .where(and(eq(reservations.holder, userId), eq(reservations.id, reservationId)))
  const asMember = ctx.db
    .select({ id: members.userId })
    .from(members)
    .where(and(isHere(members), lt(members.createdAt, announcedAt)))
  // The same rule as for an entry: see `FORMER_MEMBER_DAYS`.
  const asFormerMember = ctx.db
    .select({ id: formerMembers.userId })
    .from(formerMembers)
    .where(
      and(
        isHere(formerMembers),
        or(isNull(formerMembers.joinedAt), lt(formerMembers.joinedAt, announcedAt)),
        gt(formerMembers.leftAt, sql`coalesce(${enteredAt}, 0) - ${FORMER_MEMBER_DAYS * DAY_MS}`),
      ),
    )
  const staff = await ctx.db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, userId), or(exists(asMember), exists(asFormerMember))))
    .get()
  if (staff === undefined) return
  throw new Problem('forbidden', 'Members of the organisation cannot claim prizes of this raffle.')
}
