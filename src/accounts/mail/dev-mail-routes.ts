/** Pages under /dev/mail: mails that were "sent" in development. In production they are not found. */
import { Hono } from 'hono'
import { raw } from 'hono/html'
import * as z from 'zod'
import type { AppEnv } from '../../core/context.ts'
import { notFound } from '../../core/errors.ts'
import { Id } from '../../core/ids.ts'
import { validate } from '../../core/validation.ts'
import { Email } from '../contract.ts'
import { devMailPage, LIST_HEADERS, MAIL_HEADERS } from './dev-mail-page.ts'
import { findDevMail, listDevMails } from './dev-mailer.ts'

const MailQuery = z.object({ to: Email.optional() })
const MailParams = z.object({ id: Id('mail') })

export const devMail = new Hono<AppEnv>()
  .use(async (c, next) => {
    if (c.get('ctx').settings.ENVIRONMENT === 'production') throw notFound('page')
    await next()
  })
  .get('/', validate('query', MailQuery), async (c) =>
    c.html(devMailPage(await listDevMails(c.get('ctx'), c.req.valid('query').to)), 200, LIST_HEADERS),
  )
  .get('/:id', validate('param', MailParams), async (c) => {
    const mail = await findDevMail(c.get('ctx'), c.req.valid('param').id)
    if (mail === undefined) throw notFound('mail')
    return c.html(raw(mail.html), 200, MAIL_HEADERS)
  })
