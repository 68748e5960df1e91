/** Routes under /api/v1/ledger. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { sendCsv } from '../core/csv-stream.ts'
import { EXAMPLE_ORGANISATION, EXAMPLE_RAFFLE_ID } from '../core/examples.ts'
import { describe, PAGE_ERRORS } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { LedgerQuery, ListTransfers, TransferPage, TrialBalance } from './ledger-contract.ts'
import {
  listTransfers,
  TRANSFER_COLUMNS,
  TRIAL_BALANCE_COLUMNS,
  transfersCsv,
  trialBalance,
  trialBalanceCsv,
} from './read-ledger.ts'

const TAG = 'Ledger'

const EXAMPLE_BALANCE = {
  data: [
    { account: 'cash:sandbox', currency: 'KES', debit: 350_000, credit: 0 },
    { account: `takings:${EXAMPLE_RAFFLE_ID}`, currency: 'KES', debit: 0, credit: 350_000 },
  ],
  balanced: true,
}

const EXAMPLE_TRANSFER = {
  transactionId: 'order:order_01kaf1q7v8fmk9m2q0c8w1g6ne',
  part: 0,
  debit: 'deposits',
  credit: `takings:${EXAMPLE_RAFFLE_ID}`,
  amount: { amount: 150_000, currency: 'KES' },
  orderId: 'order_01kaf1q7v8fmk9m2q0c8w1g6ne',
  raffleId: EXAMPLE_RAFFLE_ID,
  organisationId: EXAMPLE_ORGANISATION.id,
  provider: 'sandbox',
  at: '2026-11-20T17:00:00.000Z',
}

const WHOSE = 'One raffle, for members who may read its organisation’s reports; the whole ledger, for admins.'

const csvFile = (operation: string, summary: string, columns: readonly string[]) =>
  describe({
    operation,
    summary,
    description: WHOSE,
    tag: TAG,
    auth: 'user',
    success: {
      status: 200,
      media: 'text/csv',
      example: `${columns.join(',')}\n`,
      description: 'The whole file, streamed.',
    },
    errors: ['not_found', 'forbidden'],
  })

export const ledger = new Hono<AppEnv>()
  .get(
    '/trial-balance',
    describe({
      operation: 'readTrialBalance',
      summary: 'Read the trial balance',
      description: WHOSE,
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: TrialBalance,
        example: EXAMPLE_BALANCE,
        description: 'Debits and credits of every account.',
      },
      errors: ['not_found', 'forbidden'],
    }),
    validate('query', LedgerQuery),
    async (c) => c.json(await trialBalance(c.get('ctx'), c.req.valid('query'))),
  )
  .get(
    '/trial-balance.csv',
    csvFile('downloadTrialBalance', 'Download the trial balance', TRIAL_BALANCE_COLUMNS),
    validate('query', LedgerQuery),
    async (c) => sendCsv(c, 'trial-balance.csv', await trialBalanceCsv(c.get('ctx'), c.req.valid('query'))),
  )
  .get(
    '/transfers',
    describe({
      operation: 'listTransfers',
      summary: 'List transfers',
      description: WHOSE,
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: TransferPage,
        example: { data: [EXAMPLE_TRANSFER], nextCursor: null },
        description: 'In the order of their times, the newest last.',
      },
      errors: [...PAGE_ERRORS, 'not_found', 'forbidden'],
    }),
    validate('query', ListTransfers),
    async (c) => c.json(await listTransfers(c.get('ctx'), c.req.valid('query'))),
  )
  .get(
    '/transfers.csv',
    csvFile('downloadTransfers', 'Download the transfers', TRANSFER_COLUMNS),
    validate('query', LedgerQuery),
    async (c) => sendCsv(c, 'transfers.csv', await transfersCsv(c.get('ctx'), c.req.valid('query'))),
  )
