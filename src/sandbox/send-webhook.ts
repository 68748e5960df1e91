/** Sends the sandbox's webhooks through our own receiver, and retries them until they are received, as providers do. */
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { type ChargeRow, chargeNow } from '../money/providers/sandbox.ts'
import { receiveWebhook } from '../webhooks/receive-webhook.ts'
import { chargeEvent, chargesToReport, markWebhookSent } from './charges.ts'

export async function sendChargeWebhook(ctx: Ctx, charge: ChargeRow): Promise<void> {
  const { headers, body } = chargeEvent(ctx, charge)
  const { acting } = await receiveWebhook(ctx, 'sandbox', 'webhook', { headers, body, token: null })
  await acting
  await markWebhookSent(ctx, charge)
}

/** Sends webhooks that a crash left unsent, and those of delayed payments whose money has arrived. */
export const sweepCharges = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'sandbox charge',
    page: (limit) => chargesToReport(ctx, limit),
    one: async ({ id }) => sendChargeWebhook(ctx, (await chargeNow(ctx, id))!),
  })
