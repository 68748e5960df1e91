/** The results page of a lottery: its address, its shape, and the numbers of one draw as it publishes them. */
import * as z from 'zod'
import { type FetchLimits, fetchJson } from '../core/fetch-json.ts'
import { whyNotPublic } from '../core/public-address.ts'
import type { FetchProblem, LotteryRow } from './schema.ts'

/** Stands for the date of the draw, for pages that have an address for each. */
export const DATE_BLANK = '{date}'

/** The address of the page of one draw. */
export const addressOn = (resultsUrl: string, date: string): string => resultsUrl.replaceAll(DATE_BLANK, date)

const LIMITS: FetchLimits = { timeoutMs: 10_000, maxBytes: 64 * 1_024 }

type Shape = Pick<LotteryRow, 'numbersPerDraw' | 'digits'>

/** What `numbers` must be for a draw of this lottery. */
export function whyNotNumbers({ numbersPerDraw, digits }: Shape, numbers: readonly string[]): string | null {
  if (numbers.length !== numbersPerDraw) return `must be ${numbersPerDraw}: as many as a draw publishes`
  const isWhole = (number: string) => new RegExp(`^[0-9]{${digits}}$`).test(number)
  return numbers.every(isWhole) ? null : `must each have ${digits} digits, with leading zeros`
}

/** What the page must answer. A page of another shape cannot be used: an admin records its numbers. */
const ResultsPage = z.strictObject({ date: z.iso.date(), numbers: z.array(z.string()) })

export type FetchedNumbers =
  | { ok: true; numbers: string[]; source: string }
  | { ok: false; why: FetchProblem }

/** Fetches the numbers of a draw. The address is checked each time, because the rules may be stricter than when it was saved. */
export async function fetchNumbers(
  lottery: Shape & { resultsUrl: string },
  date: string,
): Promise<FetchedNumbers> {
  const source = addressOn(lottery.resultsUrl, date)
  if (whyNotPublic(source) !== null) return { ok: false, why: 'address_refused' }
  const answer = await fetchJson(source, LIMITS)
  if (!answer.ok) return answer
  const page = ResultsPage.safeParse(answer.value)
  if (!page.success || whyNotNumbers(lottery, page.data.numbers) !== null) {
    return { ok: false, why: 'wrong_shape' }
  }
  if (page.data.date !== date) return { ok: false, why: 'other_date' }
  return { ok: true, numbers: page.data.numbers, source }
}
