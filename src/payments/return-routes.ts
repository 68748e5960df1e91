/** The addresses under /pay to which providers' pages send people back. */
import { Hono } from 'hono'
import * as z from 'zod'
import type { AppEnv } from '../core/context.ts'
import { Id } from '../core/ids.ts'
import { validate } from '../core/validation.ts'
import { returnFromPage } from './return-from-page.ts'
import { accountPage, RETURN_HEADERS, returnPage } from './return-page.ts'

const ReturnParams = z.object({ id: Id('payment'), token: z.string().max(100) })

export const payRoutes = new Hono<AppEnv>()
  .get('/return/:id/:token', validate('param', ReturnParams), async (c) => {
    const returned = await returnFromPage(c.get('ctx'), c.req.valid('param'))
    if (returned.returnUrl !== null) return c.redirect(returned.returnUrl, 303)
    return c.html(returnPage(returned, c.get('ctx').now), 200, RETURN_HEADERS)
  })
  .get('/account', (c) => c.html(accountPage(), 200, RETURN_HEADERS))
