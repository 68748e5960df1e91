// The rules of a raffle as hashed (rdp1 step 1): RFC 8785 JSON with an exact set of keys, frozen before the first sale.

import canonicalize from 'canonicalize'
import * as z from 'zod'
import { concat, LP, sha256 } from './encoding.ts'

/** One format only, as Date.toISOString() writes it, so that a moment has a single spelling; whole seconds. */
const Moment = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.000Z$/)
  .refine((text) => {
    const ms = Date.parse(text)
    return Number.isFinite(ms) && new Date(ms).toISOString() === text
  }, 'not a moment')

// A lone surrogate and U+FFFD encode to the same bytes: a text that holds one would not be fixed by its hash.
export const Text = z.string().refine((text) => text.isWellFormed(), 'not well-formed Unicode')

const Count = z.int().min(0).max(0xffff_ffff)
const ChainHash = z.string().regex(/^[0-9a-f]{64}$/)

const Money = z.strictObject({ amount: z.int().min(0), currency: z.string().regex(/^[A-Z]{3}$/) })

const Prize = z.strictObject({
  title: Text,
  quantity: Count.min(1),
  kind: z.enum(['item', 'cash', 'share']),
  /** Of cash, and of an item whose worth is told: money. Of a share: basis points of the takings. */
  value: z.union([Money, z.strictObject({ shareBps: z.int().min(0).max(10_000) })]).nullable(),
})

const Draw = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('beacon') }),
  z.strictObject({
    method: z.literal('lottery'),
    lotteryId: Text,
    date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
    digits: z.int().min(1).max(9),
    ifNobody: z.enum(['none', 'next']),
  }),
])

/** As many as the largest raffle has tickets: a stranger's rules must not fill a verifier's memory. */
export const MAX_PRIZE_UNITS = 1_000_000

const hasFewUnits = (prizes: readonly { quantity: number }[]): boolean =>
  prizes.reduce((sum, { quantity }) => sum + quantity, 0) <= MAX_PRIZE_UNITS

export const RulesSchema = z.strictObject({
  protocol: z.literal('rdp1'),
  id: Text.min(1),
  organisationId: Text,
  title: Text,
  ticketPrice: Money,
  totalTickets: Count,
  maxPerUser: Count.nullable(),
  numbering: z.enum(['sequential', 'random', 'chosen']),
  opensAt: Moment,
  closesAt: Moment,
  drawAt: Moment,
  /** First rank first. */
  prizes: z.array(Prize).min(1).refine(hasFewUnits, 'too many prizes'),
  winPolicy: z.enum(['perTicket', 'perHolder']),
  minTickets: Count,
  rakeBps: z.int().min(0).max(10_000),
  guaranteed: z.boolean(),
  entry: z.enum(['purchase', 'order']),
  draw: Draw,
  claimDays: Count.nullable(),
  onUnclaimed: z.enum(['redraw', 'keep']).nullable(),
  maxRedraws: Count,
  earlyClose: z.enum(['no', 'soldOut', 'operator']),
  leadSeconds: Count,
  /** The beacon's chain hash; null where no beacon draws. */
  chain: ChainHash.nullable(),
})

/** Every key of step 1; what is absent is null. Times are `2023-08-23T15:49:24.000Z`, in whole seconds. */
export type Rules = z.infer<typeof RulesSchema>
export type WinPolicy = Rules['winPolicy']

/** The text that is stored, hashed and published: RFC 8785, keys sorted, nothing optional about its spelling. */
export function canonicalRules(rules: Rules): string {
  return canonicalize(RulesSchema.parse(rules)) as string
}

/** Throws unless `text` is the canonical form of valid rules: two spellings of one text would be two hashes. */
export function parseRules(text: string): Rules {
  const rules = RulesSchema.parse(JSON.parse(text))
  if (canonicalize(rules) !== text) throw new RangeError('the rules are not in canonical form (RFC 8785)')
  return rules
}

export function rulesHash(text: string): Uint8Array {
  return sha256(concat(LP('rdp1/rules'), LP(text)))
}

/** The prize units `<rank>#<copy>`, by rank, then copy, both from 1 (step 7). */
export function prizeUnits(prizes: readonly { quantity: number }[]): string[] {
  const units: string[] = []
  prizes.forEach((prize, index) => {
    for (let copy = 1; copy <= prize.quantity; copy++) units.push(`${index + 1}#${copy}`)
  })
  return units
}
