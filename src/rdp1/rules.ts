// The hashed rules of a raffle (rdp1 step 1): RFC 8785 JSON with an exact set of keys, frozen before the first sale.

import canonicalize from 'canonicalize'
import * as z from 'zod'
import { concat, LP, sha256 } from './encoding.ts'

/** Whole seconds in the one format of Date.toISOString(), so that each moment has a single spelling. */
const Moment = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.000Z$/)
  .refine((text) => {
    const ms = Date.parse(text)
    return Number.isFinite(ms) && new Date(ms).toISOString() === text
  }, 'not a valid time')

// A lone surrogate and U+FFFD encode to the same bytes, so a hash would not fix a text with a lone surrogate.
export const Text = z.string().refine((text) => text.isWellFormed(), 'not well-formed Unicode')

const Count = z.int().min(0).max(0xffff_ffff)
const ChainHash = z.string().regex(/^[0-9a-f]{64}$/)

const Money = z.strictObject({ amount: z.int().min(0), currency: z.string().regex(/^[A-Z]{3}$/) })

const Prize = z.strictObject({
  title: Text,
  quantity: Count.min(1),
  kind: z.enum(['item', 'cash', 'share']),
  /** Cash, or an item of known worth: money. A share: basis points of the takings. */
  value: z.union([Money, z.strictObject({ shareBps: z.int().min(0).max(10_000) })]).nullable(),
})

const Draw = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('beacon') }),
  z.strictObject({
    method: z.literal('lottery'),
    lotteryId: Text,
    date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
    digits: z.int().min(1).max(6),
    ifNobody: z.enum(['none', 'next']),
  }),
])

/** The largest raffle has this many tickets. The bound keeps a stranger's rules from filling a verifier's memory. */
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
  /** The beacon's chain hash; null: a lottery draws. */
  chain: ChainHash.nullable(),
})

/** Every key of step 1; an absent value is null. Times look like `2023-08-23T15:49:24.000Z`, in whole seconds. */
export type Rules = z.infer<typeof RulesSchema>
export type WinPolicy = Rules['winPolicy']

/** The one spelling of the rules (RFC 8785) that is stored, hashed and published. */
export function canonicalRules(rules: Rules): string {
  return canonicalize(RulesSchema.parse(rules)) as string
}

/** Throws unless `text` is the canonical form of valid rules: two spellings would give two hashes. */
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
