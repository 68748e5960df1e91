// Who may take tickets: the rule itself, and where a pool applies it.
import { describe, expect, it } from 'vitest'
import type { EntryTerms } from '../../../src/tickets/entry-terms.ts'
import { whyEntrantRefused } from '../../../src/tickets/pool/refusals.ts'
import type { Entrant, ReserveRequest } from '../../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../../src/tickets/reservation-id.ts'
import { saleTermsOf } from '../../../src/tickets/terms.ts'
import { ANYONE } from '../entrant.ts'
import { seededRandomness } from '../seeded-random.ts'
import { SALES_FROM, TestPool, termsOf, ticketTypeTerms } from './sqlite-storage.ts'

const HOUSE = 'org_01kjy3cr00e2ys5rh3rp46hk8x'
const OTHER = 'org_01kjy3cr00e2ys5rh3rp46hk9a'

const STRANGER: Entrant = { isProved: false, staffOf: [], isHuman: false }

const why = (terms: Partial<EntryTerms>, who: Partial<Entrant>, entry?: 'grant') =>
  whyEntrantRefused(saleTermsOf({ ...termsOf(), ...terms }), {
    entrant: { ...STRANGER, ...who },
    ...(entry === undefined ? {} : { entry }),
  })

describe('the rule', () => {
  it('refuses nobody under terms that are open to all', () => {
    expect(why({}, {})).toBeNull()
    expect(why({}, { staffOf: [HOUSE] })).toBeNull()
  })

  it('refuses the staff of the organisation, and of no other', () => {
    expect(why({ staffMayEnter: false }, { staffOf: [OTHER, HOUSE] })).toEqual({
      ok: false,
      code: 'forbidden',
      rule: 'staffMayEnter',
      detail: 'Members of the organisation cannot take part, nor in the 30 days after they leave it.',
    })
    expect(why({ staffMayEnter: false }, { staffOf: [OTHER] })).toBeNull()
  })

  it('refuses an address that is not proved, and says how to prove it', () => {
    expect(why({ entrants: 'proved' }, {})).toEqual({
      ok: false,
      code: 'forbidden',
      rule: 'entrants',
      detail:
        'This raffle asks for a proved e-mail address: follow the link in the mail that we sent you, or ask for it again.',
    })
    expect(why({ entrants: 'proved' }, { isProved: true })).toBeNull()
  })

  it('refuses who has not passed the challenge, but no entry that an order earned', () => {
    expect(why({ challenge: 'turnstile' }, {})).toMatchObject({
      code: 'validation_failed',
      rule: 'challenge',
    })
    expect(why({ challenge: 'turnstile' }, { isHuman: true })).toBeNull()
    expect(why({ challenge: 'turnstile' }, {}, 'grant')).toBeNull()
  })

  it('holds for ticket types too', () => {
    const sale = saleTermsOf(ticketTypeTerms({ entrants: 'proved' }))
    expect(whyEntrantRefused(sale, { entrant: STRANGER })?.detail).toMatch(/^This ticket type asks for/)
  })
})

const CLOSED_TO_STAFF = { staffMayEnter: false }

function poolOf(terms: Partial<EntryTerms>, amount = 0) {
  const ticketPrice = { amount, currency: 'KES' }
  const test = new TestPool({ ...termsOf({ ticketPrice }, 900), ...terms }, seededRandomness(1))
  const reserve = (changes: Partial<ReserveRequest> = {}) =>
    test.decide(SALES_FROM, (pool) =>
      pool.reserve(
        {
          itemId: pool.itemId,
          holder: 'somebody',
          entrant: ANYONE,
          key: 'key',
          request: '1',
          quantity: 1,
          numbers: null,
          payment: amount === 0 ? null : { holdMs: 600_000, provider: 'sandbox' },
          ...changes,
        },
        SALES_FROM,
      ),
    )
  return { test, reserve }
}

describe('a pool', () => {
  it('keeps the terms when it is loaded again', () => {
    const { test, reserve } = poolOf({ entrants: 'proved', staffMayEnter: false, challenge: 'turnstile' })
    const { terms } = test.reload()
    expect(terms).toMatchObject({ entrants: 'proved', staffMayEnter: false, challenge: 'turnstile' })
    expect(reserve({ entrant: STRANGER })).toMatchObject({ ok: false, rule: 'entrants' })
    expect(test.pool.isReserved).toBe(false)
  })

  it('repeats its first answer to somebody who has joined the organisation since', () => {
    const { reserve } = poolOf(CLOSED_TO_STAFF)
    expect(reserve()).toMatchObject({ ok: true, repeated: false })
    const member = { ...ANYONE, staffOf: [HOUSE] }
    expect(reserve({ entrant: member })).toMatchObject({ ok: true, repeated: true })
    expect(reserve({ entrant: member, key: 'another' })).toMatchObject({ ok: false, rule: 'staffMayEnter' })
  })

  it('confirms what was held before its holder joined, because the money has arrived', () => {
    const { test, reserve } = poolOf(CLOSED_TO_STAFF, 500)
    const outcome = reserve()
    if (!outcome.ok) throw new Error(outcome.detail)
    const { id } = outcome.reservation
    const { seq } = reservationAddress(id)
    const confirmed = test.decide(SALES_FROM, (pool) => pool.confirm(seq, id, SALES_FROM))
    expect(confirmed).toMatchObject({ ok: true, lost: false, reservation: { state: 'sold' } })
  })

  it('tells who may not enter before it counts what a person has', () => {
    const { reserve } = poolOf(CLOSED_TO_STAFF)
    expect(reserve({ entrant: { ...ANYONE, staffOf: [HOUSE] }, quantity: 100 })).toMatchObject({
      rule: 'staffMayEnter',
    })
  })
})
