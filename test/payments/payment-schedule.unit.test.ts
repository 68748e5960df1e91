import { describe, expect, it } from 'vitest'
import { nextLook } from '../../src/payments/payment-schedule.ts'

const MADE = 1_000_000

describe('a provider that has not decided', () => {
  it('is asked 20, 40, 75, 120 s, 5, 15 and 60 min after the payment was made, and then never again', () => {
    const looks: number[] = []
    for (let at = nextLook(MADE, MADE); at !== null; at = nextLook(MADE, at)) looks.push((at - MADE) / 1_000)
    expect(looks).toEqual([20, 40, 75, 120, 300, 900, 3_600])
  })

  it('is not asked for every look that was missed', () => {
    expect(nextLook(MADE, MADE + 200_000)).toBe(MADE + 300_000)
    expect(nextLook(MADE, MADE + 300_000)).toBe(MADE + 900_000)
    expect(nextLook(MADE, MADE + 3_599_999)).toBe(MADE + 3_600_000)
    expect(nextLook(MADE, MADE + 3_600_000)).toBeNull()
  })
})
