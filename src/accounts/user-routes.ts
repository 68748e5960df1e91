/** Routes under /api/v1/users: the user's own account, and all users for admins. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { ListUsers, SetUserStatus, UpdateUser, User, UserPage, UserParams } from './contract.ts'
import { BODIES, EXAMPLE_USER } from './examples.ts'
import { listUsers } from './list-users.ts'
import { readUser } from './read-user.ts'
import { type AfterSuspended, setUserStatus } from './set-user-status.ts'
import { updateUser } from './update-user.ts'

const TAG = 'Users'

/** `afterSuspended` is work of a higher layer. */
export const userRoutes = ({ afterSuspended }: { afterSuspended: AfterSuspended }) =>
  new Hono<AppEnv>()
    .get(
      '/me',
      describe({
        operation: 'readMyAccount',
        summary: 'Read your account',
        tag: TAG,
        auth: 'user',
        success: { status: 200, schema: User, example: EXAMPLE_USER, description: 'Your account.' },
      }),
      async (c) => c.json(await readUser(c.get('ctx'))),
    )
    .put(
      '/me',
      describe({
        operation: 'updateMyAccount',
        summary: 'Update your account',
        description: 'Fields that are left out keep their values.',
        tag: TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: User,
          example: EXAMPLE_USER,
          description: 'Your updated account.',
        },
        errors: [...BODY_ERRORS, 'not_found'],
      }),
      validate('json', UpdateUser, BODIES.UpdateUser),
      async (c) => c.json(await updateUser(c.get('ctx'), c.req.valid('json'))),
    )
    .get(
      '/',
      describe({
        operation: 'listUsers',
        summary: 'List users',
        description: 'For admins. Newest first.',
        tag: TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: UserPage,
          example: { data: [EXAMPLE_USER], nextCursor: null },
          description: 'One page of users.',
        },
        errors: [...PAGE_ERRORS, 'forbidden'],
      }),
      validate('query', ListUsers),
      async (c) => c.json(await listUsers(c.get('ctx'), c.req.valid('query'))),
    )
    .put(
      '/:id/status',
      describe({
        operation: 'setUserStatus',
        summary: 'Suspend or reactivate a user',
        description:
          'For admins. A suspension ends every session of the user and every open invitation that the user sent, at once. It cancels the user’s unpaid orders. The user’s tickets of raffles that are not frozen are voided and refunded within minutes, as are entries that orders earned. Tickets of frozen raffles stay in the list. Products stay ordered. A reactivation restores nothing.',
        tag: TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: User,
          example: { ...EXAMPLE_USER, status: 'suspended' },
          description: 'The updated user.',
        },
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
      }),
      validate('param', UserParams),
      validate('json', SetUserStatus, BODIES.SetUserStatus),
      async (c) =>
        c.json(
          await setUserStatus(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'), afterSuspended),
        ),
    )
