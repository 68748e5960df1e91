/** Converts a raffle to the terms that its pool sells under, and back. */
import type { Settings } from '../core/settings.ts'
import { toInstant } from '../core/time.ts'
import type { Provider } from '../money/provider-name.ts'
import { paymentSpanSeconds } from '../money/providers/payment-span.ts'
import { dev, quicknet } from '../rdp1/chains.ts'
import { canonicalRules, parseRules } from '../rdp1/rules.ts'
import type { RaffleTerms } from '../tickets/terms.ts'
import type { RulesField } from './contract.ts'
import type { Prize } from './prize-contract.ts'
import type { RaffleRow } from './schema.ts'

/** The columns that the rules determine. */
export type RulesColumns = Pick<
  RaffleRow,
  Exclude<RulesField, 'ticketPrice'> | 'priceAmount' | 'priceCurrency'
>

/** The terms that follow from a raffle's columns. */
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
    // A prize's product is not a rule: the protocol knows only title, quantity, kind and value.
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
    chain: raffle.draw.method === 'lottery' ? null : (settings.BEACON === 'dev' ? dev : quicknet).hash,
  })
  return {
    kind: 'raffle',
    rules,
    paymentSpanSeconds: paymentSpanSeconds(raffle, settings.HOLD_SECONDS),
    providers: raffle.providers,
    entrants: raffle.entrants,
    staffMayEnter: raffle.staffMayEnter,
    challenge: raffle.challenge,
    countries: raffle.countries,
  }
}

/**
 * The columns that accepted terms determine, so that a row can follow its pool after a crash between the two. Terms do
 * not name the products of prizes: see `prize-stock.ts`.
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
    entrants: terms.entrants,
    staffMayEnter: terms.staffMayEnter,
    challenge: terms.challenge,
    countries: terms.countries,
    draw: rules.draw as RaffleRow['draw'],
    claimDays: rules.claimDays!,
    onUnclaimed: rules.onUnclaimed!,
    maxRedraws: rules.maxRedraws,
    earlyClose: rules.earlyClose,
  }
}
