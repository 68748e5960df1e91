/** Deletes a template; raffles that were started from it stay. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { raffleTemplates } from '../schema.ts'
import { findTemplate } from './find-template.ts'

export async function deleteTemplate(ctx: Ctx, id: string): Promise<void> {
  await findTemplate(ctx, id)
  await ctx.db.delete(raffleTemplates).where(eq(raffleTemplates.id, id))
}
