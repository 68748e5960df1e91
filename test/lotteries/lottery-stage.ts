// Lotteries for tests, two admins who record and confirm results, and a fake of the page where results are published.
import { env } from 'cloudflare:workers'
import { beforeEach, expect } from 'vitest'
import type { FakeHost } from '../fakes/host.ts'
import type { Answer } from '../harness/client.ts'
import { type Person, signedInAdmin } from '../harness/people.ts'
import { as, at } from '../raffles/scenario.ts'

/** A Monday. */
export const DATE = '2031-05-05'
/** 22:30 in Bogotá. */
export const HELD_AT = Date.parse('2031-05-06T03:30:00.000Z')

export const PAGE_HOST = 'results.loteria.example'
export const RESULTS_URL = `https://${PAGE_HOST}/{date}.json`
export const SOURCE = 'https://loteria.example/resultados'

export const admins = {} as { ana: Person; ben: Person; cruz: Person }

/** New admins before each test, by its clock. Lotteries of earlier tests hold no more draws. */
export function useAdmins(): void {
  beforeEach(async () => {
    await env.DB.batch([
      env.DB.prepare('UPDATE lotteries SET next_date = NULL, next_draw_at = NULL'),
      env.DB.prepare(
        `UPDATE lottery_draws SET due_at = NULL, attention = NULL, skip_reason = '—', skip_confirmed_by = 'nobody'`,
      ),
    ])
    for (const name of ['ana', 'ben', 'cruz'] as const) admins[name] = await signedInAdmin()
  })
}

/** Is no administrator any more. */
export const leave = ({ id }: Person): Promise<unknown> =>
  env.DB.prepare(`UPDATE users SET role = 'user' WHERE id = ?`).bind(id).run()

export const lotteryBody = (changes: Record<string, unknown> = {}) => ({
  name: 'Lotería del Río',
  country: 'CO',
  cadence: { every: 'day' },
  time: '22:30',
  timeZone: 'America/Bogota',
  numbersPerDraw: 2,
  digits: 4,
  ...changes,
})

/** A new lottery, made by Ana. */
export async function stageLottery(changes: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await as(admins.ana, 'POST', '/lotteries', lotteryBody(changes))
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id
}

export const NUMBERS = ['0427', '9001']
export const OTHER_NUMBERS = ['0428', '9001']

export const record = (
  by: Person,
  lotteryId: string,
  numbers = NUMBERS,
  more: Record<string, unknown> = {},
): Promise<Answer> =>
  as(by, 'POST', `/lotteries/${lotteryId}/results`, { date: DATE, numbers, source: SOURCE, ...more })

export const decide = (
  by: Person,
  verb: 'confirm' | 'reject',
  lotteryId: string,
  recordId: string,
  more: Record<string, unknown> = {},
): Promise<Answer> => as(by, 'POST', `/lotteries/${lotteryId}/results/${DATE}/${verb}`, { recordId, ...more })

export async function readAs(by: Person | null, lotteryId: string): Promise<Answer['body']> {
  const { status, body } = await as(by, 'GET', `/lotteries/${lotteryId}/results/${DATE}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

/** Ana records the result of the draw on `DATE`, and Ben confirms it, a moment after the draw. */
export async function stageResult(lotteryId: string, numbers = NUMBERS): Promise<Answer['body']> {
  at(Math.max(Date.now(), HELD_AT))
  const recorded = await record(admins.ana, lotteryId, numbers)
  expect(recorded.status, JSON.stringify(recorded.body)).toBe(201)
  const pending = recorded.body.records.find(({ status }: { status: string }) => status === 'pending')
  const confirmed = await decide(admins.ben, 'confirm', lotteryId, pending.id)
  expect(confirmed.status, JSON.stringify(confirmed.body)).toBe(200)
  return confirmed.body
}

export interface FakePage extends FakeHost {
  /** The addresses that were asked for. */
  asked: string[]
  /** What it answers from now on. */
  publish(numbers: string[], date?: string): void
  answerWith(answer: (request: Request) => Promise<Response> | Response): void
}

/** A page that has not published anything. */
export function fakePage(): FakePage {
  let answer: (request: Request) => Promise<Response> | Response = () => new Response(null, { status: 404 })
  const asked: string[] = []
  return {
    hosts: [PAGE_HOST],
    asked,
    publish(numbers, date = DATE) {
      answer = () => Response.json({ date, numbers })
    },
    answerWith(next) {
      answer = next
    },
    async answer(request) {
      asked.push(request.url)
      return answer(request)
    },
  }
}
