/** Chooses the mailer for this environment. */
import type { Settings } from '../../core/settings.ts'
import { devMailer } from './dev-mailer.ts'
import { httpMailer } from './http-mailer.ts'
import type { Mailer } from './port.ts'

/** Null in production without a provider: mails wait in the outbox. */
export function mailerOf(settings: Settings): Mailer | null {
  const { MAIL_URL: url, MAIL_KEY: key, MAIL_FROM: from, ENVIRONMENT } = settings
  if (url !== undefined && key !== undefined && from !== undefined) return httpMailer({ url, key, from })
  return ENVIRONMENT === 'production' ? null : devMailer
}
