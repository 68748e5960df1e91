/** Records a fulfilment step of an order's line, and adds it to the history once. */
import { organisationsWith, requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import type { Fulfil, Order } from './contract.ts'
import { findOrder } from './find-order.ts'
import { fulfilmentKey, insertOrderEvent } from './history.ts'
import { historyText } from './history-text.ts'
import { linePort } from './lines/index.ts'
import { readDetails } from './present.ts'
import { presentPart } from './present-part.ts'
import type { OrderLineRow } from './schema.ts'

export async function fulfilLine(ctx: Ctx, orderId: string, input: Fulfil): Promise<Order> {
  const rows = await findOrder(ctx, orderId)
  const line = await findLine(ctx, rows.lines, input.line)
  const { fulfil, words } = linePort(line.kind)
  if (fulfil === null) {
    throw new Problem('invalid_state', `There is nothing to send: ${words.unit}s are not sent.`)
  }
  if (line.state !== 'issued') {
    throw new Problem('invalid_state', `This line is ${line.state}: there is nothing to send.`)
  }
  const { status, reference } = input
  const key = fulfilmentKey(line.line, status)
  const text = historyText.fulfilled(status, line.title, reference)
  const presentState = await fulfil(ctx, line, { status, reference }, (isRecorded) =>
    insertOrderEvent(ctx, orderId, key, text, isRecorded),
  )
  if (presentState !== null) throw new Problem('invalid_state', `“${line.title}” is ${presentState}.`)
  const isSender = (id: string) => id === line.organisationId
  return presentPart(rows, await readDetails(ctx, [rows]), { sees: isSender, sends: isSender })
}

/** Finds a line that the actor may fulfil. Outsiders get 404 for the order, so they do not learn that it exists. */
async function findLine(ctx: Ctx, lines: OrderLineRow[], at: number): Promise<OrderLineRow> {
  const line = lines.find((each) => each.line === at)
  try {
    if (line === undefined) throw notFound('line')
    await requirePermission(ctx, line.organisationId, 'catalogue:write')
    return line
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'not_found') throw error
    const permitted = await organisationsWith(ctx, ['catalogue:write'])
    const knowsOrder = lines.some(({ organisationId }) => permitted?.includes(organisationId) ?? true)
    throw knowsOrder ? new Problem('not_found', `No such line of this order: ${at}.`) : notFound('order')
  }
}
