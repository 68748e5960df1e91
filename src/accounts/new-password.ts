/** What higher layers change with a user's password, in the same batch: `app.ts` passes it in. */
import type { SQL } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { Ctx } from '../core/context.ts'

/** Returns statements. Each one must take effect only if `isSet`: another request may have been first. */
export type WithNewPassword = (ctx: Ctx, userId: string, isSet: SQL) => readonly BatchItem<'sqlite'>[]
