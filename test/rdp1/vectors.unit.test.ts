// The published vectors of rdp1, byte for byte.

import { describe, expect, it } from 'vitest'
import { nativeCrypto } from '../../src/core/native-crypto.ts'
import { attemptHash, exclusions, firstAttempt, randomnessOf, seedOf } from '../../src/rdp1/attempt.ts'
import { signDevRound, verifyBeacon } from '../../src/rdp1/beacon.ts'
import {
  chainByHash,
  chainHash,
  commitmentRound,
  DEV_SECRET,
  dev,
  quicknet,
  redrawRound,
  roundAt,
  roundAtMs,
  timeOf,
} from '../../src/rdp1/chains.ts'
import { type CloseReason, commit } from '../../src/rdp1/commitment.ts'
import { fromHex, sha256, toHex, utf8 } from '../../src/rdp1/encoding.ts'
import { holderTag } from '../../src/rdp1/holder-tag.ts'
import { indexOfTicket, listCsv, listHash, parseListCsv, tagAt } from '../../src/rdp1/list.ts'
import {
  type EntryKind,
  logCsv,
  logRoot,
  parseLogCsv,
  replayLog,
  SaleLog,
  saleEntry,
  saleLeafHash,
} from '../../src/rdp1/log.ts'
import { leafHash, MerkleFrontier } from '../../src/rdp1/merkle.ts'
import { pick, wordsOf } from '../../src/rdp1/pick.ts'
import { scriptPrimitives } from '../../src/rdp1/primitives.ts'
import { canonicalRules, parseRules, prizeUnits, rulesHash } from '../../src/rdp1/rules.ts'
import vectors from './vectors.json' with { type: 'json' }

type Vector = (typeof vectors.raffles)[number]
interface Redraw {
  requestedAt: number
  reason: string
  units: string[]
  disqualified?: string[]
}

function tagsOf({ input }: Vector): Map<string, Uint8Array> {
  const salts = Object.entries(input.salts as Record<string, string>)
  return new Map(salts.map(([user, salt]) => [user, holderTag(input.raffleId, user, fromHex(salt))]))
}

function logOf(vector: Vector): SaleLog {
  const tags = tagsOf(vector)
  const log = new SaleLog(0)
  for (const { type, number, user, ms } of vector.input.log) {
    log.append(type as EntryKind, number, tags.get(user) as Uint8Array, ms)
  }
  return log
}

const cases = [
  { by: 'in script', primitives: scriptPrimitives },
  { by: 'by the platform', primitives: nativeCrypto },
].flatMap((way) => vectors.raffles.map((vector) => ({ ...way, vector, name: vector.name })))

describe.each(cases)('rdp1 vector, $by: $name', ({ primitives, vector }) => {
  const { input, output } = vector
  const rules = parseRules(input.rules)
  const log = logOf(vector)
  const list = replayLog(log)

  it('accepts the canonical rules and hashes them', () => {
    expect(canonicalRules(rules)).toBe(input.rules)
    expect(toHex(rulesHash(input.rules))).toBe(output.rulesHash)
  })

  it('tags the holders', () => {
    const tags = [...tagsOf(vector)].map(([user, tag]) => [user, toHex(tag)])
    expect(Object.fromEntries(tags)).toEqual(output.tags)
  })

  it('encodes and hashes the first entry of the log', () => {
    if (log.size === 0) return
    const entry = saleEntry(log.kindAt(0), log.numberAt(0), log.tagAt(0), log.unixMsAt(0))
    expect(toHex(entry)).toBe(output.firstEntry)
    expect(toHex(leafHash(entry))).toBe(output.firstLeaf)
    expect(toHex(saleLeafHash(log.kindAt(0), log.numberAt(0), log.tagAt(0), log.unixMsAt(0)))).toBe(
      output.firstLeaf,
    )
  })

  it('derives log root, list and list hash', () => {
    expect(toHex(logRoot(log))).toBe(output.logRoot)
    expect(log.size).toBe(output.logSize)
    expect([...list.numbers]).toEqual(output.list)
    expect(toHex(listHash(list, primitives))).toBe(output.listHash)
    expect(list.numbers.length).toBe(output.ticketCount)
  })

  it('writes and reads log and list as CSV without a change', () => {
    expect([...parseLogCsv(logCsv(log))]).toEqual([...log])
    expect(parseListCsv(listCsv(list))).toEqual(list)
  })

  it('computes the round and the commitment, and draws every attempt', () => {
    const { committedAt, effectiveDrawAt } = input
    const round = commitmentRound(quicknet, { effectiveDrawAt, committedAt, leadSeconds: rules.leadSeconds })
    expect(round).toBe(output.round)
    const commitment = commit({
      raffleId: input.raffleId,
      rulesHash: rulesHash(input.rules),
      logRoot: logRoot(log),
      logSize: log.size,
      listHash: listHash(list, primitives),
      ticketCount: list.numbers.length,
      closeReason: input.closeReason as CloseReason,
      effectiveDrawAt,
      committedAt,
      chainHash: fromHex(quicknet.hash),
      round,
    })
    expect(toHex(commitment)).toBe(output.commitment)

    const tags = tagsOf(vector)
    const redraw = input.redraw as Redraw | null
    const earlierWinners: { ticket: number; tag: Uint8Array }[] = []
    let attempt = firstAttempt({ commitment, committedAt, round, prizes: rules.prizes })
    for (const expected of output.attempts) {
      if (expected.attempt > 0) {
        if (redraw === null) throw new Error('the vector has no redraw')
        const { requestedAt, reason, units } = redraw
        attempt = {
          previous: attemptHash(attempt),
          attempt: expected.attempt,
          requestedAt,
          reason,
          units,
          round: redrawRound(quicknet, { requestedAt, leadSeconds: rules.leadSeconds }),
          ...exclusions(
            rules.winPolicy,
            earlierWinners,
            (redraw.disqualified ?? []).map((user) => tags.get(user) as Uint8Array),
          ),
        }
      }
      const hash = attemptHash(attempt)
      const signature = fromHex(expected.signature)
      expect(verifyBeacon(quicknet, attempt.round, signature)).toBe(true)
      const randomness = randomnessOf(signature)
      const seed = seedOf(hash, randomness)
      const result = pick(list, seed, attempt.units, { ...attempt, winPolicy: rules.winPolicy })
      expect({
        attempt: attempt.attempt,
        requestedAt: attempt.requestedAt,
        reason: attempt.reason,
        round: attempt.round,
        units: attempt.units,
        excludedTags: attempt.excludedTags.map(toHex),
        excludedTickets: attempt.excludedNumbers,
        attemptHash: toHex(hash),
        signature: expected.signature,
        randomness: toHex(randomness),
        seed: toHex(seed),
        firstWord: String(wordsOf(seed).next()),
        winners: result.winners,
        steps: result.steps,
      }).toEqual(expected)
      for (const { ticket } of result.winners) {
        earlierWinners.push({ ticket, tag: tagAt(list, indexOfTicket(list, ticket)) })
      }
    }
  })
})

