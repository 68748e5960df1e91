/** From a raffle to the terms that its pool sells under, and back: which fields are rules, and how they are spelt. */
import type { Settings } from '../core/settings.ts'
import { toInstant } from '../core/time.ts'
import type { Provider } from '../money/provider-name.ts'
import { providers } from '../money/providers/index.ts'
import { dev, quicknet } from '../rdp1/chains.ts'
import { canonicalRules, parseRules } from '../rdp1/rules.ts'
import type { RaffleTerms } from '../tickets/terms.ts'
import type { Prize } from './contract.ts'
import type { RaffleRow } from './schema.ts'

/** Fields of a raffle that are frozen with the first ticket. */
export const RULES_FIELDS = [
  'title',
  'ticketPrice',
  'totalTickets',
  'maxPerUser',
  'numbering',
  'opensAt',
  'closesAt',
  'drawAt',
  'prizes',
  'winPolicy',
  'minTickets',
  'rakeBps',
  'guaranteed',
  'providers',
  'entry',
  'draw',
  'claimDays',
  'onUnclaimed',
  'maxRedraws',
  'earlyClose',
] as const
export type RulesField = (typeof RULES_FIELDS)[number]

/** The columns that the rules decide. */
export type RulesColumns = Pick<
  RaffleRow,
  Exclude<RulesField, 'ticketPrice'> | 'priceAmount' | 'priceCurrency'
>

/** The longest payment span of what a raffle accepts; 0 where entries are free. */
export function paymentSpanSeconds(
  raffle: Pick<RaffleRow, 'priceAmount' | 'providers'>,
  holdSeconds: number,
): number {
  if (raffle.priceAmount === 0) return 0
  const spans = raffle.providers.map((name) => providers[name]?.spanSeconds(holdSeconds) ?? holdSeconds)
  return Math.max(0, ...(spans.length > 0 ? spans : [holdSeconds]))
}

/** The terms of a raffle as it stands. */
export function termsOf(
  raffle: RulesColumns & Pick<RaffleRow, 'id' | 'organisationId'>,
  settings: Settings,
): RaffleTerms {
  const rules = canonicalRules({
    protocol: 'rdp1',
    id: raffle.id,
    organisationId: raffle.organisationId,
    title: raffle.title,
    ticketPrice: { amount: raffle.priceAmount, currency: raffle.priceCurrency },
    totalTickets: raffle.totalTickets,
    maxPerUser: raffle.maxPerUser,
    numbering: raffle.numbering,
    opensAt: toInstant(raffle.opensAt),
    closesAt: toInstant(raffle.closesAt),
    drawAt: toInstant(raffle.drawAt),
    // Where a prize comes from is no rule: the protocol knows what it is called and how many there are.
    prizes: raffle.prizes.map(({ title, quantity, kind, value }) => ({ title, quantity, kind, value })),
    winPolicy: raffle.winPolicy,
    minTickets: raffle.minTickets,
    rakeBps: raffle.rakeBps,
    guaranteed: raffle.guaranteed,
    entry: raffle.entry,
    draw: raffle.draw,
    claimDays: raffle.claimDays,
    onUnclaimed: raffle.onUnclaimed,
    maxRedraws: raffle.maxRedraws,
    earlyClose: raffle.earlyClose,
    leadSeconds: settings.DRAW_LEAD_SECONDS,
    chain: (settings.BEACON === 'dev' ? dev : quicknet).hash,
  })
  return {
    kind: 'raffle',
    rules,
    paymentSpanSeconds: paymentSpanSeconds(raffle, settings.HOLD_SECONDS),
    providers: raffle.providers,
  }
}

/**
 * The columns that accepted terms decide, so that a row can follow the pool after a crash between the two. Which prizes
 * are products is not in them: see `prize-stock.ts`.
 */
export function columnsOf(terms: RaffleTerms): RulesColumns {
  const rules = parseRules(terms.rules)
  return {
    title: rules.title,
    priceAmount: rules.ticketPrice.amount,
    priceCurrency: rules.ticketPrice.currency,
    totalTickets: rules.totalTickets,
    maxPerUser: rules.maxPerUser,
    numbering: rules.numbering,
    opensAt: Date.parse(rules.opensAt),
    closesAt: Date.parse(rules.closesAt),
    drawAt: Date.parse(rules.drawAt),
    prizes: rules.prizes as Prize[],
    winPolicy: rules.winPolicy,
    minTickets: rules.minTickets,
    rakeBps: rules.rakeBps,
    guaranteed: rules.guaranteed,
    providers: terms.providers as Provider[],
    entry: rules.entry,
    draw: rules.draw as RaffleRow['draw'],
    claimDays: rules.claimDays!,
    onUnclaimed: rules.onUnclaimed!,
    maxRedraws: rules.maxRedraws,
    earlyClose: rules.earlyClose,
  }
}
