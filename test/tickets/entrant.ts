import type { Entrant } from '../../src/tickets/pool-contract.ts'

/** Somebody whom no rule about persons stops. */
export const ANYONE: Entrant = { isProved: true, staffOf: [], isHuman: true }

/** The same, without a proved address. */
export const UNPROVED: Entrant = { ...ANYONE, isProved: false }
