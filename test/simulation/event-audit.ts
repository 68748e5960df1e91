// The audit of a simulation's event: what its pools have written about themselves, and what the people of the event were told.
import { catchUp } from '../raffles/scenario.ts'
import { auditDoor } from './door-invariants.ts'
import type { Event } from './event-stage.ts'
import { auditGifts } from './gift-invariants.ts'
import { auditGroup } from './group-invariants.ts'
import { type History, readHistory } from './pool-history.ts'
import { auditWaiting } from './waiting-invariants.ts'
import type { World } from './world.ts'

/** Returns a sentence for each violation. `settled`: as in `audit`, and the alarms of the pools have rung. */
export async function auditEvent(world: World, event: Event, settled: boolean): Promise<string[]> {
  const histories = new Map<string, History>()
  // The pools have changed meanwhile: an alarm may ring, or a sale may be gathered.
  await Promise.all([...event.types, event.group].map(({ id }) => catchUp(id)))
  for (const { id } of event.types) histories.set(id, await readHistory(id))
  return [
    ...(await auditWaiting(event, histories, settled)),
    ...(await auditGroup(event, histories)),
    ...(await auditGifts(event, histories)),
    ...(await auditDoor(world, event, histories)),
  ]
}
