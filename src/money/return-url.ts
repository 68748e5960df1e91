/** Decides where a payment page may send the payer afterwards. An open redirect would lend our name to any site. */
import type { Settings } from '../core/settings.ts'

/** In development a shop may run on any port beside this worker. */
const LOCAL_ORIGIN = /^http:\/\/localhost(:\d+)?$/

type ReturnSettings = Pick<Settings, 'ENVIRONMENT' | 'PUBLIC_ORIGIN' | 'RETURN_ORIGINS'>

/** Returns null if the payer may be sent to `url`, or why not, as a validation message. */
export function whyNotReturnTo(settings: ReturnSettings, url: string): string | null {
  if (!URL.canParse(url)) return 'must be a web address'
  const { origin } = new URL(url)
  if (!isAllowed(settings, origin)) return `leads to ${origin}, which this deployment does not allow`
  // Parsers disagree about user names, backslashes and capitals. All of them read a literal origin alike.
  return beginsWith(origin, url) ? null : `must begin with ${origin}`
}

const isAllowed = (settings: ReturnSettings, origin: string): boolean =>
  origin === settings.PUBLIC_ORIGIN ||
  settings.RETURN_ORIGINS.includes(origin) ||
  (settings.ENVIRONMENT === 'development' && LOCAL_ORIGIN.test(origin))

const beginsWith = (origin: string, url: string): boolean =>
  url === origin || ['/', '?', '#'].some((next) => url.startsWith(origin + next))
