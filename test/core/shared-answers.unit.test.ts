import { describe, expect, it } from 'vitest'
import { type Answer, SharedAnswers } from '../../src/core/shared-answers.ts'

const KEEP_MS = 1_000
const NOW = 1_800_000_000_000
const MEGABYTE = 1024 * 1024

const answer = (text: string, bytes = 10, seen: string | null = null): Answer => ({
  body: new Uint8Array(bytes),
  contentType: 'application/json',
  etag: `W/"${text}"`,
  seen,
})

/** The answers of one isolate, and what a request for `key` has to do at a time. */
function isolate() {
  const answers = new SharedAnswers()
  return { answers, at: (ms: number, key = 'list') => answers.claim(key, NOW + ms, KEEP_MS) }
}

function readBy(claim: ReturnType<SharedAnswers['claim']>): (answer: Answer | null) => void {
  if (claim.kind !== 'read') throw new Error(`a request has to read, not: ${claim.kind}`)
  return claim.finish
}

function waitingFor(claim: ReturnType<SharedAnswers['claim']>): Promise<Answer | null> {
  if (claim.kind !== 'wait') throw new Error(`a request has to wait, not: ${claim.kind}`)
  return claim.answer
}

describe('the first request', () => {
  it('reads, and the requests after it get its answer until it is a second old', () => {
    const { at } = isolate()
    readBy(at(0))(answer('first'))
    for (const ms of [0, 1, 499]) expect(at(ms)).toEqual({ kind: 'kept', answer: answer('first') })
    expect(at(1_000).kind).toBe('read')
  })

  it('lets the requests that come during its read wait for its answer', async () => {
    const { at } = isolate()
    const finish = readBy(at(0))
    const others = [at(1), at(100), at(499)].map(waitingFor)
    finish(answer('first'))
    expect(await Promise.all(others)).toEqual([answer('first'), answer('first'), answer('first')])
  })

  it('that fails wakes the others without an answer, and keeps nothing', async () => {
    const { at } = isolate()
    const finish = readBy(at(0))
    const other = waitingFor(at(1))
    finish(null)
    expect(await other).toBeNull()
    expect(at(2).kind).toBe('read')
  })

  it('whose client has left is replaced after half a second', () => {
    const { at } = isolate()
    readBy(at(0))
    expect(at(499).kind).toBe('wait')
    expect(at(500).kind).toBe('read')
    expect(at(501).kind).toBe('wait')
  })
})

describe('an answer of half a second', () => {
  it('is read again by one request, while the others still get it', () => {
    const { at } = isolate()
    readBy(at(0))(answer('first'))
    const finish = readBy(at(500))
    expect([at(501), at(999)].map(({ kind }) => kind)).toEqual(['kept', 'kept'])
    finish(answer('second'))
    expect(at(999)).toEqual({ kind: 'kept', answer: answer('second') })
  })

  it('is used for a second at most, however long the next read takes', () => {
    const { at } = isolate()
    readBy(at(0))(answer('first'))
    readBy(at(600))
    expect(at(999).kind).toBe('kept')
    expect(at(1_000).kind).toBe('wait')
  })

  it('counts its age from the beginning of its read', () => {
    const { at } = isolate()
    const finish = readBy(at(0))
    const later = readBy(at(600))
    later(answer('later'))
    finish(answer('earlier'))
    expect(at(601)).toEqual({ kind: 'kept', answer: answer('later') })
  })

  it('is not used after the clock was set back', () => {
    const { at } = isolate()
    readBy(at(0))(answer('first'))
    expect(at(-1).kind).toBe('read')
  })
})

describe('without a time to keep', () => {
  it('each request reads, and nothing is kept', () => {
    const answers = new SharedAnswers()
    const finish = readBy(answers.claim('list', NOW, 0))
    readBy(answers.claim('list', NOW, 0))(answer('second'))
    finish(answer('first'))
    expect(answers.claim('list', NOW, 0).kind).toBe('read')
    expect(answers.bytes).toBe(0)
  })
})

describe('the memory', () => {
  it('is bounded: the oldest answers make room', () => {
    const { answers, at } = isolate()
    for (let index = 0; index < 100; index++) readBy(at(0, `list ${index}`))(answer('long', MEGABYTE / 4))
    expect(answers.bytes).toBeLessThanOrEqual(8 * MEGABYTE)
    expect(answers.bytes).toBeGreaterThan(7 * MEGABYTE)
    expect(at(1, 'list 99').kind).toBe('kept')
    expect(at(1, 'list 0').kind).toBe('read')
  })

  it('counts the keys of small answers too', () => {
    const { answers, at } = isolate()
    for (let index = 0; index < 20_000; index++) readBy(at(0, `${index}`.padStart(500, 'x')))(answer('', 0))
    expect(answers.bytes).toBeLessThanOrEqual(8 * MEGABYTE)
    expect(at(1, '19999'.padStart(500, 'x')).kind).toBe('kept')
    expect(at(1, '0'.padStart(500, 'x')).kind).toBe('read')
  })

  it('is given back when old answers meet a new one', () => {
    const { answers, at } = isolate()
    for (let index = 0; index < 10; index++) readBy(at(0, `list ${index}`))(answer('long', MEGABYTE / 4))
    readBy(at(1_000))(answer('first', 10))
    expect(answers.bytes).toBeLessThan(1_000)
  })

  it('keeps no answer that is very long', () => {
    const { answers, at } = isolate()
    readBy(at(0))(answer('endless', MEGABYTE))
    expect(answers.bytes).toBe(0)
    expect(at(1).kind).toBe('read')
  })
})

describe('a reader who must see a state of the database', () => {
  it.each([
    ['that the kept answer has seen', '0002', 999, true],
    ['that is newer than what it has seen', '0003', 0, false],
    ['when the answer is too old', '0001', 1_000, false],
  ])('%s', (_, atLeast, ms, isFound) => {
    const { answers } = isolate()
    answers.keep('list', answer('a', 10, '0002'), NOW, KEEP_MS)
    expect(answers.find('list', NOW + ms, KEEP_MS, atLeast) !== null).toBe(isFound)
  })

  it('gets nothing of which no state is known', () => {
    const { answers } = isolate()
    answers.keep('list', answer('a'), NOW, KEEP_MS)
    expect(answers.find('list', NOW, KEEP_MS, '')).toBeNull()
  })
})
