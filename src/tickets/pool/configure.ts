/** Sets a pool's terms, and refuses changes that its tickets no longer allow. */
import { brokenLotteryRules } from '../../rdp1/lot1.ts'
import { parseRules } from '../../rdp1/rules.ts'
import type { Outcome, Refusal } from '../pool-contract.ts'
import { type Terms, TicketTypeTerms } from '../terms.ts'
import type { Pool } from './pool.ts'
import { NOUN, refuse, TERMS_ARE_FIXED } from './refusals.ts'
import type { PoolStore } from './store.ts'
import { areSameTerms, haveSameFixedTerms } from './terms-row.ts'

export interface Configuration {
  name: string
  itemId: string
  version: number
  terms: Terms
  /** Undefined: these are its first terms. */
  pool: Pool | undefined
  now: number
}

/** Stores the terms as `version`. Idempotent: the same terms keep their version. Load the pool again afterwards. */
export function configure(
  store: PoolStore,
  { name, itemId, version, terms, pool, now }: Configuration,
): Outcome<{ version: number }> {
  if (pool !== undefined) {
    // A pool's name is the end of an id, so two items could share one.
    if (pool.itemId !== itemId) return refuse('conflict', 'This pool sells something else.')
    if (areSameTerms(pool.terms, terms)) return { ok: true, version: pool.termsVersion }
    const refusal = whyChangeRefused(pool, terms, now)
    if (refusal !== null) return refusal
    if (version !== pool.termsVersion + 1) {
      const noun = NOUN[pool.sale.kind]
      return refuse('conflict', `Someone else changed this ${noun} a moment ago. Read it again.`)
    }
  } else if (version !== 1) {
    return refuse('conflict', 'The first terms of a pool must have version 1.')
  }
  mustBeValid(terms)
  store.create()
  store.configure({ name, itemId, seq: (pool?.seq ?? 0) + 1, version, terms })
  return { ok: true, version }
}

/** Invalid terms must not reach the store: the pool could not be loaded again. */
function mustBeValid(terms: Terms): void {
  if (terms.kind === 'ticketType') {
    TicketTypeTerms.parse(terms)
    return
  }
  const [broken] = brokenLotteryRules(parseRules(terms.rules))
  if (broken !== undefined) throw new RangeError(`the rule ${broken.rule} must ${broken.must}`)
}

function whyChangeRefused(pool: Pool, terms: Terms, now: number): Refusal | null {
  const present = pool.terms
  if (present.kind === 'ticketType' && terms.kind === 'ticketType') {
    return whyTicketTypeChangeRefused(pool, present, terms)
  }
  if (present.kind !== terms.kind)
    return refuse('invalid_state', 'A pool cannot change what kind of item it sells.')
  if (pool.isReserved) return refuse('invalid_state', 'Tickets are held or sold under the present rules.')
  // New rules could reopen sales or forbid the close that happened: then the raffle's proof would fail.
  return pool.isClosed(now) ? refuse('invalid_state', 'Sales are over.') : null
}

function whyTicketTypeChangeRefused(
  pool: Pool,
  present: TicketTypeTerms,
  terms: TicketTypeTerms,
): Refusal | null {
  if (pool.isOver) return refuse('invalid_state', 'Sales are over.')
  const taken = pool.sold + pool.held
  if (terms.total < taken)
    return refuse('invalid_state', `${taken} tickets are held or sold: the total cannot be lower.`)
  return !pool.isReserved || haveSameFixedTerms(present, terms) ? null : TERMS_ARE_FIXED
}
