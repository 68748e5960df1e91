/** Lets a person in: one scan at once, or those of a scanner that was offline. */
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { toInstant, toWallClock } from '../core/time.ts'
import { findEventFor } from '../events/find-event.ts'
import type { CheckIn, CheckInBatch, CreateCheckIn, ScanResults } from './contract.ts'
import { presentCheckIn } from './present.ts'
import type { First } from './scan-facts.ts'
import { asProblem, type Taken, takeScans } from './take-scans.ts'

export async function checkIn(
  ctx: Ctx,
  eventId: string,
  { code, gate, scanId, scannedAt = ctx.now }: CreateCheckIn,
): Promise<CheckIn> {
  const event = await findEventFor(ctx, eventId, 'check_ins:write')
  const [taken] = await takeScans(ctx, event, [{ code, gate, scanId: scanId ?? null, scannedAt }], {
    keepsLost: false,
  })
  switch (taken!.result) {
    case 'admitted':
      return presentCheckIn(taken!)
    case 'alreadyIn':
      throw new Problem('conflict', whenAndWhere(taken!.first, event.timeZone))
    case 'refused':
      throw asProblem(taken!)
  }
}

const whenAndWhere = ({ scannedAt, gate }: First, timeZone: string): string =>
  `This ticket was used already, on ${toWallClock(scannedAt, timeZone)}${gate === null ? '' : ` at the gate “${gate}”`}.`

/** Each scan gets its own answer, so that one bad code holds up no other. */
export async function checkInLate(ctx: Ctx, eventId: string, { scans }: CheckInBatch): Promise<ScanResults> {
  const event = await findEventFor(ctx, eventId, 'check_ins:write')
  const taken = await takeScans(ctx, event, scans, { keepsLost: true })
  return { results: taken.map((each, at) => ({ scanId: scans[at]!.scanId, ...resultOf(each) })) }
}

function resultOf(taken: Taken): Omit<ScanResults['results'][number], 'scanId'> {
  const { result } = taken
  switch (result) {
    case 'admitted':
      return { result, checkInId: taken.checkIn.id, first: null, reason: null }
    case 'alreadyIn': {
      const { id, scannedAt, gate } = taken.first
      const first = { id, scannedAt: toInstant(scannedAt), gate }
      return { result, checkInId: taken.kept?.id ?? null, first, reason: null }
    }
    case 'refused':
      return { result, checkInId: taken.kept?.id ?? null, first: null, reason: taken.reason }
  }
}
