/** Examples for the API document. */
import type { Lottery, LotteryResult } from './contract.ts'

export const EXAMPLE_LOTTERY: Lottery = {
  id: 'lottery_01kaf1q7v8fmk9m2q0c8w1g6ne',
  name: 'Lotería del Río',
  country: 'CO',
  cadence: { every: 'week', weekdays: ['friday'] },
  time: '22:30',
  timeZone: 'America/Bogota',
  numbersPerDraw: 1,
  digits: 4,
  resultsUrl: 'https://results.loteria.example/{date}.json',
  status: 'active',
  nextDraw: { date: '2026-11-27', drawAt: '2026-11-28T03:30:00.000Z' },
  createdAt: '2026-11-20T16:00:00.000Z',
  updatedAt: '2026-11-20T16:30:00.000Z',
}

const SOURCE = 'https://loteria.example/resultados'

const READ = { numbers: ['0427'], source: SOURCE }

export const EXAMPLE_RESULT: LotteryResult = {
  lotteryId: EXAMPLE_LOTTERY.id,
  date: '2026-11-20',
  drawAt: '2026-11-21T03:30:00.000Z',
  status: 'confirmed',
  ...READ,
  confirmedAt: '2026-11-21T03:45:00.000Z',
  revisions: [{ revision: 0, ...READ, reason: null, confirmedAt: '2026-11-21T03:45:00.000Z' }],
  skipReason: null,
  records: null,
  attention: null,
  nextFetchAt: null,
  fetchProblem: null,
}

/** The same, as admins see it. */
export const EXAMPLE_RESULT_FOR_ADMINS: LotteryResult = {
  ...EXAMPLE_RESULT,
  records: [
    {
      id: 'lrecord_01kaf1q7v8fmk9m2q0c8w1g6ne',
      origin: 'person',
      author: 'user_01kaf1q7v8fmk9m2q0c8w1g6ne',
      ...READ,
      reason: null,
      status: 'confirmed',
      recordedAt: '2026-11-21T03:40:00.000Z',
      decidedBy: 'user_01kaf1q7v8fmk9m2q0c8w1g6nf',
      decidedAt: '2026-11-21T03:45:00.000Z',
    },
  ],
  nextFetchAt: '2026-11-21T04:45:00.000Z',
}

const { id, status, nextDraw, createdAt, updatedAt, ...sent } = EXAMPLE_LOTTERY
const recordId = 'lrecord_01kaf1q7v8fmk9m2q0c8w1g6ne'

/** Request bodies, by schema name. */
export const BODIES = {
  CreateLottery: sent,
  UpdateLottery: { time: '23:00' },
  RecordResult: { date: EXAMPLE_RESULT.date, ...READ },
  ConfirmResult: { recordId },
  RejectRecord: { recordId },
  Reason: { reason: 'No draw on a public holiday.' },
}
