import { describe, expect, it, vi } from 'vitest'
import { keep } from '../../src/core/keep.ts'

describe('what is kept', () => {
  it('is made once for the same names', () => {
    const make = vi.fn((language: string, zone: string) => ({ language, zone }))
    const kept = keep(make)
    expect(kept('en', 'UTC')).toBe(kept('en', 'UTC'))
    expect(kept('es', 'UTC')).toEqual({ language: 'es', zone: 'UTC' })
    expect(make).toHaveBeenCalledTimes(2)
  })

  it('is not kept if it cannot be made', () => {
    const make = vi.fn((name: string) => {
      if (name === 'nowhere') throw new RangeError(name)
      return name
    })
    const kept = keep(make)
    expect(() => kept('nowhere')).toThrow(RangeError)
    expect(() => kept('nowhere')).toThrow(RangeError)
    expect(make).toHaveBeenCalledTimes(2)
  })

  it('is forgotten after a flood of names, and then made again', () => {
    const make = vi.fn((name: string) => ({ name }))
    const kept = keep(make)
    kept('UTC')
    for (let index = 0; index < 500; index++) kept(`flood ${index}`)
    kept('UTC')
    expect(make.mock.calls.filter(([name]) => name === 'UTC')).toHaveLength(2)
    kept('UTC')
    expect(make.mock.calls.filter(([name]) => name === 'UTC')).toHaveLength(2)
  })
})
