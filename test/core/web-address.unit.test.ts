import { describe, expect, it } from 'vitest'
import { HttpsUrl } from '../../src/core/web-address.ts'

describe('a web address that other people follow', () => {
  it.each(['https://books.example/a.jpg', 'https://books.example:8443/?w=1#x'])('may be %s', (url) => {
    expect(HttpsUrl.parse(url)).toBe(url)
  })

  it.each([
    'https://user:pw@books.example/a.jpg',
    'https://books.example@evil.example/a.jpg',
    'https:books.example/a.jpg',
    'http://books.example/a.jpg',
    'javascript:alert(1)',
    'nonsense',
    `https://books.example/${'x'.repeat(2_048)}`,
  ])('may not be %s', (url) => {
    expect(HttpsUrl.safeParse(url).success).toBe(false)
  })
})
