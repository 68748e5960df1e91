// The end of an event of a simulation: all codes that anybody was ever shown are tried at the door, one after the other.
import { env } from 'cloudflare:workers'
import { scan, showCodes } from './door-moves.ts'
import { allSold, type Event } from './event-stage.ts'
import { readReservations } from './pool-history.ts'
import type { World } from './world.ts'

/** Each valid ticket has one code, which lets in unless somebody is in with it. No other code lets in. */
export async function callTheRoll(world: World, event: Event): Promise<void> {
  const valid = await validTickets(event)
  const shown: string[] = []
  for (const sold of await allSold(world, event)) {
    const codes = await showCodes(world, event, sold)
    shown.push(...codes.map((code) => `${sold.type.id} ${code.number}`))
  }
  const tickets = [...valid.values()].map(({ ticket }) => ticket)
  if (!event.isCancelled && shown.sort().join() !== tickets.sort().join())
    world.wrong.push(`the holders have codes of ${shown.join(', ')}, and valid are ${tickets.join(', ')}`)
  const inside = await whoIsIn(event)
  for (const code of event.codes.values()) {
    const found = event.isCancelled ? undefined : valid.get(`${code.reservationId} ${code.number}`)
    const right = found === undefined ? 'invalid_state' : inside.has(found.key) ? 'conflict' : 'let in'
    if (found !== undefined) inside.add(found.key)
    const { status, body } = await scan(world, event, code, world.newKey())
    const answer: string = status === 201 ? 'let in' : body.code
    world.count(`roll call: ${answer}`)
    if (answer !== right)
      world.wrong.push(
        `the code of ${code.reservationId} ${code.number} was answered ${answer}, not ${right}`,
      )
  }
}

interface Valid {
  /** Whoever has it. */
  ticket: string
  /** The ticket as check-ins name it. */
  key: string
}

async function validTickets({ types }: Event): Promise<Map<string, Valid>> {
  const valid = new Map<string, Valid>()
  for (const type of types)
    for (const { id, state, numbers, firstSeq } of await readReservations(type.id))
      for (const number of state === 'sold' ? numbers : []) {
        const ticket = `${type.id} ${number}`
        valid.set(`${id} ${number}`, { ticket, key: `${type.id} ${number} ${firstSeq}` })
      }
  return valid
}

async function whoIsIn({ id }: Event): Promise<Set<string>> {
  const { results } = await env.DB.prepare(
    `SELECT ticket_type_id || ' ' || number || ' ' || first_seq AS key FROM check_ins
     WHERE event_id = ? AND undone_at IS NULL AND conflict_with IS NULL`,
  )
    .bind(id)
    .all<{ key: string }>()
  return new Set(results.map(({ key }) => key))
}
