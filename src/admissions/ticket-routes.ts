/** Routes under /api/v1/tickets that show the caller's tickets, and the admissions among them. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { validate } from '../core/validation.ts'
import { ReservationParams } from '../tickets/contract.ts'
import { Admission, AdmissionPage, AdmissionParams, MyReservationPage, SetAttendee } from './contract.ts'
import { drawQr } from './draw-qr.ts'
import { BODIES, EXAMPLE_ADMISSION, EXAMPLE_MY_RESERVATION } from './examples.ts'
import { listTickets } from './list-tickets.ts'
import { listAdmissions } from './own-admissions.ts'
import { setAttendee } from './set-attendee.ts'

const TAG = 'Tickets'

export const ownTickets = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listTickets',
      summary: 'List my tickets',
      description:
        'Newest first, one row for each reservation, of raffles and of events. While sales come fast, a purchase can take a second to appear here; `GET /tickets/{id}` has it at once.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: MyReservationPage,
        example: { data: [EXAMPLE_MY_RESERVATION], nextCursor: null },
        description: 'One page of your reservations.',
      },
      errors: PAGE_ERRORS,
    }),
    validate('query', PageQuery),
    async (c) => c.json(await listTickets(c.get('ctx'), c.req.valid('query'))),
  )
  .get(
    '/:id/admissions',
    describe({
      operation: 'listAdmissions',
      summary: 'List the admissions of one of my reservations',
      description:
        'For the holder alone. Each ticket of an event has a code, which lets one person in. Show it as a QR: `…/admissions/{number}/qr.svg`.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: AdmissionPage,
        example: { data: [EXAMPLE_ADMISSION], nextCursor: null },
        description: 'One page of admissions, by number.',
      },
      errors: [...PAGE_ERRORS, 'not_found'],
    }),
    validate('param', ReservationParams),
    validate('query', PageQuery),
    async (c) => c.json(await listAdmissions(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .put(
    '/:id/admissions/:number',
    describe({
      operation: 'setAttendee',
      summary: 'Say who comes with my ticket',
      description:
        'For events whose `attendeeNames` is `required`: the ticket has a code from then on. The name can change until the ticket is checked in.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Admission,
        example: EXAMPLE_ADMISSION,
        description: 'The admission with its name.',
      },
      errors: [...BODY_ERRORS, 'not_found', 'invalid_state'],
    }),
    validate('param', AdmissionParams),
    validate('json', SetAttendee, BODIES.SetAttendee),
    async (c) => {
      const { id, number } = c.req.valid('param')
      return c.json(await setAttendee(c.get('ctx'), id, number, c.req.valid('json').attendeeName))
    },
  )
  .get(
    '/:id/admissions/:number/qr.svg',
    describe({
      operation: 'drawTicketCode',
      summary: 'Draw the QR of my ticket',
      description: 'For the holder alone. It carries the `code` of the admission.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        media: 'image/svg+xml',
        example: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 49 49"></svg>',
        description: 'The QR, black on white.',
      },
      errors: ['not_found', 'invalid_state'],
    }),
    validate('param', AdmissionParams),
    async (c) => {
      const { id, number } = c.req.valid('param')
      return c.body(await drawQr(c.get('ctx'), id, number), 200, { 'content-type': 'image/svg+xml' })
    },
  )
