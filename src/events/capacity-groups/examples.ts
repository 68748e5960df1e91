/** Examples of capacity groups for the API document. */
import { EXAMPLE_TICKET_TYPE } from '../examples.ts'

export const EXAMPLE_CAPACITY_GROUP = {
  id: 'cgroup_01kaf1q7v8fmk9m2q0c8w1g6ne',
  eventId: EXAMPLE_TICKET_TYPE.eventId,
  name: 'The hall',
  capacity: 300,
  sold: 40,
  held: 2,
  available: 258,
}

/** Request bodies, by schema name. */
export const BODIES = {
  CreateCapacityGroup: { name: EXAMPLE_CAPACITY_GROUP.name, capacity: EXAMPLE_CAPACITY_GROUP.capacity },
  UpdateCapacityGroup: { capacity: 320 },
}
