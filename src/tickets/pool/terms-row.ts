/** Converts terms to the columns of a pool's row and back. */
import type { Terms, TicketTypeTerms } from '../terms.ts'
import type { PoolRow } from './tables.ts'

export type TermsColumns = Pick<PoolRow, 'kind' | 'rules' | 'payment_span_seconds' | 'providers'>

/** Equal terms give equal columns. */
export function columnsOfTerms({ kind, paymentSpanSeconds, providers, ...rest }: Terms): TermsColumns {
  return {
    kind,
    rules: 'rules' in rest ? rest.rules : JSON.stringify(rest, Object.keys(rest).sort()),
    payment_span_seconds: paymentSpanSeconds,
    providers: JSON.stringify(providers),
  }
}

export function termsOfRow({ kind, rules, payment_span_seconds, providers: names }: TermsColumns): Terms {
  const paymentSpanSeconds = payment_span_seconds
  const providers = JSON.parse(names) as string[]
  if (kind === 'raffle') return { kind, rules, paymentSpanSeconds, providers }
  const rest = JSON.parse(rules) as Omit<TicketTypeTerms, 'kind' | 'paymentSpanSeconds' | 'providers'>
  return { ...rest, kind, paymentSpanSeconds, providers }
}

export function areSameTerms(some: Terms, other: Terms): boolean {
  const [a, b] = [columnsOfTerms(some), columnsOfTerms(other)]
  return (
    a.kind === b.kind &&
    a.rules === b.rules &&
    a.payment_span_seconds === b.payment_span_seconds &&
    a.providers === b.providers
  )
}