describe('rdp1 vectors', () => {
  it.each(vectors.rounds)('puts the round at or after $at at $round', ({ at, round }) => {
    expect(roundAt(quicknet, at)).toBe(round)
  })

  it.each(vectors.uniform)('gives uniform numbers below $n from seed $seed', ({ seed, n, values }) => {
    const words = wordsOf(fromHex(seed))
    expect(values.map(() => String(words.uniform(BigInt(n))))).toEqual(values)
  })

  it.each(vectors.merkle)('hashes a tree of $leaves leaves', ({ leaves, root }) => {
    const frontier = new MerkleFrontier()
    for (let i = 0; i < leaves; i++) frontier.append(leafHash(utf8(`entry ${i}`)))
    expect(toHex(frontier.root())).toBe(root)
  })
})

describe('chains', () => {
  it('have the hash of their parameters', () => {
    expect(chainHash(quicknet)).toBe(quicknet.hash)
    expect(chainHash(dev)).toBe(dev.hash)
    expect(chainByHash(quicknet.hash)).toBe(quicknet)
    expect(chainByHash(dev.hash)).toBe(dev)
    expect(chainByHash('00'.repeat(32))).toBeUndefined()
  })

  it('include dev, whose secret is the hash of a public text', () => {
    expect(DEV_SECRET).toBe(toHex(sha256(utf8('tombola dev beacon'))))
  })

  it('round milliseconds up, so that a round is never early', () => {
    expect(roundAtMs(quicknet, 1_692_803_733_000)).toBe(123)
    expect(roundAtMs(quicknet, 1_692_803_733_001)).toBe(124)
    expect(timeOf(quicknet, 123)).toBe(1_692_803_733)
    expect(timeOf(quicknet, 1)).toBe(quicknet.genesis)
  })
})

describe('the beacon', () => {
  const real = fromHex(vectors.raffles[0]?.output.attempts[0]?.signature as string)

  it('accepts a dev signature for its round only', () => {
    expect(verifyBeacon(dev, 42, signDevRound(42))).toBe(true)
    expect(verifyBeacon(dev, 43, signDevRound(42))).toBe(false)
    expect(verifyBeacon(quicknet, 42, signDevRound(42))).toBe(false)
  })

  it('refuses malformed signatures and rounds instead of throwing', () => {
    expect(verifyBeacon(quicknet, 1000, new Uint8Array(48))).toBe(false)
    expect(verifyBeacon(quicknet, 1000, real.subarray(1))).toBe(false)
    expect(verifyBeacon(quicknet, 0, real)).toBe(false)
    expect(verifyBeacon(quicknet, 1.5, real)).toBe(false)
  })

  it('refuses a second encoding of a genuine signature, which would give a second randomness', () => {
    // x and x + q are one field element. If both fit into 381 bits, the point has two encodings.
    const q =
      0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn
    let tried = 0
    for (let round = 1; tried < 2; round++) {
      const signature = signDevRound(round)
      const flags = (signature[0] as number) & 0xe0
      const x = BigInt(`0x${toHex(signature)}`) & ((1n << 381n) - 1n)
      if (x + q >= 1n << 381n) continue
      const twin = fromHex((x + q).toString(16).padStart(96, '0'))
      twin[0] = (twin[0] as number) | flags
      expect(verifyBeacon(dev, round, signature)).toBe(true)
      expect(verifyBeacon(dev, round, twin)).toBe(false)
      tried++
    }
  })
})

