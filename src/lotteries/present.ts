/** Lotteries and their results in their wire shape. */
import { toInstant, toInstantOrNull } from '../core/time.ts'
import type { Lottery, LotteryResult } from './contract.ts'
import type { LotteryDrawRow, LotteryRecordRow, LotteryResultRow, LotteryRow } from './schema.ts'

export function presentLottery(row: LotteryRow): Lottery {
  const { revision: _, resultsUrlBy: __, nextDate, nextDrawAt, createdAt, updatedAt, ...shown } = row
  return {
    ...shown,
    nextDraw: nextDate === null ? null : { date: nextDate, drawAt: toInstant(nextDrawAt!) },
    createdAt: toInstant(createdAt),
    updatedAt: toInstant(updatedAt),
  }
}

export interface FoundResult {
  draw: LotteryDrawRow
  /** The first one first. */
  results: readonly LotteryResultRow[]
  /** Null: the reader may not see them. */
  records: readonly LotteryRecordRow[] | null
}

export function presentResult({ draw, results, records }: FoundResult): LotteryResult {
  const current = results.at(-1)
  return {
    lotteryId: draw.lotteryId,
    date: draw.date,
    drawAt: toInstant(draw.drawAt),
    status: statusOf(draw),
    numbers: current?.numbers ?? null,
    source: current?.source ?? null,
    confirmedAt: toInstantOrNull(current?.confirmedAt),
    revisions: results.map(({ revision, numbers, source, reason, confirmedAt }) => ({
      revision,
      numbers,
      source,
      reason,
      confirmedAt: toInstant(confirmedAt),
    })),
    // The public sees it once two people say so.
    skipReason: records === null && draw.skipConfirmedBy === null ? null : draw.skipReason,
    records: records?.map(presentRecord) ?? null,
    attention: records === null ? null : draw.attention,
    nextFetchAt: records === null ? null : toInstantOrNull(draw.dueAt),
    fetchProblem: records === null ? null : draw.fetchProblem,
  }
}

function statusOf({ results, attention, skipConfirmedBy }: LotteryDrawRow): LotteryResult['status'] {
  if (results > 0) return 'confirmed'
  if (attention === 'conflict') return 'conflicting'
  if (attention === 'unconfirmed') return 'unconfirmed'
  return skipConfirmedBy === null ? 'awaited' : 'skipped'
}

function presentRecord(record: LotteryRecordRow): NonNullable<LotteryResult['records']>[number] {
  const { lotteryId: _, date: __, recordedAt, decidedAt, ...shown } = record
  return { ...shown, recordedAt: toInstant(recordedAt), decidedAt: toInstantOrNull(decidedAt) }
}
