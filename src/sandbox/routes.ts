/** Pages under /sandbox: the checkout, which is what a provider's own page and the webhook after it would be. */
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

/** A page for people is no part of the API's document. */
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
      await report(ctx, charge)
      const returnUrl = webAddress(charge.returnUrl)
      if (returnUrl === null) return page(c, charge)
      return c.body(null, 303, { ...checkoutHeaders(returnUrl), location: returnUrl })
    },
  )

/** A provider's payer does not see whether its webhook was taken: it is sent again. */
async function report(ctx: Ctx, charge: ChargeRow): Promise<void> {
  try {
    await sendChargeWebhook(ctx, charge)
  } catch (error) {
    ctx.log.error('the sandbox’s webhook was not taken', { paymentId: charge.id, error })
  }
}

function page(c: AppContext, charge: ChargeRow) {
  const returnUrl = webAddress(charge.returnUrl)
  return c.html(checkoutPage(charge, returnUrl), 200, checkoutHeaders(returnUrl))
}

/** Where to send the payer back: an address of the web, and nothing that would run here. */
function webAddress(text: string | null): string | null {
  if (text === null || !URL.canParse(text)) return null
  const { href, origin } = new URL(text)
  // Its origin is named in a header, where a host may not hold everything that it may in an address.
  return /^https?:\/\/[\w.:[\]-]+$/.test(origin) ? href : null
}
