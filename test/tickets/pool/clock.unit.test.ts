import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commitmentRound, dev, quicknet, roundAt } from '../../../src/rdp1/chains.ts'
import { parseRules } from '../../../src/rdp1/rules.ts'
import { drawClock, freezesAt } from '../../../src/tickets/pool/clock.ts'
import { SALES_FROM, SALES_UNTIL, termsOf } from './sqlite-storage.ts'

/** An alarm may ring this late without moving the round. */
const LATE_MS = 1_000
/** Unpaid orders are settled for this long. */
const SETTLING_MS = 2_000
const slackMs = (spanSeconds: number) => LATE_MS + (spanSeconds > 0 ? SETTLING_MS : 0)

/** A raffle that is drawn `roomMs` after the earliest fair draw. */
const rulesOf = (spanSeconds: number, roomMs: number) => {
  const { leadSeconds, ...rules } = parseRules(termsOf({}, spanSeconds).rules)
  const drawAt = SALES_UNTIL + (spanSeconds + leadSeconds) * 1_000 + roomMs
  return { ...rules, leadSeconds, drawAt: new Date(drawAt).toISOString() }
}

describe('the freeze of a pool', () => {
  it.each([
    [0, 0, 0],
    [1_000, 0, 0],
    [2_000, 0, 1_000],
    [3_000, 0, 2_000],
    [3_000, 600, 0],
    [4_000, 600, 1_000],
    [86_400_000, 600, 2_000],
  ])(
    'with %i ms of room before the draw, and %i s for payments, waits %i ms',
    (roomMs, spanSeconds, waitsMs) => {
      const rules = rulesOf(spanSeconds, roomMs)
      const clock = drawClock(rules, spanSeconds, null)
      expect(freezesAt(clock, rules.leadSeconds)).toBe(clock.freezeAt + waitsMs)
    },
  )

  it('by a late alarm after an early close moves no round, and the draw is never later than promised', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: SALES_FROM, max: SALES_UNTIL - LATE_MS - SETTLING_MS }),
        fc.constantFrom('soldOut' as const, 'operator' as const),
        fc.constantFrom(0, 180, 900),
        fc.integer({ min: 0, max: 5 }).map((seconds) => seconds * 1_000),
        fc.constantFrom(dev, quicknet),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (at, reason, spanSeconds, roomMs, chain, late) => {
          const rules = rulesOf(spanSeconds, roomMs)
          const { leadSeconds } = rules
          const clock = drawClock(rules, spanSeconds, { at, reason })
          const { freezeAt, effectiveDrawAt } = clock
          const committedAt = freezesAt(clock, leadSeconds) + Math.floor(late * slackMs(spanSeconds))
          expect(committedAt).toBeGreaterThanOrEqual(freezeAt)
          const round = commitmentRound(chain, { effectiveDrawAt, committedAt, leadSeconds })
          expect(round).toBe(roundAt(chain, effectiveDrawAt))
          expect(committedAt + leadSeconds * 1_000).toBeLessThanOrEqual(effectiveDrawAt * 1_000)
          expect(effectiveDrawAt * 1_000).toBeLessThanOrEqual(Date.parse(rules.drawAt))
          // At most the lead, the slack, and the rest of a second.
          const most = (leadSeconds + 1) * 1_000 + slackMs(spanSeconds)
          expect(effectiveDrawAt * 1_000 - freezeAt).toBeLessThan(most)
        },
      ),
    )
  })
})
