/** Names units of a line by their numbers: `ticket 4`, `tickets 4, 5 and 6`. Pure. */

/** Longer lists are cut here, because nobody reads more numbers in a sentence. */
const MAX_NAMED = 20

export function unitsNamed(unit: string, numbers: readonly (number | string)[]): string {
  const named = numbers.slice(0, MAX_NAMED)
  const more = numbers.length - named.length
  if (more > 0) return `${unit}s ${named.join(', ')} and ${more} more`
  if (named.length === 1) return `${unit} ${named[0]}`
  return `${unit}s ${named.slice(0, -1).join(', ')} and ${named.at(-1)}`
}
