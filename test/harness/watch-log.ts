/** For every file: what the product logs as a fault fails the test that did not expect it. */
import { afterAll, afterEach, beforeEach } from 'vitest'
import { checkLog, watchConsole } from './log.ts'

watchConsole()

beforeEach(() => checkLog('before this test began'))
afterEach(() => checkLog('by this test'))
afterAll(() => checkLog('after the last test'))
