import { describe, expect, it } from 'vitest'
import { DEVELOPMENT_SECRETS, readSettings, settingsOf } from '../../src/core/settings.ts'
import { MPESA_SETTINGS } from '../fakes/mpesa/settings.ts'

const PRODUCTION = {
  ENVIRONMENT: 'production',
  BEACON: 'quicknet',
  JWT_SECRET: 'a-secret-of-our-own-that-is-long-enough-for-hs256',
  SIGNING_KEY: '1f'.repeat(32),
  PUBLIC_ORIGIN: 'https://raffles.example',
}

/** The problems of an environment that is refused; none if it is accepted. */
function problemsOf(env: Record<string, unknown>): string[] {
  const result = readSettings(env)
  return result.ok ? [] : result.problems
}

describe('settings', () => {
  it('have defaults in development', () => {
    const result = readSettings({})
    expect(result).toMatchObject({
      ok: true,
      settings: { HOLD_SECONDS: 600, DRAW_LEAD_SECONDS: 60, ACCESS_TOKEN_SECONDS: 900, BEACON: 'dev' },
    })
  })

  it('are read from text, because the platform passes text', () => {
    const result = readSettings({ HOLD_SECONDS: '5', CORS_ORIGINS: 'https://a.example, https://b.example,' })
    expect(result).toMatchObject({
      ok: true,
      settings: { HOLD_SECONDS: 5, CORS_ORIGINS: ['https://a.example', 'https://b.example'] },
    })
  })

  it.each([
    ['HOLD_SECONDS', 'soon'],
    ['HOLD_SECONDS', '0'],
    ['ACCESS_TOKEN_SECONDS', '1.5'],
    ['JWT_SECRET', 'too-short-a-secret'],
    ['JWT_SECRET', '-----BEGIN PRIVATE KEY----- that a library would parse'],
    ['SIGNING_KEY', 'not-hexadecimal'],
    ['CLAIM_URL', 'javascript:alert(1)'],
    ['CLAIM_URL', 'wins/{raffleId}'],
    ['BEACON', 'dice'],
    ['BEACON_RELAYS', 'ftp://relay.example'],
    ['RETURN_ORIGINS', 'https://shop.example/'],
    ['RETURN_ORIGINS', 'https://*.shop.example'],
    ['RETURN_ORIGINS', 'https://user@shop.example'],
    ['RETURN_ORIGINS', 'shop.example'],
    ['LOG_LEVEL', 'loud'],
    ['POOL_LOCATION_HINT', 'moon'],
    ['ENVIRONMENT', 'staging'],
    ['MAIL_FROM', 'nobody at all'],
  ])('are refused by name if they are invalid, and the value is not shown: %s=%s', (name, value) => {
    const problems = problemsOf({ [name]: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`^${name}`))
    if (value.length > 3) expect(problems[0]).not.toContain(value)
  })

  it('for mail must all be set, or none', () => {
    const mail = { MAIL_URL: 'https://mail.example', MAIL_KEY: 'a-bearer-key', MAIL_FROM: 'a@mail.example' }
    expect(readSettings(mail).ok).toBe(true)
    for (const name of ['MAIL_URL', 'MAIL_KEY', 'MAIL_FROM'] as const) {
      const problems = problemsOf({ ...mail, [name]: undefined })
      expect(problems).toHaveLength(1)
      expect(problems[0]).toMatch(new RegExp(`^${name}: is missing`))
    }
  })

  it('for M-Pesa must all be set, or none, and production takes real money by https', () => {
    expect(readSettings(MPESA_SETTINGS).ok).toBe(true)
    for (const name of Object.keys(MPESA_SETTINGS)) {
      expect(problemsOf({ ...MPESA_SETTINGS, [name]: undefined })).toEqual([
        `${name}: is missing; M-Pesa needs ${Object.keys(MPESA_SETTINGS).join(', ')}`,
      ])
    }
    const live = { ...PRODUCTION, ...MPESA_SETTINGS }
    expect(problemsOf({ ...live, MPESA_URL: 'https://api.safaricom.co.ke' })).toEqual([])
    expect(problemsOf(live)).toEqual([
      'MPESA_URL: is a sandbox, which takes no real money; set it to https://api.safaricom.co.ke',
    ])
    expect(problemsOf({ ...live, MPESA_URL: 'http://api.safaricom.co.ke' })).toEqual([
      'MPESA_URL: is not https',
    ])
    expect(problemsOf({ ...MPESA_SETTINGS, MPESA_SHORT_CODE: 'shop' })).toEqual([
      'MPESA_SHORT_CODE: must be a paybill number, such as 174379',
    ])
  })

  it('for Turnstile must both be set, or none', () => {
    const keys = {
      TURNSTILE_SITE_KEY: '0x4AAAAAAADnPIDROrmt1Wwj',
      TURNSTILE_SECRET_KEY: 'a-secret-of-the-widget',
    }
    expect(readSettings(keys).ok).toBe(true)
    for (const name of ['TURNSTILE_SITE_KEY', 'TURNSTILE_SECRET_KEY'] as const) {
      expect(problemsOf({ ...keys, [name]: undefined })).toEqual([
        `${name}: is missing; Turnstile needs TURNSTILE_SITE_KEY, TURNSTILE_SECRET_KEY`,
      ])
    }
  })

  it('for Stripe must both be set, or none; accounts of payees need them too', () => {
    const keys = { STRIPE_SECRET_KEY: 'sk_live_akeyofourown', STRIPE_WEBHOOK_SECRET: 'whsec_asecretofourown' }
    expect(readSettings(keys).ok).toBe(true)
    for (const name of ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'] as const) {
      expect(problemsOf({ ...keys, [name]: undefined })).toEqual([
        `${name}: is missing; Stripe needs STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET`,
      ])
    }
    const connect = { STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_anothersecretofours' }
    expect(readSettings({ ...keys, ...connect }).ok).toBe(true)
    expect(problemsOf(connect)).toEqual([
      'STRIPE_SECRET_KEY: is missing; STRIPE_CONNECT_WEBHOOK_SECRET needs it',
    ])
    expect(problemsOf({ ...keys, STRIPE_SECRET_KEY: 'pk_live_thatbrowsersmaysee' })).toEqual([
      'STRIPE_SECRET_KEY: must be a secret or restricted key, such as sk_live_…',
    ])
  })

  it('that are empty are not zero', () => {
    expect(
      problemsOf({ PAYOUT_APPROVER_MIN_DAYS: '', DATABASE_WRITERS: ' ', SHARE_READS_MS: '0x10' }),
    ).toEqual([
      'PAYOUT_APPROVER_MIN_DAYS: must be a whole number',
      'SHARE_READS_MS: must be a whole number',
      'DATABASE_WRITERS: must be a whole number',
    ])
    expect(readSettings({ SHARE_READS_MS: '0', HOLD_SECONDS: 60 })).toMatchObject({
      ok: true,
      settings: { SHARE_READS_MS: 0, HOLD_SECONDS: 60 },
    })
  })

  it('are all named if several are invalid', () => {
    expect(problemsOf({ HOLD_SECONDS: 'x', BEACON: 'y', LOG_LEVEL: 'z' })).toHaveLength(3)
  })
})

describe('production', () => {
  it('lets a new payout method wait for a day at least', () => {
    const wait = (seconds: string) =>
      problemsOf({ ...PRODUCTION, PAYOUT_METHOD_WAIT_SECONDS: seconds }).filter((problem) =>
        problem.startsWith('PAYOUT_METHOD_WAIT_SECONDS'),
      )
    expect(wait('86400')).toEqual([])
    expect(wait('86399')).toHaveLength(1)
  })

  it('accepts its own secrets, a public beacon and an https address', () => {
    expect(readSettings(PRODUCTION).ok).toBe(true)
  })

  it('refuses a test key of Stripe, and a Stripe that is not https', () => {
    const keys = { STRIPE_SECRET_KEY: 'sk_live_akeyofourown', STRIPE_WEBHOOK_SECRET: 'whsec_asecretofourown' }
    expect(readSettings({ ...PRODUCTION, ...keys }).ok).toBe(true)
    const wrong = { STRIPE_SECRET_KEY: 'sk_test_akeyofourown', STRIPE_URL: 'http://localhost:8790/stripe' }
    expect(problemsOf({ ...PRODUCTION, ...keys, ...wrong })).toEqual([
      'STRIPE_SECRET_KEY: is a key of test mode, which moves no money; set a live one',
      'STRIPE_URL: is not https; leave it out, unless a fake of Stripe is meant',
    ])
  })

  it.each(['JWT_SECRET', 'SIGNING_KEY'] as const)('refuses the default %s, left out or set', (name) => {
    const { [name]: _, ...without } = PRODUCTION
    for (const env of [without, { ...PRODUCTION, [name]: DEVELOPMENT_SECRETS[name] }]) {
      const problems = problemsOf(env)
      expect(problems).toHaveLength(1)
      expect(problems[0]).toContain(name)
      expect(problems[0]).not.toContain(DEVELOPMENT_SECRETS[name])
    }
  })

  it('refuses the development beacon', () => {
    expect(problemsOf({ ...PRODUCTION, BEACON: 'dev' }).join()).toContain('BEACON')
  })

  it('refuses a missing public address and one without https', () => {
    const { PUBLIC_ORIGIN: _, ...without } = PRODUCTION
    for (const env of [without, { ...PRODUCTION, PUBLIC_ORIGIN: 'http://raffles.example' }]) {
      expect(problemsOf(env).join()).toContain('PUBLIC_ORIGIN')
    }
  })
})

describe('the sites to which payers may return', () => {
  it('are origins, and https in production', () => {
    const RETURN_ORIGINS = 'https://shop.example, https://shop.example:8443'
    const result = readSettings({ ...PRODUCTION, RETURN_ORIGINS })
    expect(result).toMatchObject({
      ok: true,
      settings: { RETURN_ORIGINS: ['https://shop.example', 'https://shop.example:8443'] },
    })
    const plain = { RETURN_ORIGINS: 'http://shop.example' }
    expect(problemsOf(plain)).toEqual([])
    expect(problemsOf({ ...PRODUCTION, ...plain }).join()).toContain('RETURN_ORIGINS')
  })
})

describe('settingsOf', () => {
  it('parses an environment once', () => {
    const env = {}
    expect(settingsOf(env)).toBe(settingsOf(env))
    expect(settingsOf({})).not.toBe(settingsOf(env))
  })
})
