/**
 * The key by which a provider knows one attempt to move money: our row's id, and from the second attempt on its number.
 * Only an attempt that failed for good may be followed by one under another key; anything else could pay twice.
 */
export const attemptKey = (id: string, attempt: number): string => (attempt === 0 ? id : `${id}_${attempt}`)
