// The parsed documents that all parts of a verification share.

import type { Chain } from './chains.ts'
import type { TicketList } from './list.ts'
import type { SaleLog } from './log.ts'
import type { LotteryDraw } from './lot1.ts'
import type { Primitives } from './primitives.ts'
import type { KeyFile, LotteryProof, Proof } from './proof.ts'
import type { Rules } from './rules.ts'

/** What beacon and lottery proofs have in common. */
export type ProofHead = Omit<Proof, 'attempts'> | Omit<LotteryProof, 'attempts'>

export interface Evidence {
  proof: ProofHead
  rules: Rules
  /** The hash of the built-in chain that the rules name; zeros if a lottery decides. */
  chainHash: string
  keys: KeyFile | null
  primitives: Primitives
  /** Null: the text could not be read, so checks that need it are not made. */
  log: SaleLog | null
  /** Recomputed from the log, or the published root if the log could not be read. */
  logRoot: Uint8Array
  /** Derived from the log, or the published list if that failed; null: neither could be read. */
  list: TicketList | null
}

export interface BeaconEvidence extends Evidence {
  proof: Proof
  /** The built-in chain that the rules name. */
  chain: Chain
}

export interface LotteryEvidence extends Evidence {
  proof: LotteryProof
  draw: LotteryDraw
}
