/** Deletes a template; raffles that were started from it stay. */
import { eq } from 'drizzle-orm'
import { insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { raffleTemplates } from '../schema.ts'
import { findTemplate } from './find-template.ts'

export async function deleteTemplate(ctx: Ctx, id: string): Promise<void> {
  const { organisationId } = (await findTemplate(ctx, id)).template
  await ctx.db.batch([
    ctx.db.delete(raffleTemplates).where(eq(raffleTemplates.id, id)),
    insertAudit(ctx, { action: 'template.deleted', subject: { kind: 'raffleTemplate', id }, organisationId }),
  ])
}
