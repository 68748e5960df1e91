/** The checkout page under /sandbox. It plays a provider's own page, and sends the webhook that a provider would send. */
import { Hono } from 'hono'
import { describeRoute } from 'hono-openapi'
import * as z from 'zod'
import type { AppContext, AppEnv, Ctx } from '../core/context.ts'
import { Id } from '../core/ids.ts'
import { validate } from '../core/validation.ts'
import type { ChargeRow } from '../money/providers/sandbox.ts'
import { decideCharge, findCharge, SANDBOX_ACTIONS } from './charges.ts'
import { checkoutHeaders, checkoutPage } from './page.ts'
import { sendChargeWebhook } from './send-webhook.ts'

const CheckoutParams = z.object({ id: Id('payment'), token: z.string().regex(/^[\w-]{20,64}$/) })
const Decision = z.object({ action: z.enum(SANDBOX_ACTIONS) })

/** The API's document leaves out pages for people. */
const aPage = describeRoute({ hide: true })

export const sandboxRoutes = new Hono<AppEnv>()
  .get('/checkout/:id/:token', aPage, validate('param', CheckoutParams), async (c) =>
    page(c, await findCharge(c.get('ctx'), c.req.valid('param'))),
  )
  .post(
    '/checkout/:id/:token',
    aPage,
    validate('param', CheckoutParams),
    validate('form', Decision),
    async (c) => {
      const ctx = c.get('ctx')
      const charge = await decideCharge(ctx, c.req.valid('param'), c.req.valid('form').action)
      await sendOrLog(ctx, charge)
      const returnUrl = webAddress(charge.returnUrl)
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
  const returnUrl = webAddress(charge.returnUrl)
  return c.html(checkoutPage(charge, returnUrl), 200, checkoutHeaders(returnUrl))
}

/** The address that the payer returns to. Null unless it is http or https, because `javascript:` and the like would run here. */
function webAddress(text: string | null): string | null {
  if (text === null || !URL.canParse(text)) return null
  const { href, origin } = new URL(text)
  // The origin goes into a header, which allows fewer characters than a URL's host does.
  return /^https?:\/\/[\w.:[\]-]+$/.test(origin) ? href : null
}
