/** Converts terms to the columns of a pool's row and back. */
import type { Terms, TicketTypeTerms } from '../terms.ts'
import type { PoolRow } from './tables.ts'

export type TermsColumns = Pick<
  PoolRow,
  | 'kind'
  | 'rules'
  | 'payment_span_seconds'
  | 'providers'
  | 'entrants'
  | 'staff_may_enter'
  | 'challenge'
  | 'countries'
>

/** Equal terms give equal columns, in the same order. */
export function columnsOfTerms(terms: Terms): TermsColumns {
  const { kind, paymentSpanSeconds, providers, entrants, staffMayEnter, challenge, countries, ...rest } =
    terms
  return {
    kind,
    rules: 'rules' in rest ? rest.rules : JSON.stringify(rest, Object.keys(rest).sort()),
    payment_span_seconds: paymentSpanSeconds,
    providers: JSON.stringify(providers),
    entrants,
    staff_may_enter: Number(staffMayEnter),
    challenge,
    countries: countries && JSON.stringify(countries),
  }
}

export function termsOfRow({ kind, rules, entrants, challenge, countries, ...columns }: TermsColumns): Terms {
  const outside = {
    paymentSpanSeconds: columns.payment_span_seconds,
    providers: JSON.parse(columns.providers) as string[],
    entrants,
    staffMayEnter: columns.staff_may_enter === 1,
    challenge,
    countries: countries === null ? null : (JSON.parse(countries) as string[]),
  }
  if (kind === 'raffle') return { kind, rules, ...outside }
  const rest = JSON.parse(rules) as Omit<TicketTypeTerms, 'kind' | keyof typeof outside>
  return { ...rest, kind, ...outside }
}

export const areSameTerms = (some: Terms, other: Terms): boolean =>
  JSON.stringify(columnsOfTerms(some)) === JSON.stringify(columnsOfTerms(other))

/** Whether what is fixed once tickets are held, sold or offered is the same. */
export const haveSameFixedTerms = (present: TicketTypeTerms, wanted: TicketTypeTerms): boolean => {
  const { total, title, opensAt, closesAt } = wanted
  return areSameTerms(wanted, { ...present, total, title, opensAt, closesAt })
}

/**
 * How many seats a capacity group may give out for a ticket type until its pool has the wanted terms. 0: none, because no
 * offer may be made under terms that change. Null: none, because the type leaves the group.
 */
export function seatsUntil(present: TicketTypeTerms, wanted: TicketTypeTerms): number | null {
  if (wanted.groupId !== present.groupId) return null
  return haveSameFixedTerms(present, wanted) ? Math.min(present.total, wanted.total) : 0
}
