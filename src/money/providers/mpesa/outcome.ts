/** What the results that M-Pesa posted about one refund or payout mean. Pure. */
import { formatMoney, type Money } from '../../../core/money.ts'
import type { Sent } from '../port.ts'
import { ALREADY_REVERSED, PAID, whyTransferFailed } from './codes.ts'
import type { ReadResult } from './shapes.ts'

export interface Reports {
  /** Results of the transfer itself. */
  results: readonly ReadResult[]
  /** Results of status queries about it. */
  statuses: readonly ReadResult[]
}

/**
 * Null: nothing is decided. A success overrides each failure, whichever came first: a repeated request fails if the first
 * one went through. A status query decides only that a transfer is completed. Whatever else it says is for a person.
 */
export function outcomeOf(kind: 'b2c' | 'reversal', sum: Money, { results, statuses }: Reports): Sent | null {
  const paid = results.find(({ code }) => code === PAID || (kind === 'reversal' && code === ALREADY_REVERSED))
  const completed = statuses.find(({ code, status }) => code === PAID && status === 'Completed')
  const success = paid ?? completed
  if (success !== undefined) {
    const { amount = sum.amount } = success
    if (amount !== sum.amount) {
      const is = formatMoney({ amount, currency: sum.currency })
      return { status: 'unknown', reference: null, reason: `M-Pesa says that ${is} was sent` }
    }
    return { status: 'succeeded', reference: referenceOf(success, paid === undefined), reason: null }
  }
  const failed = results.at(-1)
  return failed === undefined
    ? null
    : { status: 'failed', reference: null, reason: whyTransferFailed(failed.code) }
}

/** Whether the last status query says that the transfer has ended, and not as completed. */
export function isEndedUnpaid({ statuses }: Reports): boolean {
  const last = statuses.at(-1)
  return last?.code === PAID && last.status !== undefined && !isUnderWay(last.status)
}

const isUnderWay = (status: string): boolean => /pending|process/i.test(status)

/** A status query is a transaction of its own: its result names the transfer's receipt apart. */
const referenceOf = ({ transactionId, receipt }: ReadResult, isStatus: boolean): string | null =>
  isStatus ? (receipt ?? null) : transactionId

/** What the last status query says of a transfer that is not decided; null: nothing for a person. */
export function whyDoubtful({ statuses }: Reports): string | null {
  const last = statuses.at(-1)
  if (last === undefined) return null
  if (last.code !== PAID) return `M-Pesa’s status query answered with code ${last.code}`
  return last.status === undefined || isUnderWay(last.status)
    ? null
    : `M-Pesa’s status query calls it “${last.status.slice(0, 40)}”`
}
