/** Keeps what is costly to make and is the same for the same names, such as the formatters of `Intl`. */

/** Names may come from requests, so their number has a bound. */
const MAX_KEPT = 500

/**
 * Returns `make` with a memory. A call with the same arguments returns the same value. What throws is not kept. When the
 * memory is full it starts again, so that a flood of names cannot make every later call slow.
 */
export function keep<Names extends string[], Value>(
  make: (...names: Names) => Value,
): (...names: Names) => Value {
  const kept = new Map<string, Value>()
  return (...names) => {
    const key = names.join(' ')
    const known = kept.get(key)
    if (known !== undefined) return known
    const value = make(...names)
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(key, value)
    return value
  }
}
