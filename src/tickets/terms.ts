/** A pool's terms: a raffle's rules or a ticket type's terms, and the terms of sale that follow from both. Pure. */
import * as z from 'zod'
import { lotteryDrawOf } from '../rdp1/lot1.ts'
import { parseRules } from '../rdp1/rules.ts'
import { EntryTerms } from './entry-terms.ts'
import type { Numbering } from './pool/allocator.ts'

/** Most tickets of one pool. */
export const MAX_TICKETS_A_POOL = 1_000_000

export interface RaffleTerms extends EntryTerms {
  kind: 'raffle'
  /** Canonical rdp1 rules, the exact text that is hashed and published: see `rdp1/rules.ts`. */
  rules: string
  /** How long after the close a payment may still arrive; 0 for free entries. */
  paymentSpanSeconds: number
  /** The accepted payment providers. */
  providers: string[]
}

/** A ticket type sells its numbers in order. It is never drawn, so its pool has no log and never freezes. */
export const TicketTypeTerms = z.strictObject({
  kind: z.literal('ticketType'),
  title: z.string(),
  organisationId: z.string(),
  /** The price of one ticket, in minor units. */
  unitAmount: z.int().min(0),
  currency: z.string().regex(/^[A-Z]{3}$/),
  /** May be raised at any time, and lowered to the number of tickets that are sold or held. */
  total: z.int().min(0).max(MAX_TICKETS_A_POOL),
  maxPerUser: z.int().min(1).nullable(),
  /** The capacity group whose seats its tickets take too. Absent: none, as in pools from before there were groups. */
  groupId: z.string().optional(),
  /** ms since 1970. */
  opensAt: z.int(),
  closesAt: z.int(),
  /** The same as for a raffle. */
  paymentSpanSeconds: z.int().min(0),
  providers: z.array(z.string()),
  ...EntryTerms.shape,
})
export type TicketTypeTerms = z.infer<typeof TicketTypeTerms>

export type Terms = RaffleTerms | TicketTypeTerms

/** Everything that reserve, confirm, release and void depend on, for both kinds of terms. */
export interface SaleTerms extends EntryTerms {
  kind: Terms['kind']
  title: string
  organisationId: string
  /** The price of one ticket, in minor units. */
  unitAmount: number
  currency: string
  total: number
  numbering: Numbering
  /** The lowest number: 0 if an official lottery decides, else 1. */
  firstNumber: 0 | 1
  /** How many digits a number is shown with, leading zeros included; null: no leading zeros. */
  digits: number | null
  /** The most numbers of one holder; null: no limit. */
  maxPerUser: number | null
  /** The capacity group whose seats its tickets take too; null: none. See `seats.ts`. */
  groupId: string | null
  /** ms since 1970. */
  opensAt: number
  closesAt: number
  /** How sales may end before `closesAt`. */
  earlyClose: 'no' | 'soldOut' | 'operator'
  /** `order`: entries are only earned by orders. */
  entry: 'purchase' | 'order'
  paymentSpanSeconds: number
  providers: string[]
}

/** Throws if a raffle's rules are not canonical. It parses them on each call, so keep the result. */
export function saleTermsOf(terms: Terms): SaleTerms {
  if (terms.kind === 'ticketType') {
    const { groupId = null } = terms
    return {
      ...terms,
      groupId,
      numbering: 'sequential',
      firstNumber: 1,
      digits: null,
      earlyClose: 'operator',
      entry: 'purchase',
    }
  }
  const { rules: text, ...outside } = terms
  const { title, organisationId, ticketPrice, totalTickets, ...rules } = parseRules(text)
  const lottery = lotteryDrawOf(rules)
  return {
    ...outside,
    title,
    organisationId,
    unitAmount: ticketPrice.amount,
    currency: ticketPrice.currency,
    total: totalTickets,
    numbering: rules.numbering,
    firstNumber: lottery === null ? 1 : 0,
    digits: lottery?.digits ?? null,
    maxPerUser: rules.maxPerUser,
    groupId: null,
    opensAt: Date.parse(rules.opensAt),
    closesAt: Date.parse(rules.closesAt),
    earlyClose: rules.earlyClose,
    entry: rules.entry,
  }
}

/** Throws if these are the terms of another kind. */
export function asRaffleTerms(terms: Terms): RaffleTerms {
  if (terms.kind !== 'raffle') throw new Error(`a raffle cannot be sold under the terms of a ${terms.kind}`)
  return terms
}
