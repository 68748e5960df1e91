import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH } from '../../src/accounts/contract.ts'

const ASSETS = join(import.meta.dirname, '../../src/web/assets')
const SCRIPTS = join(ASSETS, 'account-pages')
const PAGES = ['verify-email', 'reset-password'] as const

const scriptNamed = (name: string) => import(pathToFileURL(join(SCRIPTS, name)).href)
const { WORDS, languageFor } = (await scriptNamed('words.js')) as {
  WORDS: Record<'en' | 'es', Record<string, string>>
  languageFor(languages: string[]): string
}
const { ask, failureOf } = (await scriptNamed('ask.js')) as {
  ask(path: string, asked?: { body?: unknown; token?: string }): Promise<unknown>
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

describe('the words of the pages behind a mail’s links', () => {
  it('are there in every language, none of them empty', () => {
    expect(Object.keys(WORDS.es).sort()).toEqual(Object.keys(WORDS.en).sort())
    for (const words of Object.values(WORDS)) expect(Object.values(words)).not.toContain('')
  })

  it('stand in the pages in English as they do among the words', () => {
    for (const page of PAGES) {
      const named = [...html[page].matchAll(/data-words="(\w+)"[^>]*>([^<]*)</g)]
      expect(named.length).toBe(html[page].split('data-words=').length - 1)
      for (const [, name, text] of named) expect(text!.replace(/\s+/g, ' ').trim()).toBe(WORDS.en[name!])
    }
  })

  it('are all used, and what is used is there', () => {
    const used = Object.values(html).flatMap((page) => all(page, /data-(?:words|busy)="(\w+)"/g))
    expect(used.filter((name) => !(name in WORDS.en))).toEqual([])
    const unused = Object.keys(WORDS.en).filter(
      (name) => !used.includes(name) && !scripts.includes(`'${name}'`),
    )
    expect(unused).toEqual([])
  })

  it('say how long a password is as the API has it', () => {
    for (const { passwordHint, passwordTooShort, passwordTooLong } of Object.values(WORDS)) {
      expect(passwordHint).toMatch(new RegExp(`${MIN_PASSWORD_LENGTH}.+${MAX_PASSWORD_LENGTH}`))
      expect(passwordTooShort).toContain(MIN_PASSWORD_LENGTH)
      expect(passwordTooLong).toContain(MAX_PASSWORD_LENGTH)
    }
    expect(scripts).toContain(`MIN_PASSWORD_LENGTH = ${MIN_PASSWORD_LENGTH}\n`)
    expect(scripts).toContain(`MAX_PASSWORD_LENGTH = ${MAX_PASSWORD_LENGTH}\n`)
    expect(html['reset-password']).toContain(`minlength="${MIN_PASSWORD_LENGTH}"`)
  })

  it('are in the first of the reader’s languages that there is, else in English', () => {
    expect(languageFor(['es-MX', 'en'])).toBe('es')
    expect(languageFor(['sw', 'ES'])).toBe('es')
    expect(languageFor(['en-GB', 'es'])).toBe('en')
    expect(languageFor(['sw-KE', 'constructor'])).toBe('en')
    expect(languageFor([])).toBe('en')
  })
})

describe.each(PAGES)('/%s', (page) => {
  it('has no script or style of its own, which its policy would not run', () => {
    expect(html[page]).not.toMatch(/<script(?![^>]*\ssrc="\/)|<style|\sstyle=|\son\w+=|javascript:/)
  })

  it('asks for nothing but what is there', () => {
    const files = all(html[page], /\s(?:src|href)="\/([^"]+\.\w+)"/g)
    expect(files.length).toBeGreaterThan(3)
    for (const file of files) expect(existsSync(join(ASSETS, file)), file).toBe(true)
  })

  it('is in no index, names itself to nobody, and says what to do without scripts', () => {
    expect(html[page]).toContain('<meta name="robots" content="noindex" />')
    expect(html[page]).toContain('<meta name="referrer" content="no-referrer" />')
    expect(html[page]).toMatch(/<noscript>.+<p lang="es">.+<\/noscript>/s)
  })

  it('has a label and a place for complaints at every field', () => {
    const fields = all(html[page], /<input\s[^>]*\bid="(\w+)"/g)
    expect(fields.length).toBe(html[page].split('<input').length - 1)
    for (const field of fields) {
      expect(html[page]).toContain(`<label for="${field}"`)
      expect(html[page]).toContain(`<p class="error" id="${field}-error">`)
      expect(html[page]).toMatch(new RegExp(`id="${field}"[^>]+aria-describedby="[^"]*${field}-error"`))
    }
  })

  it('goes only to cards that it has', () => {
    const cards = all(html[page], /<section id="(\w+)"/g)
    const shown = all(readFileSync(join(SCRIPTS, `${page}.js`), 'utf8'), /(?:show|onSubmit)\('(\w+)'/g)
    for (const card of [...shown, ...all(html[page], /data-to="(\w+)"/g)]) expect(cards).toContain(card)
  })
})

describe('asking the API', () => {
  afterEach(() => vi.restoreAllMocks())
  const answering = (answer: () => Promise<Response>) =>
    vi.spyOn(globalThis, 'fetch').mockImplementation(answer)

  it('posts JSON without cookies, and passes on what came back', async () => {
    const fetched = answering(async () => Response.json({ access_token: 'a' }))
    expect(await ask('/login', { body: { email: 'a@b.example' }, token: 't' })).toEqual({
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

  it('takes an answer without a body, and a problem by its code and its fields', async () => {
    answering(async () => new Response(null, { status: 204 }))
    expect(await ask('/logout')).toMatchObject({ code: 'ok', body: null })
    const errors = [{ path: 'token', message: 'is invalid or has expired' }]
    answering(async () => Response.json({ code: 'validation_failed', errors }, { status: 422 }))
    expect(await ask('/reset')).toMatchObject({ code: 'validation_failed', fields: ['token'] })
  })

  it('says in words of its own what is nobody’s fault', async () => {
    answering(async () => new Response('<html>Bad gateway', { status: 502 }))
    expect(await ask('/reset')).toMatchObject({ code: 'internal', fields: [] })
    answering(() => Promise.reject(new TypeError('Failed to fetch')))
    expect(await ask('/reset')).toMatchObject({ code: 'offline', fields: [] })
    const said = ['offline', 'rate_limited', 'internal', 'unavailable', 'payload_too_large'].map(failureOf)
    expect(said.map(({ name }) => name)).toEqual(['offline', 'tooMany', 'broke', 'broke', 'broke'])
    for (const { name } of said) expect(WORDS.en).toHaveProperty(name)
  })
})
