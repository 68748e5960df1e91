import { describe, expect, it } from 'vitest'
import { toSlug } from '../../src/core/slug.ts'

describe('a slug', () => {
  it.each([
    ["Kenya's Best Raffle!", 'kenyas-best-raffle'],
    ['  Zoë — Ångström 2026 ', 'zoe-angstrom-2026'],
    ['../../etc/passwd', 'etc-passwd'],
    ['東京', ''],
    ['', ''],
  ])('of %j is %j', (name, slug) => {
    expect(toSlug(name)).toBe(slug)
  })

  it('has a maximum length and never ends in a hyphen', () => {
    const slug = toSlug(`${'a'.repeat(59)} ${'b'.repeat(50)}`)
    expect(slug).toBe('a'.repeat(59))
  })
})
