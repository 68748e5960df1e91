import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../../src/accounts/contract.ts'
import { WEAKNESSES } from '../../src/accounts/password-strength.ts'

const ASSETS = join(import.meta.dirname, '../../src/web/assets')
const SCRIPTS = join(ASSETS, 'account-pages')
const PAGES = ['verify-email', 'reset-password', 'accept-invitation'] as const

const scriptNamed = (name: string) => import(pathToFileURL(join(SCRIPTS, name)).href)
const { WORDS, preferredLanguage } = (await scriptNamed('words.js')) as {
  WORDS: Record<'en' | 'es', Record<string, string>>
  preferredLanguage(languages: string[]): string
}
const { callApi, failureOf } = (await scriptNamed('call-api.js')) as {
  callApi(path: string, options?: { body?: unknown; token?: string }): Promise<unknown>
  failureOf(code: string): { name: string }
}

const html = Object.fromEntries(
  PAGES.map((page) => [page, readFileSync(join(ASSETS, `${page}.html`), 'utf8')]),
) as Record<(typeof PAGES)[number], string>
const scripts = readdirSync(SCRIPTS)
  .filter((file) => file.endsWith('.js') && file !== 'words.js')
  .map((file) => readFileSync(join(SCRIPTS, file), 'utf8'))
  .join('\n')
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1]!)

describe('the words of the pages that mails link to', () => {
  it('exist in every language, and none is empty', () => {
    expect(Object.keys(WORDS.es).sort()).toEqual(Object.keys(WORDS.en).sort())
    for (const words of Object.values(WORDS)) expect(Object.values(words)).not.toContain('')
  })

  it('are the same in the pages and in the list of English words', () => {
    for (const page of PAGES) {
      const named = [...html[page].matchAll(/data-words="(\w+)"[^>]*>([^<]*)</g)]
      expect(named.length).toBe(html[page].split('data-words=').length - 1)
      for (const [, name, text] of named) expect(text!.replace(/\s+/g, ' ').trim()).toBe(WORDS.en[name!])
    }
  })

  it('are all used, and every used word exists', () => {
    const used = Object.values(html).flatMap((page) => all(page, /data-(?:words|busy)="(\w+)"/g))
    expect(used.filter((name) => !(name in WORDS.en))).toEqual([])
    const unused = Object.keys(WORDS.en).filter(
      (name) => !used.includes(name) && !scripts.includes(`'${name}'`),
    )
    expect(unused).toEqual([])
  })

  it('name the same password lengths as the API', () => {
    for (const { passwordHint, passwordTooShort, passwordTooLong } of Object.values(WORDS)) {
      expect(passwordHint).toMatch(new RegExp(`${MIN_PASSWORD_LENGTH}.+${MAX_PASSWORD_LENGTH}`))
      expect(passwordTooShort).toContain(MIN_PASSWORD_LENGTH)
      expect(passwordTooLong).toContain(MAX_PASSWORD_LENGTH)
    }
    expect(scripts).toContain(`MIN_PASSWORD_LENGTH = ${MIN_PASSWORD_LENGTH}\n`)
    expect(scripts).toContain(`MAX_PASSWORD_LENGTH = ${MAX_PASSWORD_LENGTH}\n`)
    for (const page of ['reset-password', 'accept-invitation'] as const) {
      expect(html[page]).toContain(`minlength="${MIN_PASSWORD_LENGTH}"`)
    }
  })

  it('exist for each of the API’s reasons to refuse a password', () => {
    for (const reason of Object.values(WEAKNESSES)) expect(scripts).toContain(`'${reason}':`)
  })

  it('are in the first of the reader’s languages that exists, else in English', () => {
    expect(preferredLanguage(['es-MX', 'en'])).toBe('es')
    expect(preferredLanguage(['sw', 'ES'])).toBe('es')
    expect(preferredLanguage(['en-GB', 'es'])).toBe('en')
    expect(preferredLanguage(['sw-KE', 'constructor'])).toBe('en')
    expect(preferredLanguage([])).toBe('en')
  })
})

