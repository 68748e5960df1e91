// The code of an admission: what it carries, how long it is, and that nobody can make or change one.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase32, encodeBase32 } from '../../src/admissions/base32.ts'
import { CODE_LETTERS, codeOf, readCode } from '../../src/admissions/code.ts'
import { nativeCrypto, signingKeyFromSeed } from '../../src/core/native-crypto.ts'
import { scriptPrimitives } from '../../src/rdp1/primitives.ts'
import { MAX_TICKETS_A_POOL } from '../../src/tickets/terms.ts'

const key = signingKeyFromSeed('11'.repeat(32))
const other = signingKeyFromSeed('22'.repeat(32))
const admission = { reservationId: 'res_01kaf1q7v8e009m2q0c8w1g6ne', number: 4_711 }
const code = codeOf(admission, key)

const read = (text: string, keys = [key.publicKey]) => readCode(text, keys, nativeCrypto)

/** The most letters of a QR of version 6 at level M in alphanumeric mode: ISO/IEC 18004, table 7. */
const VERSION_6_M = 154

describe('the code of an admission', () => {
  it('names the reservation and the number, whatever they are', () => {
    expect(read(code)).toEqual({ ok: true, ...admission })
    for (const number of [1, 255, 256, 65_536, MAX_TICKETS_A_POOL])
      expect(read(codeOf({ ...admission, number }, key))).toMatchObject({ ok: true, number })
  })

  it('is always the same, and fits a QR of version 6 in alphanumeric mode', () => {
    expect(codeOf(admission, key)).toBe(code)
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]+$/)
    expect([code.length, CODE_LETTERS]).toEqual([135, 135])
    expect(code.length).toBeLessThanOrEqual(VERSION_6_M)
  })

  it('is read in lower case and among spaces too, and by the cryptography of a browser', () => {
    expect(read(` ${code.toLowerCase()}\n`)).toMatchObject(admission)
    expect(readCode(code, [key.publicKey], scriptPrimitives)).toMatchObject(admission)
  })

  it('is accepted under a retired key, and under no other', () => {
    expect(read(code, [other.publicKey, key.publicKey])).toMatchObject({ ok: true })
    expect(read(code, [other.publicKey])).toMatchObject({
      ok: false,
      reason: expect.stringContaining('signature'),
    })
  })

  it('with any letter changed is refused', () => {
    for (let at = 0; at < code.length; at++) {
      const changed = code.slice(0, at) + (code[at] === '7' ? '8' : '7') + code.slice(at + 1)
      expect(read(changed), changed).toMatchObject({ ok: false })
    }
  })

  it('cut short, made longer or of another version is refused with a reason', () => {
    for (const text of ['', 'hello', code.slice(0, -1), `${code}0`, `${code}${code}`, 'U'.repeat(135)])
      expect(read(text), text).toMatchObject({ ok: false, reason: expect.stringMatching(/^This .*\.$/) })
    const later = decodeBase32(code)!
    later[0] = 2
    expect(read(encodeBase32(later))).toMatchObject({ reason: expect.stringContaining('version') })
  })
})

describe('base 32', () => {
  it('gives every row of bytes back, in one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = encodeBase32(bytes)
        expect(decodeBase32(text)).toEqual(bytes)
        // Padding bits that are not zero would be a second spelling.
        const last = bytes.length * 8 - (text.length - 1) * 5
        if (bytes.length > 0 && last < 5) expect(decodeBase32(`${text.slice(0, -1)}Z`)).toBeNull()
      }),
    )
  })
})
