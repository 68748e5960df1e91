/** What M-Pesa's result codes mean. A code that is not listed here decides nothing: a person must look. */

/** The codes of a payment that failed, in words for the buyer. A later success overrides them. */
const PAYMENT_FAILURES: Record<string, string> = {
  1: 'there was not enough money on the phone',
  3: 'it is more than M-Pesa takes at once',
  4: 'the phone has reached its daily limit',
  17: 'M-Pesa had an error',
  26: 'M-Pesa was too busy',
  1001: 'another M-Pesa payment was under way on the phone',
  1019: 'the payment request on the phone expired',
  1025: 'the payment request could not be sent to the phone',
  1032: 'it was cancelled on the phone',
  1037: 'the phone did not answer',
  2001: 'the PIN was wrong',
  8006: 'the M-Pesa PIN of the phone is locked',
  9999: 'the payment request could not be sent to the phone',
}

export const PAID = '0'
/** The request is still processed. */
const PENDING = ['4999', '500.001.1001']

export type Meaning = { kind: 'paid' } | { kind: 'pending' } | { kind: 'failed' | 'unknown'; reason: string }

/** Of a code that a query of a payment returned. */
export function meaningOf(code: string): Meaning {
  if (code === PAID) return { kind: 'paid' }
  if (PENDING.includes(code)) return { kind: 'pending' }
  const failure = Object.hasOwn(PAYMENT_FAILURES, code) ? PAYMENT_FAILURES[code]! : null
  return failure === null
    ? { kind: 'unknown', reason: `M-Pesa’s query answered with code ${code}` }
    : { kind: 'failed', reason: failure }
}

/** The transaction was reversed before: its payer has the money back. */
export const ALREADY_REVERSED = 'R000001'

/** M-Pesa does not reverse this transaction for us at all, so a refund takes another way. */
const NOT_REVERSIBLE = ['21', '2028', 'R000002']

export const isNotReversible = (code: string): boolean => NOT_REVERSIBLE.includes(code)

/** The codes of a refund or payout that failed, in words for operators. docs/payments.md says what to do about each. */
export const TRANSFER_FAILURES: Record<string, string> = {
  1: 'the M-Pesa account has not enough money',
  2: 'it is less than M-Pesa sends to a phone',
  3: 'it is more than M-Pesa sends at once',
  4: 'the phone has reached its daily limit',
  8: 'the phone’s account would hold more than M-Pesa allows',
  11: 'the M-Pesa account is not active',
  21: 'the initiator may not do this',
  2001: 'M-Pesa does not accept the initiator’s credentials',
  2006: 'the M-Pesa account is not active',
  2028: 'this short code may not do this',
  2040: 'the number is not registered with M-Pesa',
  8006: 'the initiator’s credentials are locked',
  R000002: 'M-Pesa does not know the receipt',
  SFC_IC0003: 'the number is not registered with M-Pesa',
}

export const whyTransferFailed = (code: string): string =>
  Object.hasOwn(TRANSFER_FAILURES, code)
    ? `${TRANSFER_FAILURES[code]!} (M-Pesa’s code ${code})`
    : `M-Pesa refused it with code ${code}`
