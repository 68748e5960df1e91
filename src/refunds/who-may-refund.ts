/** Requires `refunds:write` in every organisation that owns one of the refunded lines. */
import { requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { OrderLineRow } from '../orders/schema.ts'

/** Throws unless the actor may refund these lines. Outsiders get 404 for the `what`. */
export async function requireRefunds(
  ctx: Ctx,
  lines: readonly Pick<OrderLineRow, 'organisationId'>[],
  what: string,
): Promise<void> {
  let forbidden: Problem | null = null
  for (const organisationId of new Set(lines.map((line) => line.organisationId))) {
    try {
      await requirePermission(ctx, organisationId, 'refunds:write', what)
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'forbidden')) throw error
      forbidden = error
    }
  }
  if (forbidden !== null) throw forbidden
}
