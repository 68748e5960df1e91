import { describe, expect, it } from 'vitest'
import { nextPoll, pauseAfterPoll } from '../../src/money/poll-schedule.ts'

const SENT = 1_000_000

describe('a provider that has not confirmed a transfer', () => {
  it('is polled 20, 40, 75, 120 s, 5, 15 and 60 min after the money was sent', () => {
    const polls: number[] = []
    for (let at = nextPoll(SENT, SENT); at !== null; at = nextPoll(SENT, at)) polls.push((at - SENT) / 1_000)
    expect(polls).toEqual([20, 40, 75, 120, 300, 900, 3_600])
  })

  it('is polled once at the next time after missed polls', () => {
    expect(nextPoll(SENT, SENT + 200_000)).toBe(SENT + 300_000)
    expect(nextPoll(SENT, SENT + 300_000)).toBe(SENT + 900_000)
    expect(nextPoll(SENT, SENT + 3_599_999)).toBe(SENT + 3_600_000)
    expect(nextPoll(SENT, SENT + 3_600_000)).toBeNull()
  })

  it('is polled at the same times if polls are counted, and then at the last pause for ever', () => {
    const pauses = [0, 1, 2, 3, 4, 5, 6].map((polls) => pauseAfterPoll(polls) / 1_000)
    const polls = pauses.map((_, last) => pauses.slice(0, last + 1).reduce((sum, each) => sum + each))
    expect(polls).toEqual([20, 40, 75, 120, 300, 900, 3_600])
    expect(pauseAfterPoll(7)).toBe(pauseAfterPoll(6))
  })
})
