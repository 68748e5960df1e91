import { describe, expect, it } from 'vitest'
import { readBookmark, writeBookmark } from '../../src/core/bookmark.ts'

const OURS = { JWT_SECRET: 'a secret of this deployment, long enough' }
const THEIRS = { JWT_SECRET: 'a secret of another deployment, long too' }
const D1 = '00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683'

describe('a bookmark', () => {
  const POOLS = ['0123456789a', 'b23456789ab', 'c3456789abc', 'd456789abcd']
  it.each([
    [D1, []],
    [null, []],
    ['ünusual "text"', []],
    [null, POOLS.slice(0, 1)],
    [null, POOLS.slice(1, 3)],
    ['x'.repeat(256), POOLS],
  ])('is read as it was written: %s, %j', (d1, pools) => {
    const text = writeBookmark(OURS, { d1, pools })
    expect(text).toMatch(/^[\w.-]{1,512}$/)
    expect(readBookmark(OURS, text)).toEqual({ d1, pools })
  })

  const text = writeBookmark(OURS, { d1: D1, pools: [] })
  const [version, parts, signature] = text.split('.')
  it.each([
    ['is empty', ''],
    ['is a word', 'nonsense'],
    ['is D1’s own', D1],
    ['is of another deployment', writeBookmark(THEIRS, { d1: D1, pools: [] })],
    ['has other parts', [version, parts!.replace(/^./, 'f'), signature].join('.')],
    [
      'has another signature',
      [version, parts, signature!.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))].join('.'),
    ],
    ['has no signature', [version, parts, ''].join('.')],
    ['is of another version', ['2', parts, signature].join('.')],
    ['is too long', `${version}.${parts!.repeat(9)}.${signature}`],
  ])('means the primary if it %s', (_, other) => {
    expect(readBookmark(OURS, other)).toEqual({ d1: null, pools: [] })
  })
})
