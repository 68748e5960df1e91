/** Routes under /api/v1/tickets with which a holder gives an admission to somebody else. */
import { Hono } from 'hono'
import type { AppEnv } from '../../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../../core/openapi.ts'
import { actorKey, rateLimit } from '../../core/rate-limit.ts'
import { validate } from '../../core/validation.ts'
import { AdmissionParams } from '../contract.ts'
import { acceptOffer, cancelOffer, declineOffer } from './answer-offer.ts'
import {
  BODIES,
  EXAMPLE_TRANSFER,
  ListTransfers,
  OfferTicket,
  TicketTransfer,
  TicketTransferPage,
  TransferParams,
} from './contract.ts'
import { listTransfers } from './find-transfers.ts'
import { offerTicket } from './offer-ticket.ts'

const TAG = 'Tickets'

export const transfers = new Hono<AppEnv>()
  .get(
    '/transfers',
    describe({
      operation: 'listTicketTransfers',
      summary: 'List offers of tickets',
      description: 'Newest first. Offers to your address need a verified address.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: TicketTransferPage,
        example: { data: [EXAMPLE_TRANSFER], nextCursor: null },
        description: 'One page of offers.',
      },
      errors: [...PAGE_ERRORS, 'forbidden'],
    }),
    validate('query', ListTransfers),
    async (c) => c.json(await listTransfers(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/transfers/:id/accept',
    describe({
      operation: 'acceptTicketTransfer',
      summary: 'Accept a ticket',
      description:
        'Needs a verified address, which must be the one that the ticket is offered to. The ticket becomes a reservation of yours with a new code, and the old code dies. A repeat changes nothing.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: TicketTransfer,
        example: { ...EXAMPLE_TRANSFER, state: 'accepted', email: null },
        description: 'The transfer, with your new reservation.',
      },
      errors: ['forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', TransferParams),
    async (c) => c.json(await acceptOffer(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/transfers/:id/decline',
    describe({
      operation: 'declineTicketTransfer',
      summary: 'Decline a ticket',
      description: 'Needs a verified address, which is deleted from the offer. A repeat changes nothing.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'The offer is declined.' },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', TransferParams),
    async (c) => {
      await declineOffer(c.get('ctx'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
  .post(
    '/transfers/:id/cancel',
    describe({
      operation: 'cancelTicketTransfer',
      summary: 'Cancel my offer of a ticket',
      description: 'Possible until it is accepted. A repeat changes nothing.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'The offer is cancelled.' },
      errors: ['not_found', 'invalid_state'],
    }),
    validate('param', TransferParams),
    async (c) => {
      await cancelOffer(c.get('ctx'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
  .post(
    '/:id/admissions/:number/transfer',
    describe({
      operation: 'offerTicket',
      isDiscreet: true,
      summary: 'Offer a ticket to somebody else',
      description:
        'Sends a mail to the address. The answer does not tell whether a user has it. Whoever has the address as a verified one can accept for seven days, but not once the event has begun. Until then the ticket stays yours. A ticket can be given away once, if the event allows it. It still counts for your own limit, and a refund still goes to whoever paid. At most 20 offers a day, and 10 open ones to one address. Needs a verified address of your own.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: TicketTransfer,
        example: EXAMPLE_TRANSFER,
        description: 'The open offer. A mail is on its way.',
      },
      limits: ['RATE_SIGN_IN'],
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict', 'limit_reached'],
    }),
    rateLimit('RATE_SIGN_IN', (c) => `transfer:${actorKey(c)}`),
    validate('param', AdmissionParams),
    validate('json', OfferTicket, BODIES.OfferTicket),
    async (c) => {
      const { id, number } = c.req.valid('param')
      const offer = await offerTicket(c.get('ctx'), id, number, c.req.valid('json').email)
      c.header('location', '/api/v1/tickets/transfers?direction=out')
      return c.json(offer, 201)
    },
  )
