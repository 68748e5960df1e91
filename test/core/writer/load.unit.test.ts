import { describe, expect, it } from 'vitest'
import { CallRate, Load } from '../../../src/core/writer/load.ts'

const NOW = 1_800_000_000_000

/** How many of `count` writes, one after another, are shared. */
function shared(load: Load, count: number, now = NOW): number {
  let result = 0
  for (let i = 0; i < count; i++) {
    if (load.isShared(now)) result++
    load.started(now)
    load.ended()
  }
  return result
}

describe('a write of this isolate', () => {
  it('goes alone while there is no other, but for one in sixteen', () => {
    expect(shared(new Load(), 160)).toBe(10)
  })

  it('shares a transaction while another is under way', () => {
    const load = new Load()
    expect(load.isShared(NOW)).toBe(false)
    load.started(NOW)
    expect(load.isShared(NOW)).toBe(true)
    load.ended()
    expect(load.isShared(NOW)).toBe(false)
  })

  it('shares one for two seconds after the writer was busy with other isolates', () => {
    const load = new Load()
    load.writerIsBusy(NOW)
    expect(shared(load, 10, NOW + 1_999)).toBe(10)
    expect(shared(load, 10, NOW + 2_000)).toBe(0)
  })

  it('does not count the write of a request that was cancelled for ever', () => {
    const load = new Load()
    load.started(NOW)
    load.started(NOW + 30_001)
    load.ended()
    expect(load.isShared(NOW + 30_002)).toBe(false)
  })
})

describe('the writer', () => {
  it('is busy from twenty calls in a second on, until a second has fewer', () => {
    const rate = new CallRate()
    const call = (count: number, now: number) => {
      for (let i = 0; i < count; i++) rate.count(now)
      return rate.isBusy
    }
    expect(call(19, NOW)).toBe(false)
    expect(call(1, NOW + 999)).toBe(true)
    expect(call(1, NOW + 1_999)).toBe(true)
    expect(call(1, NOW + 2_000)).toBe(false)
  })

  it('is not busy because of a second long ago', () => {
    const rate = new CallRate()
    for (let i = 0; i < 20; i++) rate.count(NOW)
    rate.count(NOW + 10_000)
    expect(rate.isBusy).toBe(false)
  })
})
