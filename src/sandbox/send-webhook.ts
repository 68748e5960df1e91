/** The sandbox's webhooks: sent until they are taken, as providers do, through the code of the door that takes them. */
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

/** Tells what a crash left untold, and of money that has arrived since. */
export const sweepCharges = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'sandbox charge',
    page: (limit) => chargesToReport(ctx, limit),
    one: async ({ id }) => sendChargeWebhook(ctx, (await chargeNow(ctx, id))!),
  })
