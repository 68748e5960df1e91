/** Creates an organisation, with a slug from its name: an admin for others, or somebody for themselves. */
import { eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { fold } from '../core/fold.ts'
import { newId } from '../core/ids.ts'
import { slugsFor } from '../core/slug.ts'
import type { CreateOrganisation, Organisation } from './contract.ts'
import { requireProvedAddress } from './invitations/proved-address.ts'
import { requireLiveUser } from './permissions.ts'
import { presentOrganisation } from './present.ts'
import { revokedTokens } from './revocations.ts'
import { members, organisations } from './schema.ts'

/** The most organisations that one person may open. */
const MAX_OPENED = 5

/** An admin belongs to no organisation that it creates. Everybody else becomes the operator of the own one. */
export async function createOrganisation(ctx: Ctx, input: CreateOrganisation): Promise<Organisation> {
  const { userId, isAdmin } = await requireLiveUser(ctx)
  const openedBy = isAdmin ? null : userId
  if (openedBy !== null) await mustBeAllowedToOpen(ctx, openedBy)
  const isApproved = isAdmin || ctx.settings.PRICED_SALES === 'open'
  const id = newId('organisation')
  const exists = sql`EXISTS (SELECT 1 FROM ${organisations} WHERE ${organisations.id} = ${id})`
  for (const slug of await slugsFor(input.name, 'organisation', id)) {
    const values = {
      id,
      slug,
      name: input.name,
      folded: fold(input.name),
      createdAt: ctx.now,
      updatedAt: ctx.now,
      pricedSalesSince: isApproved ? ctx.now : null,
      openedBy,
    }
    const columns = Object.entries(getTableColumns(organisations)).map(
      ([name, column]) => sql`${sql.param(values[name as keyof typeof values], column)}`,
    )
    // The limit is part of the statement, so that many requests at once stay within it.
    const insert = ctx.db
      .insert(organisations)
      .select(
        sql`SELECT ${sql.join(columns, sql`, `)} WHERE ${openedBy} IS NULL OR ${openedOf(openedBy)} < ${MAX_OPENED}`,
      )
      .onConflictDoNothing()
    const record = insertAudit(ctx, {
      action: 'organisation.created',
      subject: { kind: 'organisation', id },
      organisationId: id,
    })
    const read = ctx.db.select().from(organisations).where(eq(organisations.id, id))
    const join = ctx.db
      .insert(members)
      .select(
        sql`SELECT ${id}, ${userId}, 'operator', ${ctx.now}, NULL WHERE ${openedBy} IS NOT NULL AND ${exists}`,
      )
      .onConflictDoNothing()
    const [, , [row]] = await withRetry(() => ctx.db.batch([insert, record, read, join]))
    if (row === undefined) continue
    // The new membership has revoked the opener's tokens: a refreshed one names the organisation.
    if (openedBy !== null) revokedTokens.expire()
    return presentOrganisation(row)
  }
  if (openedBy !== null) await mustBeAllowedToOpen(ctx, openedBy)
  throw new Problem('conflict', 'An organisation with this name is being created. Try again.')
}

const openedOf = (userId: string | null): SQL =>
  sql`(SELECT count(*) FROM ${organisations} WHERE ${organisations.openedBy} = ${userId})`

async function mustBeAllowedToOpen(ctx: Ctx, userId: string): Promise<void> {
  await requireProvedAddress(ctx)
  const { count } = await ctx.db.get<{ count: number }>(sql`SELECT ${openedOf(userId)} AS count`)
  if (count >= MAX_OPENED) {
    throw new Problem('limit_reached', `You have opened ${MAX_OPENED} organisations already.`)
  }
}
