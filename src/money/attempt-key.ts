/**
 * The idempotency key of one attempt to move money: our row's id, and from the second attempt on its number. Only a final
 * failure may be followed by a new key: after any other outcome a new key could pay twice.
 */
export const attemptKey = (id: string, attempt: number): string => (attempt === 0 ? id : `${id}_${attempt}`)
