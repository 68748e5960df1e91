import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Logger } from '../../src/core/logging.ts'
import { allowLogged, checkLog, expectLogged, logged, watchConsole } from './log.ts'

const log = new Logger('info')
const check = () => checkLog('here')
const { log: write, info, warn, error } = console

beforeAll(watchConsole)
afterAll(() => void Object.assign(console, { log: write, info, warn, error }))

describe('the log of a test', () => {
  it('may be empty or have lines that are not faults', () => {
    log.info('a sweep ran')
    expect(logged()).toMatchObject([{ level: 'info', message: 'a sweep ran' }])
    expect(check).not.toThrow()
    expect(logged()).toEqual([])
  })

  it('fails the test that logged an undeclared fault, and shows the fault’s stack', () => {
    log.error('payout not sent', { payoutId: 'payout_1', error: new TypeError('no such thing') })
    log.warn('mail given up')
    expect(check).toThrow(
      /logged here without being expected:\n\{.*"payout not sent".*"payout_1".*\}\nTypeError: no such thing\n +at /,
    )
    expect(check).not.toThrow()
  })

  it('fails the test if a declared fault was not logged', () => {
    expectLogged('mail given up')
    expect(check).toThrow('expected, but not logged: "mail given up"')
    expectLogged({ message: 'upkeep failed', chore: /^pay/ })
    log.error('upkeep failed', { chore: 'mails' })
    expect(check).toThrow('expected, but not logged: {"message":"upkeep failed","chore":"/^pay/"}')
  })

  it('may have a declared fault several times, logged before or after its declaration', () => {
    log.error('upkeep failed', { chore: 'payouts' })
    expectLogged({ message: 'upkeep failed', chore: /^pay/ }, 'mail given up')
    for (let time = 0; time < 3; time++) log.warn('mail given up')
    expect(check).not.toThrow()
  })

  it('may lack a fault that is only allowed', () => {
    allowLogged({ error: 'Crash' })
    expect(check).not.toThrow()
    allowLogged({ error: 'Crash' })
    log.error('one', { error: Object.assign(new Error('died'), { name: 'Crash' }) })
    log.error('two', { error: Object.assign(new Error('died'), { name: 'Crash' }) })
    expect(check).not.toThrow()
  })
})
