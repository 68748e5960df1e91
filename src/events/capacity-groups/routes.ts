/** Routes under /api/v1/events/{id}/capacity-groups: what several ticket types of an event share. */
import { Hono } from 'hono'
import type { AppEnv } from '../../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../../core/openapi.ts'
import { PageQuery } from '../../core/paging.ts'
import { validate } from '../../core/validation.ts'
import { EventParams } from '../contract.ts'
import {
  CapacityGroup,
  CapacityGroupPage,
  CapacityGroupParams,
  CreateCapacityGroup,
  UpdateCapacityGroup,
} from './contract.ts'
import { createCapacityGroup } from './create-group.ts'
import { deleteCapacityGroup } from './delete-group.ts'
import { BODIES, EXAMPLE_CAPACITY_GROUP } from './examples.ts'
import { listCapacityGroups } from './read-groups.ts'
import { updateCapacityGroup } from './update-group.ts'

const TAG = 'Events'

const theGroup = (description: string) => ({
  status: 200 as const,
  schema: CapacityGroup,
  example: EXAMPLE_CAPACITY_GROUP,
  description,
})

export const capacityGroups = new Hono<AppEnv>()
  .get(
    '/:id/capacity-groups',
    describe({
      operation: 'listCapacityGroups',
      summary: 'List the capacity groups of an event',
      description: 'The oldest first, for members who may edit the event. The counts are of a moment ago.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: CapacityGroupPage,
        example: { data: [EXAMPLE_CAPACITY_GROUP], nextCursor: null },
        description: 'One page of capacity groups.',
      },
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', EventParams),
    validate('query', PageQuery),
    async (c) =>
      c.json(await listCapacityGroups(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .post(
    '/:id/capacity-groups',
    describe({
      operation: 'createCapacityGroup',
      summary: 'Add a capacity group',
      description:
        'What several ticket types share, such as the places of a venue. Ticket types name it by `capacityGroupId`. Together they never sell more than its capacity.',
      tag: TAG,
      auth: 'user',
      success: { ...theGroup('The new capacity group.'), status: 201 },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict', 'limit_reached'],
    }),
    validate('param', EventParams),
    validate('json', CreateCapacityGroup, BODIES.CreateCapacityGroup),
    async (c) => {
      const { id } = c.req.valid('param')
      const group = await createCapacityGroup(c.get('ctx'), id, c.req.valid('json'))
      c.header('location', `/api/v1/events/${id}/capacity-groups`)
      return c.json(group, 201)
    },
  )
  .put(
    '/:id/capacity-groups/:groupId',
    describe({
      operation: 'updateCapacityGroup',
      summary: 'Change a capacity group',
      description:
        'Fields that are left out keep their values. The capacity can be raised at any time, and lowered to the number of seats that are held or sold.',
      tag: TAG,
      auth: 'user',
      success: theGroup('The changed capacity group.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', CapacityGroupParams),
    validate('json', UpdateCapacityGroup, BODIES.UpdateCapacityGroup),
    async (c) => {
      const { id, groupId } = c.req.valid('param')
      return c.json(await updateCapacityGroup(c.get('ctx'), id, groupId, c.req.valid('json')))
    },
  )
  .delete(
    '/:id/capacity-groups/:groupId',
    describe({
      operation: 'deleteCapacityGroup',
      summary: 'Delete a capacity group',
      description: 'Only while no ticket type is in it.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Deleted.' },
      errors: ['forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', CapacityGroupParams),
    async (c) => {
      const { id, groupId } = c.req.valid('param')
      await deleteCapacityGroup(c.get('ctx'), id, groupId)
      return c.body(null, 204)
    },
  )
