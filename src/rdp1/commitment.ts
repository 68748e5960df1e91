// The commitment (rdp1 step 6): one hash that fixes rules, sale log, list and round before the round is published.

import { concat, hash32, LP, sha256, u32, u64 } from './encoding.ts'

export type CloseReason = 'scheduled' | 'soldOut' | 'operator'

/** Hashes are 32 raw bytes; `effectiveDrawAt` is in unix seconds, `committedAt` in unix milliseconds. */
export interface CommitmentInput {
  raffleId: string
  rulesHash: Uint8Array
  logRoot: Uint8Array
  logSize: number
  listHash: Uint8Array
  ticketCount: number
  closeReason: CloseReason
  effectiveDrawAt: number
  committedAt: number
  chainHash: Uint8Array
  round: number
}

/** A raffle has one commitment, ever. */
export function commit(input: CommitmentInput): Uint8Array {
  return sha256(
    concat(
      LP('rdp1/commit'),
      LP(input.raffleId),
      hash32(input.rulesHash),
      hash32(input.logRoot),
      u64(input.logSize),
      hash32(input.listHash),
      u32(input.ticketCount),
      LP(input.closeReason),
      u64(input.effectiveDrawAt),
      u64(input.committedAt),
      hash32(input.chainHash),
      u64(input.round),
    ),
  )
}
