/** What a pool sells under: a raffle's rules or a ticket type's terms, and what both come to as a sale. Pure. */
import * as z from 'zod'
import { parseRules } from '../rdp1/rules.ts'
import type { Numbering } from './pool/allocator.ts'

/** Most tickets of one pool. */
export const MAX_TICKETS_A_POOL = 1_000_000

export interface RaffleTerms {
  kind: 'raffle'
  /** Canonical rdp1 rules, the exact text that is hashed and published: see `rdp1/rules.ts`. */
  rules: string
  /** How long after the closing a payment may still arrive; 0 where entries are free. */
  paymentSpanSeconds: number
  /** Which payment providers are accepted. */
  providers: string[]
}

/** A ticket type is sold one number after the other; nothing of it is drawn, so its pool has no log and never freezes. */
export const TicketTypeTerms = z.strictObject({
  kind: z.literal('ticketType'),
  title: z.string(),
  organisationId: z.string(),
  /** Of one ticket, in minor units. */
  unitAmount: z.int().min(0),
  currency: z.string().regex(/^[A-Z]{3}$/),
  /** How many there are. It may be raised at any time, and lowered to what is sold or held. */
  total: z.int().min(0).max(MAX_TICKETS_A_POOL),
  maxPerUser: z.int().min(1).nullable(),
  /** ms since 1970. */
  opensAt: z.int(),
  closesAt: z.int(),
  /** As of a raffle. */
  paymentSpanSeconds: z.int().min(0),
  providers: z.array(z.string()),
})
export type TicketTypeTerms = z.infer<typeof TicketTypeTerms>

export type Terms = RaffleTerms | TicketTypeTerms

/** Everything that reserving, confirming, releasing and voiding depend on, whatever is sold. */
export interface SaleTerms {
  kind: Terms['kind']
  title: string
  organisationId: string
  /** Of one ticket, in minor units. */
  unitAmount: number
  currency: string
  total: number
  numbering: Numbering
  /** Most numbers of one holder; null: no limit. */
  maxPerUser: number | null
  /** ms since 1970. */
  opensAt: number
  closesAt: number
  /** What may end sales before `closesAt`. */
  earlyClose: 'no' | 'soldOut' | 'operator'
  /** `order`: numbers are earned by orders, and nobody takes them otherwise. */
  entry: 'purchase' | 'order'
  paymentSpanSeconds: number
  providers: string[]
}

/** Parses a raffle's rules each time, and throws where they are not canonical: keep what it gives. */
export function saleTermsOf(terms: Terms): SaleTerms {
  if (terms.kind === 'ticketType') {
    return { ...terms, numbering: 'sequential', earlyClose: 'operator', entry: 'purchase' }
  }
  const { kind, paymentSpanSeconds, providers } = terms
  const { title, organisationId, ticketPrice, totalTickets, ...rules } = parseRules(terms.rules)
  return {
    kind,
    title,
    organisationId,
    unitAmount: ticketPrice.amount,
    currency: ticketPrice.currency,
    total: totalTickets,
    numbering: rules.numbering,
    maxPerUser: rules.maxPerUser,
    opensAt: Date.parse(rules.opensAt),
    closesAt: Date.parse(rules.closesAt),
    earlyClose: rules.earlyClose,
    entry: rules.entry,
    paymentSpanSeconds,
    providers,
  }
}

/** The terms of a pool that is known to be a raffle's. */
export function asRaffleTerms(terms: Terms): RaffleTerms {
  if (terms.kind !== 'raffle') throw new Error(`a raffle cannot be sold under the terms of a ${terms.kind}`)
  return terms
}
