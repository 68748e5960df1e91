/** Routes of accounts at Stripe: the caller's own, and an organisation's. */
import { Hono } from 'hono'
import { OrganisationParams } from '../accounts/contract.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import {
  openAccountOfOrganisation,
  openMyAccount,
  readAccountOfOrganisation,
  readMyAccount,
  removeAccountOfOrganisation,
  removeMyAccount,
} from './stripe-account.ts'
import {
  EXAMPLE_STRIPE_ACCOUNT,
  OpenStripeAccount,
  STRIPE_ACCOUNT_BODIES,
  StripeAccount,
} from './stripe-account-contract.ts'

const TAG = 'Payouts'

const opened = {
  status: 200 as const,
  schema: StripeAccount,
  example: EXAMPLE_STRIPE_ACCOUNT,
  description: 'The account, with the page on which its owner goes on.',
}
const asRead = {
  status: 200 as const,
  schema: StripeAccount,
  example: { ...EXAMPLE_STRIPE_ACCOUNT, isReady: true, onboarding: null },
  description: 'The account.',
}

/** Under /api/v1/users/me/stripe-account. */
export const myStripeAccount = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'readMyStripeAccount',
      summary: 'Read my account at Stripe',
      description: 'One that is not ready is asked for at Stripe first.',
      tag: TAG,
      auth: 'user',
      success: asRead,
      errors: ['not_found'],
    }),
    async (c) => c.json(await readMyAccount(c.get('ctx'))),
  )
  .post(
    '/',
    describe({
      operation: 'openMyStripeAccount',
      summary: 'Open my account at Stripe, or go on with its set-up',
      description:
        'Stripe pays cash prizes to it. Send its owner to `onboarding.url`. Once `isReady`, add a payout method with `provider` `stripe` and the `accountId` as its `destination`. A repeat returns the same account, with a new page.',
      tag: TAG,
      auth: 'user',
      success: opened,
      errors: [...BODY_ERRORS, 'invalid_state'],
    }),
    validate('json', OpenStripeAccount, STRIPE_ACCOUNT_BODIES.OpenStripeAccount),
    async (c) => c.json(await openMyAccount(c.get('ctx'), c.req.valid('json'))),
  )
  .delete(
    '/',
    describe({
      operation: 'removeMyStripeAccount',
      summary: 'Remove my account at Stripe',
      description:
        'Also removes the payout methods with it, and stops what was not sent to them. You are told by mail. The account stays at Stripe, but nothing is paid to it any more. You may open another one.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Removed.' },
      errors: ['not_found'],
    }),
    async (c) => {
      await removeMyAccount(c.get('ctx'))
      return c.body(null, 204)
    },
  )

/** Under /api/v1/organisations. */
export const stripeAccounts = new Hono<AppEnv>()
  .get(
    '/:id/stripe-account',
    describe({
      operation: 'readStripeAccount',
      summary: 'Read an organisation’s account at Stripe',
      description:
        'For those who may request its payouts. One that is not ready is asked for at Stripe first.',
      tag: TAG,
      auth: 'user',
      success: asRead,
      errors: ['not_found', 'forbidden'],
    }),
    validate('param', OrganisationParams),
    async (c) => c.json(await readAccountOfOrganisation(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/stripe-account',
    describe({
      operation: 'openStripeAccount',
      summary: 'Open an organisation’s account at Stripe, or go on with its set-up',
      description:
        'For those who may approve its payouts. Stripe asks for the papers of the organisation at `onboarding.url`. Once `isReady`, payouts by `stripe` name the `accountId` as their `destination`. Somebody else approves the first of them.',
      tag: TAG,
      auth: 'user',
      success: opened,
      errors: [...BODY_ERRORS, 'not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', OrganisationParams),
    validate('json', OpenStripeAccount, STRIPE_ACCOUNT_BODIES.OpenStripeAccount),
    async (c) =>
      c.json(await openAccountOfOrganisation(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .delete(
    '/:id/stripe-account',
    describe({
      operation: 'removeStripeAccount',
      summary: 'Remove an organisation’s account at Stripe',
      description:
        'For those who may approve its payouts, while no payout to it is open. The account stays at Stripe, and another one may be opened.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Removed.' },
      errors: ['not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', OrganisationParams),
    async (c) => {
      await removeAccountOfOrganisation(c.get('ctx'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
