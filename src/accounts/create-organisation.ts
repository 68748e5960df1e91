/** Creates an organisation, with a slug from its name. */
import { eq } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { fold } from '../core/fold.ts'
import { newId } from '../core/ids.ts'
import { slugsFor } from '../core/slug.ts'
import type { CreateOrganisation, Organisation } from './contract.ts'
import { requireAdmin } from './permissions.ts'
import { presentOrganisation } from './present.ts'
import { organisations } from './schema.ts'

export async function createOrganisation(ctx: Ctx, input: CreateOrganisation): Promise<Organisation> {
  await requireAdmin(ctx)
  const id = newId('organisation')
  for (const slug of await slugsFor(input.name, 'organisation', id)) {
    const insert = ctx.db
      .insert(organisations)
      .values({
        id,
        slug,
        name: input.name,
        folded: fold(input.name),
        createdAt: ctx.now,
        updatedAt: ctx.now,
      })
      .onConflictDoNothing()
    const read = ctx.db.select().from(organisations).where(eq(organisations.id, id))
    const record = insertAudit(ctx, {
      action: 'organisation.created',
      subject: { kind: 'organisation', id },
      organisationId: id,
    })
    const [, [row]] = await withRetry(() => ctx.db.batch([insert, read, record]))
    if (row !== undefined) return presentOrganisation(row)
  }
  throw new Problem('conflict', 'An organisation with this name is being created. Try again.')
}
