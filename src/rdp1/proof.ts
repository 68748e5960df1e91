// The schemas of the documents that a deployment publishes or gives to holders: proof, key file and receipt. They are
// made at their first use, because the worker only writes such documents.

import * as z from 'zod'
import { NO_CHAIN, NO_ROUND } from './lot1.ts'
import { Text } from './rules.ts'

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`))
const Hash = hex(32)
const Ed25519Signature = hex(64)

// The range of a JavaScript Date, so that every time in a proof has a date.
const UnixMs = z.int().min(0).max(8_640_000_000_000_000)
const UnixSeconds = z.int().min(0).max(8_640_000_000_000)
const U32 = z.int().min(0).max(0xffff_ffff)
const Size = z.int().min(0)
const Round = z.int().min(1).max(8_640_000_000_000)

const LogHead = z.strictObject({ size: Size, root: Hash })
const CloseReason = z.enum(['scheduled', 'soldOut', 'operator'])
const Unit = z.string().regex(/^[1-9]\d*#[1-9]\d*$/)

export const WinnerSchema = z.strictObject({ unit: Unit, ticket: U32, step: Size })

/** From `signature` on, fields are null until the round is published. */
export const AttemptSchema = z.strictObject({
  attempt: U32,
  requestedAt: UnixMs,
  reason: Text,
  round: Round,
  units: z.array(Unit),
  excludedTags: z.array(Hash),
  excludedTickets: z.array(U32),
  attemptHash: Hash,
  attemptSignature: Ed25519Signature,
  signature: hex(48).nullable(),
  randomness: Hash.nullable(),
  seed: Hash.nullable(),
  winners: z.array(WinnerSchema).nullable(),
  steps: Size.nullable(),
})
export type ProofAttempt = z.infer<typeof AttemptSchema>

export const CancellationSchema = z.strictObject({ at: UnixMs, reason: Text, signature: Ed25519Signature })

/** The fields of every proof; hashes in hex. */
const common = {
  protocol: z.literal('rdp1'),
  raffleId: Text.min(1),
  /** The exact text that is hashed. */
  rules: Text,
  rulesHash: Hash,
  log: LogHead,
  listHash: Hash,
  ticketCount: U32,
  closeReason: CloseReason,
  effectiveDrawAt: UnixSeconds,
  committedAt: UnixMs,
  commitment: Hash,
  commitmentSignature: Ed25519Signature,
  cancellation: CancellationSchema.nullable(),
}

/** `effectiveDrawAt` in unix seconds; `committedAt`, `requestedAt` and `at` in unix milliseconds. */
export const ProofSchema = z
  .strictObject({ ...common, chain: Hash, round: Round, attempts: z.array(AttemptSchema).min(1) })
  .meta({ id: 'Proof' })
export type Proof = z.infer<typeof ProofSchema>

/** A number as a lottery publishes it. No lottery's are longer; the bound keeps out what no reader expects. */
const OfficialNumber = z.string().regex(/^\d{1,100}$/)

/** What became of a prize unit: `ticket` is null where nobody won. */
export const ResultWinnerSchema = z.strictObject({
  unit: Unit,
  official: OfficialNumber.nullable(),
  target: U32.nullable(),
  ticket: U32.nullable(),
})

/** A confirmed result of the lottery: the first, or a correction, which supersedes the one before it. */
export const ResultSchema = z.strictObject({
  attempt: U32,
  numbers: z.array(OfficialNumber).min(1),
  source: Text,
  reason: Text,
  attemptHash: Hash,
  attemptSignature: Ed25519Signature,
  winners: z.array(ResultWinnerSchema),
})
export type ProofResult = z.infer<typeof ResultSchema>

/** A proof of a raffle that an official lottery decides. It names no beacon, and has no attempt before the first result. */
export const LotteryProofSchema = z
  .strictObject({
    ...common,
    chain: z.literal(NO_CHAIN),
    round: z.literal(NO_ROUND),
    attempts: z.array(ResultSchema),
  })
  .meta({ id: 'LotteryProof' })
export type LotteryProof = z.infer<typeof LotteryProofSchema>

/** Of a raffle that a beacon draws, or of one that a lottery decides. */
export const AnyProof = z.union([LotteryProofSchema, ProofSchema]).meta({ id: 'AnyProof' })
export type AnyProof = z.infer<typeof AnyProof>

const isLotteryProof = (proof: AnyProof): proof is LotteryProof => proof.chain === NO_CHAIN

/** `/.well-known/tombola.json`: every key that the deployment ever signed with, retired ones included. */
export const KeyFileSchema = z
  .strictObject({
    keys: z.array(z.strictObject({ id: Text, algorithm: z.literal('Ed25519'), publicKey: hex(32) })),
  })
  .meta({ id: 'KeyFile' })
export type KeyFile = z.infer<typeof KeyFileSchema>

const ReceiptTicket = z.strictObject({
  number: U32,
  label: Text.optional().describe(
    'The number as people read it. Receipts from before there were lotteries have none.',
  ),
  logIndex: Size,
  unixMs: UnixMs,
  signature: Ed25519Signature,
  inclusion: z.strictObject({ size: Size, root: Hash, path: z.array(Hash) }),
})
export type ReceiptTicket = z.infer<typeof ReceiptTicket>

/** A holder's receipt of one reservation. After the freeze it contains the signed commitment. */
export const ReceiptSchema = z
  .strictObject({
    raffleId: Text,
    userId: Text,
    /** Null once the person's salt is erased. */
    salt: hex(16).nullable(),
    reservationId: Text,
    tickets: z.array(ReceiptTicket),
    commitment: z
      .strictObject({
        commitment: Hash,
        commitmentSignature: Ed25519Signature,
        committedAt: UnixMs,
        /** 0: a lottery decides. */
        round: z.union([Round, z.literal(NO_ROUND)]),
        effectiveDrawAt: UnixSeconds,
        closeReason: CloseReason,
        rulesHash: Hash,
        listHash: Hash,
        ticketCount: U32,
        log: LogHead,
      })
      .nullable(),
  })
  .meta({ id: 'Receipt' })
export type Receipt = z.infer<typeof ReceiptSchema>

export interface UnitResult {
  unit: string
  /** The attempt that decides: the last drawn one that had this unit, or the last confirmed result. */
  attempt: number
  /** Null: no eligible ticket was left. */
  ticket: number | null
}

/** The present result of every prize unit; empty until attempt 0 is drawn. */
export function unitResults(proof: AnyProof): UnitResult[] {
  if (isLotteryProof(proof)) {
    const last = proof.attempts.at(-1)
    return (last?.winners ?? []).map(({ unit, ticket }) => ({ unit, attempt: last!.attempt, ticket }))
  }
  const results = new Map<string, UnitResult>()
  for (const { attempt, units, winners } of proof.attempts) {
    if (winners === null) continue
    for (const unit of units) {
      const ticket = winners.find((winner) => winner.unit === unit)?.ticket ?? null
      results.set(unit, { unit, attempt, ticket })
    }
  }
  return [...results.values()]
}
