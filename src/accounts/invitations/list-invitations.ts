/** Lists open invitations, oldest first: those of an organisation, and those to the user's own address. */
import { and, asc, eq, gt } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../../core/paging.ts'
import { toInstant } from '../../core/time.ts'
import { MemberRole } from '../contract.ts'
import { requirePermission } from '../permissions.ts'
import { invitations, organisations } from '../schema.ts'
import type { Invitation, MyInvitation } from './contract.ts'
import { presentInvitation } from './present.ts'
import { requireProvedAddress } from './proved-address.ts'
import { isOpen } from './states.ts'

const Key = z.tuple([z.string()])

export async function listInvitations(
  ctx: Ctx,
  organisationId: string,
  { limit, cursor }: PageQuery,
): Promise<PageOf<Invitation>> {
  await requirePermission(ctx, organisationId, 'members:manage')
  const after = readCursor(cursor, Key)
  const rows = await ctx.db
    .select()
    .from(invitations)
    .where(
      and(eq(invitations.organisationId, organisationId), isOpen(ctx), after && gt(invitations.id, after[0])),
    )
    .orderBy(asc(invitations.id))
    .limit(limit + 1)
  return toPage(rows, limit, ({ id }) => [id], presentInvitation)
}

export async function listMyInvitations(
  ctx: Ctx,
  { limit, cursor }: PageQuery,
): Promise<PageOf<MyInvitation>> {
  const { email } = await requireProvedAddress(ctx)
  const after = readCursor(cursor, Key)
  const rows = await ctx.db
    .select({
      id: invitations.id,
      organisation: { id: organisations.id, name: organisations.name },
      role: invitations.role,
      expiresAt: invitations.expiresAt,
    })
    .from(invitations)
    .innerJoin(organisations, eq(organisations.id, invitations.organisationId))
    .where(and(eq(invitations.email, email), isOpen(ctx), after && gt(invitations.id, after[0])))
    .orderBy(asc(invitations.id))
    .limit(limit + 1)
  return toPage(
    rows,
    limit,
    ({ id }) => [id],
    (row) => ({ ...row, role: MemberRole.parse(row.role), expiresAt: toInstant(row.expiresAt) }),
  )
}
