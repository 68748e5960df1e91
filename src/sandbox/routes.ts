/** The checkout page under /sandbox. It plays a provider's own page, and sends the webhook that a provider would send. */
import { Hono } from 'hono'
import * as z from 'zod'
import type { AppContext, AppEnv, Ctx } from '../core/context.ts'
import { Id } from '../core/ids.ts'
import { validate } from '../core/validation.ts'
import type { ChargeRow } from '../money/providers/sandbox.ts'
import { whyNotReturnTo } from '../money/return-url.ts'
import { decideCharge, findCharge, SANDBOX_ACTIONS } from './charges.ts'
import { checkoutHeaders, checkoutPage } from './page.ts'
import { sendChargeWebhook } from './send-webhook.ts'

const CheckoutParams = z.object({ id: Id('payment'), token: z.string().regex(/^[\w-]{20,64}$/) })
const Decision = z.object({ action: z.enum(SANDBOX_ACTIONS) })

export const sandboxRoutes = new Hono<AppEnv>()
  .get('/checkout/:id/:token', validate('param', CheckoutParams), async (c) =>
    page(c, await findCharge(c.get('ctx'), c.req.valid('param'))),
  )
  .post(
    '/checkout/:id/:token',

    validate('param', CheckoutParams),
    validate('form', Decision),
    async (c) => {
      const ctx = c.get('ctx')
      const charge = await decideCharge(ctx, c.req.valid('param'), c.req.valid('form').action)
      await sendOrLog(ctx, charge)
      const returnUrl = returnUrlOf(ctx, charge)
      if (returnUrl === null) return page(c, charge)
      return c.body(null, 303, { ...checkoutHeaders(returnUrl), location: returnUrl })
    },
  )

/** Never throws: the payer must not see whether the webhook was received. The sweep retries it. */
async function sendOrLog(ctx: Ctx, charge: ChargeRow): Promise<void> {
  try {
    await sendChargeWebhook(ctx, charge)
  } catch (error) {
    ctx.log.error('the sandbox’s webhook was not received', { paymentId: charge.id, error })
  }
}

function page(c: AppContext, charge: ChargeRow) {
  const returnUrl = returnUrlOf(c.get('ctx'), charge)
  return c.html(checkoutPage(charge, returnUrl), 200, checkoutHeaders(returnUrl))
}

/** Where the payer returns to; null if nowhere. Checked again here, because the charge may be older than the settings. */
const returnUrlOf = ({ settings }: Ctx, { returnUrl }: ChargeRow): string | null =>
  returnUrl === null || whyNotReturnTo(settings, returnUrl) !== null ? null : new URL(returnUrl).href
