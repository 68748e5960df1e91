// Attempts (rdp1 steps 7 and 9): the draw and its redraws, each chained to the previous one by its hash.

import { compareBytes, concat, concatAll, equalBytes, hash32, LP, sha256, u32, u64 } from './encoding.ts'
import { prizeUnits, type WinPolicy } from './rules.ts'

/** `requestedAt` is in unix milliseconds. Exclusions are ascending, each once. */
export interface AttemptInput {
  /** The commitment for attempt 0, otherwise the hash of the previous attempt. */
  previous: Uint8Array
  attempt: number
  requestedAt: number
  reason: string
  excludedTags: readonly Uint8Array[]
  excludedNumbers: readonly number[]
  units: readonly string[]
  round: number
}

export interface Exclusions {
  excludedTags: Uint8Array[]
  excludedNumbers: number[]
}

/** Attempt 0 follows from the commitment alone, so a server that stops afterwards cannot change the draw. */
export function firstAttempt(input: {
  commitment: Uint8Array
  committedAt: number
  round: number
  prizes: readonly { quantity: number }[]
}): AttemptInput {
  return {
    previous: input.commitment,
    attempt: 0,
    requestedAt: input.committedAt,
    reason: '',
    excludedTags: [],
    excludedNumbers: [],
    units: prizeUnits(input.prizes),
    round: input.round,
  }
}

export function attemptHash(input: AttemptInput): Uint8Array {
  assertAscending(input.excludedTags, compareBytes)
  assertAscending(input.excludedNumbers, (a, b) => a - b)
  return sha256(
    concat(
      LP('rdp1/attempt'),
      hash32(input.previous),
      u32(input.attempt),
      u64(input.requestedAt),
      LP(input.reason),
      LP(concatAll(input.excludedTags.map(hash32))),
      LP(concatAll(input.excludedNumbers.map(u32))),
      LP(input.units.join(',')),
      u64(input.round),
    ),
  )
}

/**
 * The holders and tickets that cannot win a redraw. `earlierWinners` are the winners of all earlier attempts, whether
 * they kept their prize or not; `disqualifiedTags` are all holders disqualified so far. Throws if one of them has never
 * won: disqualifying others would be a way to choose the winner.
 */
export function exclusions(
  winPolicy: WinPolicy,
  earlierWinners: readonly { ticket: number; tag: Uint8Array }[],
  disqualifiedTags: readonly Uint8Array[] = [],
): Exclusions {
  for (const tag of disqualifiedTags) {
    if (!earlierWinners.some((winner) => equalBytes(winner.tag, tag))) {
      throw new RangeError('only a winner can be disqualified')
    }
  }
  if (winPolicy === 'perHolder') {
    return { excludedTags: ascendingTags(earlierWinners.map((winner) => winner.tag)), excludedNumbers: [] }
  }
  return {
    excludedTags: ascendingTags(disqualifiedTags),
    excludedNumbers: [...new Set(earlierWinners.map((winner) => winner.ticket))].sort((a, b) => a - b),
  }
}

/** The randomness of a round. It is always computed from the signature, and never read from a proof. */
export function randomnessOf(signature: Uint8Array): Uint8Array {
  return sha256(signature)
}

/** `attemptHash` is A_k, and `randomness` is that of its round (step 9). */
export function seedOf(attemptHash: Uint8Array, randomness: Uint8Array): Uint8Array {
  return sha256(concat(LP('rdp1/seed'), hash32(attemptHash), hash32(randomness)))
}

function ascendingTags(tags: readonly Uint8Array[]): Uint8Array[] {
  const sorted = [...tags].sort(compareBytes)
  return sorted.filter((tag, i) => i === 0 || !equalBytes(tag, sorted[i - 1] as Uint8Array))
}

function assertAscending<T>(values: readonly T[], compare: (a: T, b: T) => number): void {
  for (let i = 1; i < values.length; i++) {
    if (compare(values[i - 1] as T, values[i] as T) >= 0) throw new RangeError('exclusions must ascend')
  }
}
