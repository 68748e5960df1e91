import { describe, expect, it } from 'vitest'
import { Load, WriterLoad } from '../../../src/core/writer/load.ts'

const NOW = 1_800_000_000_000

/** How many of `count` writes, one after another, are shared. */
function shared(load: Load, count: number, now = NOW): number {
  let result = 0
  for (let i = 0; i < count; i++) {
    if (load.wayOf(now) !== 'direct') result++
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
    expect(load.wayOf(NOW)).toBe('direct')
    load.started(NOW)
    expect(load.wayOf(NOW)).toBe('shared')
    load.ended()
    expect(load.wayOf(NOW)).toBe('direct')
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
    expect(load.wayOf(NOW + 30_002)).toBe('direct')
  })
})

describe('the writer', () => {
  const SAMPLE = { isSample: true, isShared: false }
  const SHARED = { isSample: false, isShared: true }
  const ALONE = { isSample: false, isShared: false }

  const busyAfter = (...calls: [count: number, call: typeof SAMPLE, now: number][]) => {
    const load = new WriterLoad()
    for (const [count, call, now] of calls) for (let i = 0; i < count; i++) load.count(now, call)
    return load.isBusy
  }

  it('is busy if many isolates send a sample', () => {
    expect(busyAfter([19, SAMPLE, NOW])).toBe(false)
    expect(busyAfter([10, SAMPLE, NOW], [10, SAMPLE, NOW + 1_000])).toBe(true)
  })

  it('is busy if a quarter of the calls share a transaction', () => {
    expect(busyAfter([9, SHARED, NOW])).toBe(false)
    expect(busyAfter([10, SHARED, NOW], [30, ALONE, NOW])).toBe(true)
    expect(busyAfter([10, SHARED, NOW], [31, ALONE, NOW])).toBe(false)
  })

  it('is not busy because one caller writes again and again', () => {
    expect(busyAfter([1_000, ALONE, NOW])).toBe(false)
  })

  it('is not busy because of a second long ago', () => {
    expect(busyAfter([20, SAMPLE, NOW], [1, SAMPLE, NOW + 2_000])).toBe(false)
    expect(busyAfter([20, SHARED, NOW], [1, ALONE, NOW + 10_000])).toBe(false)
  })
})
