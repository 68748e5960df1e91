/**
 * The idempotency key of one attempt to move money: our row's id, and from the second attempt on its number. Only a final
 * failure may be followed by a new key: after any other outcome a new key could pay twice. For the same reason neither form
 * may ever change: providers keep the keys, and a transfer is polled, and may be sent again, long after a deployment.
 */
const attemptKey =
  (separator: string) =>
  (id: string, attempt: number): string =>
    attempt === 0 ? id : `${id}${separator}${attempt}`

export const refundAttemptKey = attemptKey('.')
export const payoutAttemptKey = attemptKey('_')

/** Our row's id in the key of any attempt. */
export const rowIdOf = (key: string): string => /^[a-z]+_[0-9a-z]+/.exec(key)?.[0] ?? key