describe.each(PAGES)('/%s', (page) => {
  it('has no inline script or style, because its security policy forbids them', () => {
    expect(html[page]).not.toMatch(/<script(?![^>]*\ssrc="\/)|<style|\sstyle=|\son\w+=|javascript:/)
  })

  it('loads only files that exist', () => {
    const files = all(html[page], /\s(?:src|href)="\/([^"]+\.\w+)"/g)
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(existsSync(join(ASSETS, file)), file).toBe(true)
  })

  it('is not indexed, sends no Referer, and says what to do without scripts', () => {
    expect(html[page]).toContain('<meta name="robots" content="noindex" />')
    expect(html[page]).toContain('<meta name="referrer" content="no-referrer" />')
    expect(html[page]).toMatch(/<noscript>.+<p lang="es">.+<\/noscript>/s)
  })

  it('has a label and an error element for every field', () => {
    const fields = all(html[page], /<input\s[^>]*\bid="(\w+)"/g)
    expect(fields.length).toBe(html[page].split('<input').length - 1)
    for (const field of fields) {
      expect(html[page]).toContain(`<label for="${field}"`)
      expect(html[page]).toContain(`<p class="error" id="${field}-error">`)
      expect(html[page]).toMatch(new RegExp(`id="${field}"[^>]+aria-describedby="[^"]*${field}-error"`))
    }
  })

  it('shows only cards that it has', () => {
    const cards = all(html[page], /<section id="(\w+)"/g)
    const shown = all(readFileSync(join(SCRIPTS, `${page}.js`), 'utf8'), /(?:show|onSubmit)\('(\w+)'/g)
    for (const card of [...shown, ...all(html[page], /data-to="(\w+)"/g)]) expect(cards).toContain(card)
  })
})

describe('calling the API', () => {
  afterEach(() => vi.restoreAllMocks())
  const answering = (answer: () => Promise<Response>) =>
    vi.spyOn(globalThis, 'fetch').mockImplementation(answer)

  it('posts JSON without cookies, and returns the response', async () => {
    const fetched = answering(async () => Response.json({ access_token: 'a' }))
    expect(await callApi('/auth/login', { body: { email: 'a@b.example' }, token: 't' })).toEqual({
      code: 'ok',
      fields: [],
      body: { access_token: 'a' },
    })
    expect(fetched).toHaveBeenCalledWith(
      '/api/v1/auth/login',
      expect.objectContaining({
        method: 'POST',
        credentials: 'omit',
        headers: { 'content-type': 'application/json', authorization: 'Bearer t' },
        body: '{"email":"a@b.example"}',
      }),
    )
  })

  it('accepts a response without a body, and returns the code and the fields of a problem', async () => {
    answering(async () => new Response(null, { status: 204 }))
    expect(await callApi('/auth/logout')).toMatchObject({ code: 'ok', body: null })
    const errors = [{ path: 'token', message: 'is invalid or has expired' }]
    answering(async () => Response.json({ code: 'validation_failed', errors }, { status: 422 }))
    expect(await callApi('/auth/reset')).toMatchObject({ code: 'validation_failed', fields: ['token'] })
  })

  it('has its own messages for failures that are not the user’s fault', async () => {
    answering(async () => new Response('<html>Bad gateway', { status: 502 }))
    expect(await callApi('/auth/reset')).toMatchObject({ code: 'internal', fields: [] })
    answering(() => Promise.reject(new TypeError('Failed to fetch')))
    expect(await callApi('/auth/reset')).toMatchObject({ code: 'offline', fields: [] })
    const failures = ['offline', 'rate_limited', 'internal', 'unavailable', 'payload_too_large'].map(
      failureOf,
    )
    expect(failures.map(({ name }) => name)).toEqual(['offline', 'tooMany', 'broke', 'broke', 'broke'])
    for (const { name } of failures) expect(WORDS.en).toHaveProperty(name)
  })
})
