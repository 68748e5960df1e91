/** Updates the user's own name, phone, language and winner display. Fields that are left out keep their values. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound } from '../core/errors.ts'
import { fold } from '../core/fold.ts'
import type { UpdateUser, User } from './contract.ts'
import { requireLiveUser } from './permissions.ts'
import { presentUser } from './present.ts'
import { users } from './schema.ts'

export async function updateUser(ctx: Ctx, input: UpdateUser): Promise<User> {
  const { userId } = await requireLiveUser(ctx)
  const [row] = await withRetry(() =>
    ctx.db
      .update(users)
      .set({
        ...input,
        ...(input.name === undefined ? {} : { folded: fold(input.name) }),
        updatedAt: ctx.now,
      })
      .where(eq(users.id, userId))
      .returning(),
  )
  if (row === undefined) throw notFound('user')
  return presentUser(row)
}