describe('the rules', () => {
  const text = vectors.raffles[0]?.input.rules as string

  it('are refused in any other spelling', () => {
    expect(() => parseRules(` ${text}`)).toThrow()
    expect(() => parseRules(text.replace('"title":', '"title" :'))).toThrow()
    expect(() => parseRules(text.replace('"chain"', '"\\u0063hain"'))).toThrow()
    expect(() => parseRules(text.replace('"leadSeconds":60', '"leadSeconds":6e1'))).toThrow()
    expect(() => parseRules(text.replace('"leadSeconds":60', '"leadSeconds":61,"leadSeconds":60'))).toThrow()
  })

  it('are refused with a key missing, unknown or of the wrong kind', () => {
    expect(() => parseRules(text.replace('"guaranteed":false,', ''))).toThrow()
    expect(() => parseRules(text.replace('{"chain"', '{"bonus":1,"chain"'))).toThrow()
    expect(() => parseRules(text.replace('"maxRedraws":3', '"maxRedraws":"3"'))).toThrow()
    expect(() => parseRules(text.replace('15:49:24.000Z', '15:49:24.500Z'))).toThrow()
    expect(() => parseRules(text.replace('2023-08-23T15:49', '2023-02-30T15:49'))).toThrow()
  })

  it('name prize units by rank and copy', () => {
    expect(prizeUnits([{ quantity: 1 }, { quantity: 2 }])).toEqual(['1#1', '2#1', '2#2'])
  })
})

describe('the sale log', () => {
  const tag = (byte: number) => new Uint8Array(32).fill(byte)
  const list = (...entries: [EntryKind, number, number][]) =>
    replayLog(entries.map(([kind, number, holder], i) => ({ kind, number, tag: tag(holder), unixMs: i })))

  it('lets a voided number be issued again', () => {
    expect(list([1, 5, 1], [2, 5, 1], [1, 5, 2])).toEqual({ numbers: Uint32Array.of(5), tags: tag(2) })
    expect(list([1, 5, 1], [2, 5, 1]).numbers).toHaveLength(0)
  })

  it('refuses to issue a number twice, or to void one that is not issued or is another holder’s', () => {
    expect(() => list([1, 5, 1], [1, 5, 1])).toThrow(/issued already/)
    expect(() => list([2, 5, 1])).toThrow(/not issued/)
    expect(() => list([1, 5, 1], [2, 5, 1], [2, 5, 1])).toThrow(/not issued/)
    expect(() => list([1, 5, 1], [2, 5, 2])).toThrow(/another holder/)
  })

  it.each([
    ['no header', ''],
    ['another header', 'kind,number,tag\n'],
    ['no last LF', `kind,number,tag,unixMs\nissued,1,${'00'.repeat(32)},5`],
    ['an empty last row', `kind,number,tag,unixMs\nissued,1,${'00'.repeat(32)},5\n\n`],
    ['CRLF', `kind,number,tag,unixMs\r\nissued,1,${'00'.repeat(32)},5\r\n`],
    ['leading zeros', `kind,number,tag,unixMs\nissued,01,${'00'.repeat(32)},5\n`],
    ['upper-case hex', `kind,number,tag,unixMs\nissued,1,${'AA'.repeat(32)},5\n`],
    ['a number above u32', `kind,number,tag,unixMs\nissued,4294967296,${'00'.repeat(32)},5\n`],
    ['an unknown kind', `kind,number,tag,unixMs\nsold,1,${'00'.repeat(32)},5\n`],
    ['a sign', `kind,number,tag,unixMs\nissued,-1,${'00'.repeat(32)},5\n`],
  ])('refuses a CSV with %s', (_, text) => {
    expect(() => parseLogCsv(text)).toThrow(RangeError)
  })

  it('refuses a list CSV that does not ascend or ends early', () => {
    const row = (number: number) => `${number},${'00'.repeat(32)}\n`
    expect(parseListCsv(`number,tag\n${row(1)}${row(2)}`).numbers).toEqual(Uint32Array.of(1, 2))
    expect(() => parseListCsv(`number,tag\n${row(2)}${row(2)}`)).toThrow(/ascend/)
    expect(() => parseListCsv(`number,tag\n${row(2)}${row(1)}`)).toThrow(/ascend/)
    expect(() => parseListCsv(`number,tag\n${row(1)}2,00`)).toThrow(RangeError)
  })
})
