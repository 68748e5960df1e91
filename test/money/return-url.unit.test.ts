import { describe, expect, it } from 'vitest'
import { whyNotReturnTo } from '../../src/money/return-url.ts'

const PRODUCTION = {
  ENVIRONMENT: 'production',
  PUBLIC_ORIGIN: 'https://raffles.example',
  RETURN_ORIGINS: ['https://shop.example', 'https://shop.example:8443'],
} as const
const settings = { ...PRODUCTION, RETURN_ORIGINS: [...PRODUCTION.RETURN_ORIGINS] }
const development = { ...settings, ENVIRONMENT: 'development' as const }

describe('the address to which a payer may return', () => {
  it.each([
    'https://raffles.example',
    'https://raffles.example/orders?paid=1#top',
    'https://shop.example/thanks',
    'https://shop.example?order=1',
    'https://shop.example:8443/',
    'https://shop.example/a/../b/@c',
  ])('may be %s', (url) => {
    expect(whyNotReturnTo(settings, url)).toBeNull()
  })

  it.each([
    ['https://evil.example/', 'https://evil.example'],
    ['https://user:pw@evil.example/', 'https://evil.example'],
    ['https://shop.example@evil.example/', 'https://evil.example'],
    ['https://shop.example.evil.example/', 'https://shop.example.evil.example'],
    ['https://evil-shop.example/', 'https://evil-shop.example'],
    ['https://sub.shop.example/', 'https://sub.shop.example'],
    ['https://shop.example:444/', 'https://shop.example:444'],
    ['http://shop.example/', 'http://shop.example'],
    ['http://raffles.example/', 'http://raffles.example'],
    ['http://localhost:3000/', 'http://localhost:3000'],
    ['javascript:alert(1)', 'null'],
  ])('may not be %s, which leads to %s', (url, origin) => {
    expect(whyNotReturnTo(settings, url)).toBe(`leads to ${origin}, which this deployment does not allow`)
  })

  it.each([
    'https://user:pw@shop.example/',
    'https://user@shop.example/',
    'https://shop.example\\@evil.example/',
    'https://shop.example\\.evil.example/',
    'https:\\\\shop.example/',
    'https:shop.example/',
    'https://SHOP.example/',
    'https://shop.example:443/',
    'https://shop\t.example/',
  ])('may not be %s, which parsers could read in another way', (url) => {
    expect(whyNotReturnTo(settings, url)).toBe('must begin with https://shop.example')
  })

  it('may be any port of localhost in development only', () => {
    for (const url of ['http://localhost:3000/thanks', 'http://localhost/']) {
      expect(whyNotReturnTo(development, url)).toBeNull()
      expect(whyNotReturnTo(settings, url)).not.toBeNull()
    }
    for (const url of ['http://localhost.evil.example/', 'http://127.0.0.1/', 'https://evil.example/']) {
      expect(whyNotReturnTo(development, url)).not.toBeNull()
    }
  })

  it('must be an address at all', () => {
    expect(whyNotReturnTo(settings, 'nonsense')).toBe('must be a web address')
  })
})
