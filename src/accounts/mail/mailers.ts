/** Which mailer sends here. */
import type { Settings } from '../../core/settings.ts'
import { devMailer } from './dev-mailer.ts'
import { httpMailer } from './http-mailer.ts'
import type { Mailer } from './port.ts'

/** Null: production without a provider, where mails wait. */
export function mailerOf(settings: Settings): Mailer | null {
  const { MAIL_URL: url, MAIL_KEY: key, MAIL_FROM: from, ENVIRONMENT } = settings
  if (url !== undefined && key !== undefined && from !== undefined) return httpMailer({ url, key, from })
  return ENVIRONMENT === 'production' ? null : devMailer
}
