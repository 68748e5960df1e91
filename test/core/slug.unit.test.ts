import { describe, expect, it } from 'vitest'
import { Slug, slugsFor, toSlug } from '../../src/core/slug.ts'

describe('a slug', () => {
  it.each([
    ["Kenya's Best Raffle!", 'kenyas-best-raffle'],
    ['  Zoë — Ångström 2026 ', 'zoe-angstrom-2026'],
    ['../../etc/passwd', 'etc-passwd'],
    ['Straße', 'strasse'],
    ['Łódź', 'lodz'],
    ['Нью-Йорк', 'nyu-york'],
    ['Київ', 'kiyiv'],
    ['Αθήνα', 'athina'],
    ['القاهرة', 'alqahrt'],
    ['İstanbul', 'istanbul'],
    ['L’Été', 'l-ete'],
    ['Pingüino & Đà Nẵng', 'pinguino-and-da-nang'],
    ['Ƙarfin ɓauna', 'karfin-bauna'],
    ['iPhone 15Pro', 'iphone-15pro'],
    ['C++', 'c'],
    ['東京', ''],
    ['🎟️', ''],
    ['', ''],
  ])('of %j is %j', async (name, slug) => {
    expect(await toSlug(name)).toBe(slug)
  })

  it('has a maximum length and never ends in a hyphen', async () => {
    const slug = await toSlug(`${'a'.repeat(59)} ${'b'.repeat(50)}`)
    expect(slug).toBe('a'.repeat(59))
  })

  it('that may be taken has another one to try, no longer and with the end of the id', async () => {
    const id = 'cat_01kaf1q7v8fmk9m2q0c8w1g6ne'
    expect(await slugsFor('C#', 'category', id)).toEqual(['c', 'c-q0c8w1g6ne'])
    expect(await slugsFor('詩', 'category', id)).toEqual(['category-q0c8w1g6ne'])
    const [long, longest] = await slugsFor(`${'a'.repeat(48)} ${'b'.repeat(50)}`, 'category', id)
    expect([long, longest]).toEqual([`${'a'.repeat(48)}-${'b'.repeat(11)}`, `${'a'.repeat(48)}-q0c8w1g6ne`])
    for (const slug of [long!, longest!]) expect(Slug.safeParse(slug).success).toBe(true)
  })
})
