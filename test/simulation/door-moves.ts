// What happens at the door of an event: scans, also of old codes, scanners that were offline, mistakes that are undone.
import { iso, MINUTE } from '../raffles/scenario.ts'
import {
  type ChooseOf,
  type Code,
  type Event,
  outcome,
  pickSold,
  type Scan,
  type Sold,
} from './event-stage.ts'
import { times } from './step.ts'
import type { World } from './world.ts'

/** The codes of a reservation, as its holder sees them. They are remembered: others may try them later. */
export async function showCodes(
  world: World,
  event: Event,
  { person, reservationId: id }: Pick<Sold, 'person' | 'reservationId'>,
): Promise<Code[]> {
  const { status, body } = await world.call(person, 'GET', `/tickets/${id}/admissions?limit=20`)
  if (status !== 200) return []
  const shown: Code[] = body.data.filter(({ code }: { code: string | null }) => code !== null)
  for (const { code, reservationId, number } of shown) event.codes.set(code, { code, reservationId, number })
  return shown
}

/** Sends a scan. `DB`: what the gate reads and writes instead of the database. */
export async function scan(world: World, event: Event, code: Code, scanId: string, DB?: D1Database) {
  const body = { code: code.code, gate: scanId.endsWith('1') ? 'North' : null, scanId }
  const path = `/events/${event.id}/check-ins`
  const answer = await world.call(world.operator, 'POST', path, body, { DB })
  world.note(`  scanned ${code.number} → ${outcome(answer)}`)
  const checkInId = answer.status === 201 ? answer.body.id : null
  if (answer.status === 201) world.count('let in')
  if (answer.body.code === 'conflict') world.count('refused: is in already')
  if (answer.body.code === 'invalid_state') world.count('refused: no longer valid')
  event.scans.push({ scanId, code, checkInId })
  return answer
}

/** One of the codes that anybody was ever shown. */
const oldCode = ({ codes }: Event, place: number): Code | undefined => [...codes.values()][place % codes.size]

async function newCode(world: World, event: Event, place: number): Promise<Code | undefined> {
  const sold = await pickSold(world, event, place)
  const shown = sold === undefined ? [] : await showCodes(world, event, sold)
  return shown[place % shown.length]
}

/** Shows a ticket at one gate or at two, or somebody tries a code that was shown before. */
export const scans: ChooseOf = (world, event) => {
  const place = world.below(60)
  const isOld = world.chance(30)
  const scanIds = [world.newKey(), world.newKey()].slice(0, 1 + world.below(2))
  return {
    says: `show ${isOld ? 'an old code' : 'a ticket'} at ${scanIds.length} gates`,
    run: async () => {
      const code = isOld ? oldCode(event, place) : await newCode(world, event, place)
      if (code === undefined) return
      await Promise.all(scanIds.map((scanId) => scan(world, event, code, scanId)))
    },
  }
}

/** A scan is sent again by its name. Its answer stays the same until its check-in is undone. */
export const scansAgain: ChooseOf = (world, event) => {
  const back = world.below(6)
  return {
    says: 'send a scan again',
    run: async () => {
      const earlier = event.scans.filter(({ checkInId }) => checkInId !== null).at(-1 - back)
      if (earlier === undefined || earlier.checkInId === null) return
      const { scanId, code, checkInId } = earlier
      const { status, body } = await world.call(world.operator, 'POST', `/events/${event.id}/check-ins`, {
        code: code.code,
        scanId,
      })
      world.note(`  again → ${status} ${body.code ?? ''}`)
      if (status === 201) world.count('scan repeated')
      const isUndone = event.undone.has(checkInId) || event.isCancelled
      const isRight = status === 201 ? body.id === checkInId : isUndone && body.code === 'invalid_state'
      if (!isRight) world.wrong.push(`scan ${scanId} made ${checkInId}, and its repeat ${status} ${body.id}`)
    },
  }
}

interface LateResult {
  scanId: string
  result: 'admitted' | 'alreadyIn' | 'refused'
  checkInId: string | null
  first: { id: string } | null
  reason: string | null
}

/** A scanner that was offline has let everybody in, some twice. Its batch may be sent twice. */
export const sendsLate: ChooseOf = (world, event) => {
  const places = Array.from({ length: 2 + world.below(4) }, () => world.below(60))
  const names = places.map(() => world.newKey())
  const minutes = world.below(90) - 10
  const count = 1 + world.below(2)
  return {
    says: `a scanner sends ${places.length} late scans ×${count}`,
    run: async () => {
      for (const place of places.slice(0, 2)) await newCode(world, event, place)
      const sent: Scan[] = places.flatMap((place, at) => {
        const code = oldCode(event, place)
        return code === undefined ? [] : [{ scanId: names[at]!, code, checkInId: null }]
      })
      if (sent.length === 0) return
      const scannedAt = iso(Date.now() - minutes * MINUTE)
      const late = sent.map(({ scanId, code }) => ({ scanId, code: code.code, gate: 'South', scannedAt }))
      const path = `/events/${event.id}/check-ins/batch`
      await times(count, async () => {
        const { status, body } = await world.call(world.operator, 'POST', path, { scans: late })
        if (status !== 200) return void world.wrong.push(`late scans were answered ${status}`)
        world.note(`  late → ${body.results.map(({ result }: LateResult) => result).join(', ')}`)
        for (const each of body.results as LateResult[]) noteLate(world, each)
        for (const [at, each] of sent.entries()) each.checkInId = admittedId(body.results[at])
      })
      event.scans.push(...sent)
    },
  }
}

const admittedId = ({ result, checkInId }: LateResult) => (result === 'admitted' ? checkInId : null)

/** Whoever is inside is written down, whatever the ticket is worth. */
function noteLate(world: World, { scanId, result, checkInId, first, reason }: LateResult): void {
  world.count(`late scan: ${result}`)
  const isKept = checkInId !== null && (result !== 'alreadyIn' || first !== null)
  const isOver = result === 'refused' && /cancelled/.test(reason ?? '')
  if (!isKept && !isOver) world.wrong.push(`late scan ${scanId} is ${result}, and nothing is kept: ${reason}`)
}

export const undoes: ChooseOf = (world, event) => {
  const back = world.below(5)
  const count = 1 + world.below(2)
  return {
    says: `undo a check-in ×${count}`,
    run: async () => {
      const id = recentIn(event)[back]
      if (id === undefined) return
      const path = `/events/${event.id}/check-ins/${id}/undo`
      const wasUndone = event.undone.has(id)
      let undone = 0
      await times(count, async () => {
        const answer = await world.call(world.operator, 'POST', path, { reason: 'The wrong ticket.' })
        world.note(`  undone → ${outcome(answer)}`)
        if (answer.status === 200) undone++
      })
      if (undone > (wasUndone ? 0 : 1)) world.wrong.push(`check-in ${id} was undone again`)
      if (undone > 0) world.count('undone')
      if (undone > 0) event.undone.add(id)
    },
  }
}

/** Check-ins, the latest first. */
const recentIn = ({ scans: sent }: Event): string[] =>
  sent.flatMap(({ checkInId }) => checkInId ?? []).reverse()
