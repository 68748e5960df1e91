/** Gets the signature of a round: signed here for the dev chain, fetched and verified for quicknet. */
import type { Ctx } from '../core/context.ts'
import { type Chain, dev } from '../rdp1/chains.ts'
import { fromHex, toHex } from '../rdp1/encoding.ts'
import { loadBeacon } from '../tickets/load-beacon.ts'

/** Public relays of the League of Entropy's beacon, tried in turn. */
const PUBLIC_RELAYS = [
  'https://api.drand.sh',
  'https://api2.drand.sh',
  'https://api3.drand.sh',
  'https://drand.cloudflare.com',
]
const RELAY_TIMEOUT_MS = 3_000
const MAX_ANSWER_CHARS = 4_096

/**
 * The relays that timed out in a sweep. That sweep does not call them again: each call takes seconds, and the raffles
 * that wait for a round come first, so they would use up the time of all others.
 */
const silent = new WeakMap<Ctx, Set<string>>()

export type BeaconAnswer = { ok: true; signature: string } | { ok: false; why: string }

const TIMED_OUT: BeaconAnswer = { ok: false, why: 'timed out' }

/** The signature of a round in hex, verified against the built-in key; or the reason why there is none yet. */
export async function fetchBeacon(ctx: Ctx, chain: Chain, round: number): Promise<BeaconAnswer> {
  if (chain.hash === dev.hash) {
    const { signDevRound } = await loadBeacon()
    return { ok: true, signature: toHex(signDevRound(round)) }
  }
  const relays = ctx.settings.BEACON_RELAYS.length > 0 ? ctx.settings.BEACON_RELAYS : PUBLIC_RELAYS
  const reasons: string[] = []
  const timedOut = silent.get(ctx) ?? new Set()
  silent.set(ctx, timedOut)
  for (const relay of relays) {
    const answer = timedOut.has(relay) ? TIMED_OUT : await askRelay(relay, chain, round)
    if (answer.ok) return answer
    if (answer === TIMED_OUT) timedOut.add(relay)
    reasons.push(`${new URL(relay).host}: ${answer.why}`)
  }
  return { ok: false, why: reasons.join('; ') }
}

async function askRelay(relay: string, chain: Chain, round: number): Promise<BeaconAnswer> {
  try {
    const response = await fetch(`${relay.replace(/\/$/, '')}/${chain.hash}/public/${round}`, {
      signal: AbortSignal.timeout(RELAY_TIMEOUT_MS),
      headers: { accept: 'application/json' },
    })
    if (!response.ok) {
      await response.body?.cancel()
      return { ok: false, why: `answered ${response.status}` }
    }
    const body = (await response.text()).slice(0, MAX_ANSWER_CHARS)
    const { signature } = JSON.parse(body) as { signature?: unknown }
    if (typeof signature !== 'string' || !/^[0-9a-f]{96}$/.test(signature)) {
      return { ok: false, why: 'no signature in its answer' }
    }
    const { verifyBeacon } = await loadBeacon()
    if (!verifyBeacon(chain, round, fromHex(signature)))
      return { ok: false, why: 'its signature is not the beacon’s' }
    return { ok: true, signature }
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? TIMED_OUT : { ok: false, why: 'not reachable' }
  }
}
