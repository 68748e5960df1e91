/** The shapes of capacity groups on the wire. */
import * as z from 'zod'
import { Id } from '../../core/ids.ts'
import { Page } from '../../core/paging.ts'
import { Line } from '../../core/text.ts'
import { MAX_TICKETS_A_POOL } from '../../tickets/terms.ts'

/** The most capacity groups of one event. */
export const MAX_GROUPS = 20

const fields = {
  name: Line(1, 80).describe('Only members see it.'),
  capacity: z
    .number()
    .int()
    .min(1)
    .max(MAX_TICKETS_A_POOL)
    .describe('How many tickets its ticket types may sell in all.'),
}

export const CreateCapacityGroup = z.strictObject(fields).meta({ id: 'CreateCapacityGroup' })
export type CreateCapacityGroup = z.infer<typeof CreateCapacityGroup>

export const UpdateCapacityGroup = z.strictObject(fields).partial().meta({ id: 'UpdateCapacityGroup' })
export type UpdateCapacityGroup = z.infer<typeof UpdateCapacityGroup>

export const CapacityGroup = z
  .strictObject({
    id: Id('capacityGroup'),
    eventId: Id('event'),
    name: z.string(),
    capacity: z.number().int(),
    sold: z.number().int(),
    held: z.number().int(),
    available: z.number().int(),
  })
  .meta({ id: 'CapacityGroup' })
export type CapacityGroup = z.infer<typeof CapacityGroup>

export const CapacityGroupPage = Page(CapacityGroup)
export const CapacityGroupParams = z.object({ id: Id('event'), groupId: Id('capacityGroup') })
