import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Logger } from '../../src/core/logging.ts'
import { allowLogged, checkLog, expectLogged, logged, watchConsole } from './log.ts'

const log = new Logger('info')
const check = () => checkLog('here')
const { log: write, info, warn, error } = console

beforeAll(watchConsole)
afterAll(() => void Object.assign(console, { log: write, info, warn, error }))

describe('the log of a test', () => {
  it('may have nothing in it, or what is no fault', () => {
    log.info('a sweep ran')
    expect(logged()).toMatchObject([{ level: 'info', message: 'a sweep ran' }])
    expect(check).not.toThrow()
    expect(logged()).toEqual([])
  })

  it('fails it where it has a fault that was not stated, and shows where that comes from', () => {
    log.error('payout not sent', { payoutId: 'payout_1', error: new TypeError('no such thing') })
    log.warn('mail given up')
    expect(check).toThrow(
      /logged here, and not expected:\n\{.*"payout not sent".*"payout_1".*\}\nTypeError: no such thing\n +at /,
    )
    expect(check).not.toThrow()
  })

  it('fails it where it lacks what was stated', () => {
    expectLogged('mail given up')
    expect(check).toThrow('expected to be logged, and not: "mail given up"')
    expectLogged({ message: 'upkeep failed', chore: /^pay/ })
    log.error('upkeep failed', { chore: 'mails' })
    expect(check).toThrow('expected to be logged, and not: {"message":"upkeep failed","chore":"/^pay/"}')
  })

  it('has what was stated, before or after, once or more', () => {
    log.error('upkeep failed', { chore: 'payouts' })
    expectLogged({ message: 'upkeep failed', chore: /^pay/ }, 'mail given up')
    for (let time = 0; time < 3; time++) log.warn('mail given up')
    expect(check).not.toThrow()
  })

  it('may lack what is only allowed', () => {
    allowLogged({ error: 'Crash' })
    expect(check).not.toThrow()
    allowLogged({ error: 'Crash' })
    log.error('one', { error: Object.assign(new Error('died'), { name: 'Crash' }) })
    log.error('two', { error: Object.assign(new Error('died'), { name: 'Crash' }) })
    expect(check).not.toThrow()
  })
})
