/** Routes of winners and their prizes, under /winners: claims, deliveries, disqualifications. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { Reason } from '../core/text.ts'
import { validate } from '../core/validation.ts'
import { claimWinner, declineWinner } from './claim-winner.ts'
import { confirmDisqualification } from './confirm-disqualification.ts'
import {
  Claim,
  ClaimPrize,
  ConfirmDisqualification,
  DeliverPrize,
  ListWinners,
  Winner,
  WinnerPage,
  WinnerParams,
} from './contract.ts'
import { BODIES, EXAMPLE_CLAIM, EXAMPLE_PROPOSED_WINNER, EXAMPLE_WINNER } from './examples.ts'
import { listWinners } from './list-winners.ts'
import { deliverPrize, readClaim } from './manage-winner.ts'
import { proposeDisqualification } from './propose-disqualification.ts'
import { withdrawDisqualification } from './withdraw-disqualification.ts'

const TAG = 'Draws'

export const winners = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listWinners',
      summary: 'List winners',
      description:
        'Winners of all raffles from the last seven days, or from `since` on. `mine` lists only your own. `needs=decision` lists those whom somebody proposed to disqualify, if you manage the winners of their organisation.',
      tag: TAG,
      auth: 'optional',
      success: {
        status: 200,
        schema: WinnerPage,
        example: { data: [EXAMPLE_WINNER], nextCursor: null },
        description: 'The newest first.',
      },
      errors: [...PAGE_ERRORS, 'forbidden'],
    }),
    validate('query', ListWinners),
    cachedForASecond,
    async (c) => c.json(await listWinners(c.get('ctx'), c.req.valid('query'))),
  )
  .get(
    '/:id/claim',
    describe({
      operation: 'readClaim',
      summary: 'Read a claim',
      description: 'For the organisation that delivers.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Claim,
        example: EXAMPLE_CLAIM,
        description: 'The winner and the address.',
      },
      errors: ['not_found', 'forbidden'],
    }),
    validate('param', WinnerParams),
    async (c) => c.json(await readClaim(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/claim',
    describe({
      operation: 'claimPrize',
      summary: 'Claim my prize',
      description:
        'An item needs an address, money needs a payout method. Claim again to correct the address until the prize is delivered, or to redirect the payout before it is sent or after it failed. Members of the organisation cannot claim unless the raffle has `staffMayEnter`. Refused while the organisation reviews the prize; the refusal says until when.',
      tag: TAG,
      auth: 'user',
      success: { status: 200, schema: Claim, example: EXAMPLE_CLAIM, description: 'The claim.' },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', WinnerParams),
    validate('json', ClaimPrize, BODIES.ClaimPrize),
    async (c) => c.json(await claimWinner(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .post(
    '/:id/decline',
    describe({
      operation: 'declinePrize',
      summary: 'Decline my prize',
      description: 'It is drawn again if the rules say so. Refused while the organisation reviews the prize.',
      tag: TAG,
      auth: 'user',
      success: { status: 200, schema: Winner, example: EXAMPLE_WINNER, description: 'The declined prize.' },
      errors: ['not_found', 'invalid_state'],
    }),
    validate('param', WinnerParams),
    async (c) => c.json(await declineWinner(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/disqualify',
    describe({
      operation: 'proposeDisqualification',
      summary: 'Propose to disqualify a winner',
      description:
        'A second person must confirm it. Until then, for three days at most, the prize can be neither claimed nor paid nor delivered, and the winner gets that time on top. Each person proposes once for a winner. Who holds tickets of the raffle cannot propose, confirm or withdraw.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Winner,
        example: EXAMPLE_PROPOSED_WINNER,
        description: 'The winner, with the proposal that waits.',
      },
      errors: [...BODY_ERRORS, 'not_found', 'forbidden', 'invalid_state', 'limit_reached'],
    }),
    validate('param', WinnerParams),
    validate('json', Reason, BODIES.Reason),
    async (c) =>
      c.json(
        await proposeDisqualification(c.get('ctx'), c.req.valid('param').id, c.req.valid('json').reason),
      ),
  )
  .post(
    '/:id/disqualify/confirm',
    describe({
      operation: 'confirmDisqualification',
      summary: 'Confirm a disqualification',
      description:
        'The reason is published, the payout is cancelled, and the prize is drawn again if the rules allow another redraw. For an admin, or for a member of long standing who is not the proposer; neither of the two may have brought the other into the organisation, directly or through others.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Winner,
        example: { ...EXAMPLE_WINNER, status: 'disqualified', reason: BODIES.Reason.reason },
        description: 'The disqualified winner.',
      },
      errors: [...BODY_ERRORS, 'not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', WinnerParams),
    validate('json', ConfirmDisqualification, BODIES.ConfirmDisqualification),
    async (c) =>
      c.json(await confirmDisqualification(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .post(
    '/:id/disqualify/withdraw',
    describe({
      operation: 'withdrawDisqualification',
      summary: 'Withdraw a proposed disqualification',
      description:
        'Its proposer or any other member who manages winners. The prize can be claimed and paid again.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Winner,
        example: { ...EXAMPLE_WINNER, claimBy: EXAMPLE_PROPOSED_WINNER.claimBy },
        description: 'The winner, who keeps the prize and the longer time to claim it.',
      },
      errors: ['not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', WinnerParams),
    async (c) => c.json(await withdrawDisqualification(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/deliver',
    describe({
      operation: 'deliverPrize',
      summary: 'Mark a claimed prize as delivered',
      description:
        'With the `updatedAt` of the claim that you read, it is refused if the winner has corrected the address since.',
      tag: TAG,
      auth: 'user',
      success: { status: 200, schema: Winner, example: EXAMPLE_WINNER, description: 'The delivered prize.' },
      errors: [...BODY_ERRORS, 'not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', WinnerParams),
    validate('json', DeliverPrize, BODIES.DeliverPrize),
    async (c) => c.json(await deliverPrize(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
