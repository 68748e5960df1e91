// The built-in randomness beacons and their rounds (rdp1 step 5). Their parameters never come from a proof.

import { concat, fromHex, sha256, toHex, u32, u64, utf8 } from './encoding.ts'

/** A drand chain of the scheme `bls-unchained-g1-rfc9380`; hex strings, `genesis` in unix seconds. */
export interface Chain {
  readonly name: string
  readonly hash: string
  readonly genesis: number
  readonly periodSeconds: number
  readonly publicKey: string
  readonly groupHash: string
}

/** The League of Entropy's beacon, with a round every three seconds. */
export const quicknet: Chain = {
  name: 'quicknet',
  hash: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  genesis: 1_692_803_367,
  periodSeconds: 3,
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
  groupHash: 'f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e',
}

/**
 * The secret of the dev chain, public on purpose: SHA-256("tombola dev beacon"), below the group's order.
 * With it anyone can predict every dev round, so a dev proof proves nothing.
 */
export const DEV_SECRET = '0612e470f863e8e154c253da73d220e9aa2eabf2f69e8a6f09ed92aeda86dc9f'

const devParameters = {
  name: 'dev',
  genesis: 1_735_689_600,
  periodSeconds: 1,
  publicKey:
    'a947eeb787c37e80cdcdc72743f0b37690cf83d092a7b82d6b69b4c469c07976c751d34d80fa6677c5c749185e5b94ee00bc423ee2aa00d94fb80b473f0134a4d9c0ba2714990d2c22c896a616cdd25c7d3b4c7b827ffc511b5496dcb36782ce',
  groupHash: '00'.repeat(32),
}

/** The built-in beacon for development: the same code path as in production, without a network. */
export const dev: Chain = { ...devParameters, hash: chainHash(devParameters) }

/** drand's chain hash: SHA-256(u32(period) ‖ u64(genesis) ‖ public key ‖ group hash ‖ name). */
export function chainHash(chain: Omit<Chain, 'hash'>): string {
  return toHex(
    sha256(
      concat(
        u32(chain.periodSeconds),
        u64(chain.genesis),
        fromHex(chain.publicKey),
        fromHex(chain.groupHash),
        utf8(chain.name),
      ),
    ),
  )
}

export function chainByHash(hash: string): Chain | undefined {
  return [quicknet, dev].find((chain) => chain.hash === hash)
}

/** The first round at or after a moment in whole unix seconds. It does not depend on the rounds published so far. */
export function roundAt(chain: Chain, seconds: number): number {
  if (!Number.isSafeInteger(seconds)) throw new RangeError('whole seconds, please')
  if (seconds <= chain.genesis) return 1
  return Math.ceil((seconds - chain.genesis) / chain.periodSeconds) + 1
}

/** As roundAt, for unix milliseconds. It rounds up to seconds, so that the round is never early. */
export function roundAtMs(chain: Chain, unixMs: number): number {
  return roundAt(chain, Math.ceil(unixMs / 1000))
}

/** When a round is due, in unix seconds. */
export function timeOf(chain: Chain, round: number): number {
  return chain.genesis + (round - 1) * chain.periodSeconds
}

/** The round R of a commitment (step 5). A late commitment moves it to a later round, and the proof shows that. */
export function commitmentRound(
  chain: Chain,
  input: { effectiveDrawAt: number; committedAt: number; leadSeconds: number },
): number {
  return roundAtMs(
    chain,
    Math.max(input.effectiveDrawAt * 1000, input.committedAt + input.leadSeconds * 1000),
  )
}

/** The round of a redraw (step 7). */
export function redrawRound(chain: Chain, input: { requestedAt: number; leadSeconds: number }): number {
  return roundAtMs(chain, input.requestedAt + input.leadSeconds * 1000)
}
