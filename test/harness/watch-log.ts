/** Makes every undeclared fault in the product's log fail the test that provoked it. */
import { afterAll, afterEach, beforeEach } from 'vitest'
import { checkLog, watchConsole } from './log.ts'

watchConsole()

beforeEach(() => checkLog('before this test began'))
afterEach(() => checkLog('by this test'))
afterAll(() => checkLog('after the last test'))
