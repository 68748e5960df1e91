/**
 * What M-Pesa can move at once, by Safaricom's pages about *M-Pesa Express* and *Business to Customer*: whole shillings,
 * at most KES 250,000, and to a phone at least KES 10. A reversal has no least sum of its own. Pure.
 */
import { formatMoney, type Money } from '../../../core/money.ts'

export const SHILLING = 100
export const LEAST_TO_PHONE = 10 * SHILLING
const MOST_AT_ONCE = 250_000 * SHILLING

const kes = (amount: number): string => formatMoney({ amount, currency: 'KES' })

function whyNot(sum: Money, does: 'takes' | 'pays', least: number): string | null {
  const butIs = `and this is ${formatMoney(sum)}`
  if (sum.currency !== 'KES') return `mpesa ${does} KES only, ${butIs}`
  if (sum.amount % SHILLING !== 0) return `mpesa ${does} whole shillings only, ${butIs}`
  if (sum.amount < least) return `mpesa ${does} at least ${kes(least)}, ${butIs}`
  return sum.amount > MOST_AT_ONCE ? `mpesa ${does} at most ${kes(MOST_AT_ONCE)} at once, ${butIs}` : null
}

/** Why a payer cannot pay it, in words that follow a field's name. Null: they can. */
export const whyNotTaken = (sum: Money): string | null => whyNot(sum, 'takes', SHILLING)

/** Why it cannot be sent to a phone. */
export const whyNotSent = (sum: Money): string | null => whyNot(sum, 'pays', LEAST_TO_PHONE)
