// What the parts of a verification share, once the documents have been read.

import type { Chain } from './chains.ts'
import type { TicketList } from './list.ts'
import type { SaleLog } from './log.ts'
import type { Primitives } from './primitives.ts'
import type { KeyFile, Proof } from './proof.ts'
import type { Rules } from './rules.ts'

export interface Evidence {
  proof: Proof
  rules: Rules
  /** The built-in one that the rules name. */
  chain: Chain
  keys: KeyFile | null
  primitives: Primitives
  /** Null where the text could not be read; what rests on it alone is then not checked. */
  log: SaleLog | null
  /** Recomputed from the log, or the published one where the log could not be read. */
  logRoot: Uint8Array
  /** As the log amounts to, or the published one where it amounts to none. */
  list: TicketList | null
}
