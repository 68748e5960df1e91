/** Makes a user, unless the address has one already. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import type { RegisterUser, User } from './contract.ts'
import { hashPassword, refuseObviousPassword } from './password.ts'
import { presentUser } from './present.ts'
import { users } from './schema.ts'

export async function registerUser(ctx: Ctx, input: RegisterUser): Promise<User> {
  refuseObviousPassword('password', input.password, input.email)
  const id = newId('user')
  const insert = ctx.db
    .insert(users)
    .values({
      id,
      email: input.email,
      name: input.name,
      phone: input.phone ?? null,
      passwordHash: await hashPassword(input.password),
      createdAt: ctx.now,
      updatedAt: ctx.now,
    })
    .onConflictDoNothing()
  const read = ctx.db.select().from(users).where(eq(users.email, input.email))
  // Two may register one address at once: its index lets one row in, and who finds another id there came second.
  // Read with the insert, so that a repeat after a lost answer finds its own row.
  const [, [row]] = await withRetry(() => ctx.db.batch([insert, read]))
  if (row?.id !== id) throw new Problem('conflict', 'This e-mail address is registered already.')
  return presentUser(row)
}
