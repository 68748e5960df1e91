/** Lists all users for admins, newest first; with `q` those whose name has its words, or whose address contains it. */
import { and, desc, lt, or, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { containsWords } from '../core/search.ts'
import type { ListUsers, User } from './contract.ts'
import { toStoredAddress } from './email-address.ts'
import { requireAdmin } from './permissions.ts'
import { presentUser } from './present.ts'
import { users } from './schema.ts'

const Key = z.tuple([z.string()])

export async function listUsers(ctx: Ctx, { limit, cursor, q }: ListUsers): Promise<PageOf<User>> {
  await requireAdmin(ctx)
  const after = readCursor(cursor, Key)
  const rows = await ctx.db
    .select()
    .from(users)
    .where(and(after && lt(users.id, after[0]), q === undefined ? undefined : isMeant(q)))
    .orderBy(desc(users.id))
    .limit(limit + 1)
  return toPage(rows, limit, (row) => [row.id], presentUser)
}

const isMeant = (q: string) =>
  or(
    containsWords(sql`coalesce(${users.folded}, lower(${users.name}))`, q),
    sql`instr(${users.email}, ${partOfAddress(q.trim())}) > 0`,
  )

/** A domain is stored in ASCII. A part without an @ may be of either side, so it stays as it is. */
const partOfAddress = (q: string): string => (q.includes('@') ? toStoredAddress(q) : q).toLowerCase()
