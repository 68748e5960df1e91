/** Folds the names of users and organisations that have no folded text. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { fold } from '../core/fold.ts'
import { foldRows } from '../core/folded.ts'
import { organisations, users } from './schema.ts'

export async function foldNames(ctx: Ctx): Promise<void> {
  for (const [table, name] of [
    [users, 'user'],
    [organisations, 'organisation'],
  ] as const) {
    await foldRows<{ name: string }>(ctx, {
      table,
      name,
      source: sql`name`,
      foldedOf: (row) => fold(row.name),
    })
  }
}
