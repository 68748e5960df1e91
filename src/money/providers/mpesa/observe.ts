/**
 * What a payment's callbacks and M-Pesa's answer to a query mean together. A callback is unsigned, so it credits nothing by
 * itself: the query must confirm it, and its amount and phone must be ours. The query names no receipt: the callback adds it,
 * at once or later. Pure.
 */
import { formatMoney } from '../../../core/money.ts'
import type { Observed } from '../port.ts'
import { type Meaning, PAID } from './codes.ts'
import type { ReadCallback } from './shapes.ts'

export interface Asked {
  /** The CheckoutRequestID of one request to the phone. */
  reference: string
  /** Whether M-Pesa named it when it was started. Otherwise a callback alone did. */
  isKnown: boolean
  /** What the query said. */
  answer: Meaning
}

interface Expected {
  amount: number
  currency: string
  phone: string | null
}

export function observeRequest(
  expected: Expected,
  { reference, isKnown, answer }: Asked,
  callbacks: readonly ReadCallback[],
): Observed {
  const paid = callbacks.filter((each) => each.reference === reference && each.code === PAID)
  const mismatch = paid.map((each) => whyNotOurs(expected, each, isKnown)).find((why) => why !== null)
  if (answer.kind === 'paid') {
    if (mismatch !== undefined) return forPerson(mismatch)
    const numbers = new Set(paid.flatMap(({ receiptNumber }) => receiptNumber ?? []))
    if (numbers.size > 1) return forPerson(`its callbacks name several receipts: ${[...numbers].join(', ')}`)
    const [receiptNumber] = numbers
    const { amount, currency } = expected
    const capture = { reference, amount, currency, ...(receiptNumber === undefined ? {} : { receiptNumber }) }
    return { status: 'succeeded', captures: [capture], reason: null }
  }
  if (answer.kind === 'pending') {
    return paid.length === 0
      ? { status: 'pending', captures: [], reason: null }
      : {
          status: 'pending',
          captures: [],
          reason: 'a callback says that it was paid, and M-Pesa’s query does not say so yet',
        }
  }
  // M-Pesa contradicts itself, or somebody else has called our address.
  if (paid.length > 0)
    return forPerson(`a callback says that it was paid, and M-Pesa’s query says: ${answer.reason}`)
  return { status: answer.kind, captures: [], reason: answer.reason }
}

/** Why this callback cannot be about our request; null: it can. */
function whyNotOurs(
  { amount, currency, phone }: Expected,
  callback: ReadCallback,
  isKnown: boolean,
): string | null {
  const named = callback.receiptNumber === undefined ? '' : ` (receipt ${callback.receiptNumber})`
  if (callback.amount !== undefined && callback.amount !== amount) {
    const [is, must] = [callback.amount, amount].map((each) => formatMoney({ amount: each, currency }))
    return `a callback says that ${is} was paid instead of ${must}${named}`
  }
  if (callback.phone !== undefined && callback.phone !== phone) {
    return `a callback says that another phone has paid${named}`
  }
  const isComplete = callback.amount !== undefined && callback.phone !== undefined
  return isKnown || isComplete ? null : `a callback does not say who paid how much${named}`
}

/** The schedule may not decide it, so a person is told at once. */
const forPerson = (reason: string): Observed => ({
  status: 'unknown',
  captures: [],
  reason,
  needsPerson: true,
})

/** One payment may have caused several requests, if an answer was lost on the way. Money of each is reported. */
export function together(each: readonly Observed[]): Observed {
  const captures = each.flatMap((one) => one.captures)
  const doubtful = each.find(({ needsPerson }) => needsPerson)
  if (captures.length > 0)
    return { status: 'succeeded', captures, reason: null, ...(doubtful && flagOf(doubtful)) }
  return (
    doubtful ??
    each.find(({ status }) => status === 'pending') ??
    each.find(({ status }) => status === 'unknown') ??
    each[0]!
  )
}

const flagOf = ({ reason }: Observed): Partial<Observed> => ({ reason, needsPerson: true })
