/** Everything needed to check a draw: the proof from D1, and list and log, streamed from the pool in slices. */
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { type FoundRaffle, findPublishedRaffle, type PoolRow } from '../raffles/find-raffle.ts'
import { LIST_CSV_HEADER } from '../rdp1/list.ts'
import { LOG_CSV_HEADER } from '../rdp1/log.ts'
import { NO_CHAIN, NO_ROUND } from '../rdp1/lot1.ts'
import type { AnyProof } from '../rdp1/proof.ts'
import { askPool } from '../tickets/client.ts'
import { type AnyAttempt, type Attempt, type FileSlice, isResult } from '../tickets/pool-contract.ts'
import { asRaffleTerms } from '../tickets/terms.ts'
import { readAttempts } from './advance-raffle.ts'

/** Throws `not_found` before the commitment. */
export async function readProof(ctx: Ctx, raffleId: string): Promise<AnyProof> {
  const { pool, commitment } = await findCommitted(ctx, raffleId)
  const { cancellation } = pool
  const attempts = await readAttempts(ctx, pool.pool)
  const head = {
    protocol: 'rdp1' as const,
    raffleId,
    rules: asRaffleTerms(pool.terms).rules,
    rulesHash: commitment.rulesHash,
    log: commitment.log,
    listHash: commitment.listHash,
    ticketCount: commitment.ticketCount,
    closeReason: commitment.closeReason,
    effectiveDrawAt: commitment.effectiveDrawAt,
    committedAt: commitment.committedAt,
    commitment: commitment.commitment,
    commitmentSignature: commitment.commitmentSignature,
    cancellation:
      cancellation === null || cancellation.signature === null
        ? null
        : { at: cancellation.at, reason: cancellation.reason, signature: cancellation.signature },
  }
  const { chain, round } = commitment
  return chain === NO_CHAIN
    ? { ...head, chain, round: NO_ROUND, attempts: attempts.filter(isResult) }
    : { ...head, chain, round, attempts: attempts.filter(isOfBeacon) }
}

const isOfBeacon = (attempt: AnyAttempt): attempt is Attempt => !isResult(attempt)

export type ProofFile = 'list' | 'log'

/** The whole file as a stream: one slice is in memory at a time, however many tickets there are. */
export async function streamProofFile(
  ctx: Ctx,
  raffleId: string,
  file: ProofFile,
): Promise<ReadableStream<Uint8Array>> {
  const { pool } = await findCommitted(ctx, raffleId)
  const header = new TextEncoder().encode(file === 'list' ? LIST_CSV_HEADER : LOG_CSV_HEADER)
  let next: number | null = 0
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(header)
    },
    async pull(controller) {
      const from = next
      const slice: FileSlice | null =
        from === null ? null : await askPool(ctx, pool.pool, (stub) => sliceOf(stub, file, from))
      if (slice === null) return controller.close()
      next = slice.next
      if (slice.rows.byteLength > 0) controller.enqueue(slice.rows)
      if (next === null) controller.close()
    },
  })
}

type PoolStub = Parameters<Parameters<typeof askPool>[2]>[0]

const sliceOf = (stub: PoolStub, file: ProofFile, from: number): Promise<FileSlice | null> =>
  file === 'list' ? stub.listSlice(from) : stub.logSlice(from)

async function findCommitted(
  ctx: Ctx,
  raffleId: string,
): Promise<FoundRaffle & { pool: PoolRow; commitment: NonNullable<PoolRow['commitment']> }> {
  const found = await findPublishedRaffle(ctx, raffleId)
  const { commitment, cancellation } = found.pool
  if (commitment === null) {
    throw notFound(
      cancellation === null
        ? 'proof yet: this raffle is not committed'
        : 'proof: this raffle was cancelled before it was committed',
    )
  }
  return { ...found, commitment }
}
