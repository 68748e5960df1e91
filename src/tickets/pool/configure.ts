/** The terms of a pool: the first ones, and which changes it still takes. */
import { parseRules } from '../../rdp1/rules.ts'
import type { Outcome, Refusal } from '../pool-contract.ts'
import { type Terms, TicketTypeTerms } from '../terms.ts'
import type { Pool } from './pool.ts'
import { NOUN, refuse } from './refusals.ts'
import type { PoolStore } from './store.ts'
import { areSameTerms } from './terms-row.ts'

export interface Configuration {
  name: string
  itemId: string
  version: number
  terms: Terms
  /** The pool as it is; undefined: these are its first terms. */
  pool: Pool | undefined
  now: number
}

/** Takes terms as the next version. The same terms once more are the same version; load the pool anew afterwards. */
export function configure(
  store: PoolStore,
  { name, itemId, version, terms, pool, now }: Configuration,
): Outcome<{ version: number }> {
  if (pool !== undefined) {
    // A pool's name is the end of an id, so two items may come to share one.
    if (pool.itemId !== itemId) return refuse('conflict', 'This pool sells something else.')
    if (areSameTerms(pool.terms, terms)) return { ok: true, version: pool.termsVersion }
    const refusal = whyChangeRefused(pool, terms, now)
    if (refusal !== null) return refusal
    if (version !== pool.termsVersion + 1) {
      const noun = NOUN[pool.sale.kind]
      return refuse('conflict', `Somebody else changed this ${noun} a moment ago. Read it again.`)
    }
  } else if (version !== 1) {
    return refuse('conflict', 'These terms are a change of ones that this pool never had.')
  }
  mustBeValid(terms)
  store.create()
  store.configure({ name, itemId, seq: (pool?.seq ?? 0) + 1, version, terms })
  return { ok: true, version }
}

/** Terms that could not be read again must not reach the store. */
function mustBeValid(terms: Terms): void {
  if (terms.kind === 'raffle') parseRules(terms.rules)
  else TicketTypeTerms.parse(terms)
}

function whyChangeRefused(pool: Pool, terms: Terms, now: number): Refusal | null {
  const present = pool.terms
  if (present.kind === 'ticketType' && terms.kind === 'ticketType') {
    return whyTicketTypeChangeRefused(pool, present, terms)
  }
  if (present.kind !== terms.kind) return refuse('invalid_state', 'A pool sells one kind of item for good.')
  if (pool.isReserved) return refuse('invalid_state', 'Tickets are held or sold under the present rules.')
  // Open again, or under rules that forbid the close that was, a raffle could not be proven any more.
  return pool.isClosed(now) ? refuse('invalid_state', 'Sales are over.') : null
}

function whyTicketTypeChangeRefused(
  pool: Pool,
  present: TicketTypeTerms,
  terms: TicketTypeTerms,
): Refusal | null {
  if (pool.isOver) return refuse('invalid_state', 'Sales are over.')
  const taken = pool.sold + pool.held
  if (terms.total < taken) return refuse('invalid_state', `${taken} are held or sold: there cannot be fewer.`)
  const { total, title, opensAt, closesAt } = terms
  if (!pool.isReserved || areSameTerms(terms, { ...present, total, title, opensAt, closesAt })) return null
  return refuse(
    'invalid_state',
    'Tickets are held or sold under the present terms: only the title, the total and the times may change.',
  )
}
