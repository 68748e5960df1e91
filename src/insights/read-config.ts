/** What a client must know of this deployment: from its settings and the bounds of the code. It makes no query. */
import type { Ctx } from '../core/context.ts'
import { CURRENCIES, decimalsOf } from '../core/currencies.ts'
import { MAX_AMOUNT } from '../core/money.ts'
import { MAX_PAGE } from '../core/paging.ts'
import { MAX_BODY_BYTES } from '../core/request.ts'
import { MAX_UNPAID_UNITS, MAX_UNPROVED_UNITS } from '../core/unpaid-limits.ts'
import type { Provider } from '../money/provider-name.ts'
import { providerOf, providers, whyNotProvider } from '../money/providers/index.ts'
import { MAX_LINES } from '../orders/contract.ts'
import { MAX_PRIZE_UNITS, MAX_PRIZES } from '../raffles/prize-contract.ts'
import { MAX_TICKETS_A_CALL } from '../tickets/pool-contract.ts'
import { MAX_TICKETS_A_POOL } from '../tickets/terms.ts'
import type { Config } from './config-contract.ts'

export function readConfig({ settings }: Pick<Ctx, 'settings'>): Config {
  const names = (Object.keys(providers) as Provider[]).filter(
    (name) => whyNotProvider(name, settings) === null,
  )
  return {
    providers: names.map((name) => {
      const { needsPhone, spanSeconds } = providerOf(name)
      return {
        name,
        needsPhone,
        paySeconds: spanSeconds(settings.HOLD_SECONDS),
        byDefault: name !== 'manual',
      }
    }),
    currencies: CURRENCIES.map((code) => ({ code, decimals: decimalsOf(code) })),
    holdSeconds: settings.HOLD_SECONDS,
    drawLeadSeconds: settings.DRAW_LEAD_SECONDS,
    beacon: settings.BEACON,
    turnstileSiteKey: settings.TURNSTILE_SITE_KEY ?? null,
    accessTokenSeconds: settings.ACCESS_TOKEN_SECONDS,
    refreshTokenSeconds: settings.REFRESH_TOKEN_SECONDS,
    limits: {
      pageSize: MAX_PAGE,
      bodyBytes: MAX_BODY_BYTES,
      amount: MAX_AMOUNT,
      ticketsPerRaffle: MAX_TICKETS_A_POOL,
      ticketsPerPurchase: MAX_TICKETS_A_CALL,
      prizesPerRaffle: MAX_PRIZES,
      prizeUnitsPerRaffle: MAX_PRIZE_UNITS,
      linesPerOrder: MAX_LINES,
      unpaidUnits: MAX_UNPAID_UNITS,
      unpaidUnitsUnproved: MAX_UNPROVED_UNITS,
    },
  }
}
