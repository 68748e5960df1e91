// The simulation of an event finds each bug that is planted into waiting lists, doors, shared capacities and gifts.
import { PLANTED_EVENT_BUGS } from '../harness/planted-event-bugs.ts'
import { simulationFinds } from './planted.ts'
import { eventOnly } from './simulation.ts'

simulationFinds(PLANTED_EVENT_BUGS, () => eventOnly, {})
