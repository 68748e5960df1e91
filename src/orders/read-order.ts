/** Reads an order: whole for its buyer; for members who manage payments, only the lines of their organisations. */
import { organisationsWith, type Permission, requireCheckedUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import type { Order } from './contract.ts'
import { findOrder } from './find-order.ts'
import { presentOrder, readDetails } from './present.ts'
import { presentPart, type Rights } from './present-part.ts'

export async function readOrder(ctx: Ctx, id: string): Promise<Order> {
  const { userId } = requireCheckedUser(ctx)
  const rows = await findOrder(ctx, id)
  if (rows.order.userId === userId) return presentOrder(rows, await readDetails(ctx, [rows]))
  const sees = await organisationTest(ctx, 'payments:manage')
  if (!rows.lines.some(({ organisationId }) => sees(organisationId))) throw notFound('order')
  const sends = await organisationTest(ctx, 'catalogue:write')
  return presentPart(rows, await readDetails(ctx, [rows]), { sees, sends })
}

/** Returns a test of whether the actor has a permission in an organisation. An administrator has it in all. */
async function organisationTest(ctx: Ctx, permission: Permission): Promise<Rights['sees']> {
  const organisations = await organisationsWith(ctx, [permission])
  return (organisationId) => organisations === null || organisations.includes(organisationId)
}
