/** The shapes of accounts at Stripe on the wire: those of users and organisations who receive money by it. */
import * as z from 'zod'
import { Instant } from '../core/time.ts'

export const OpenStripeAccount = z
  .strictObject({
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, 'must be a country code such as KE')
      .describe('Where the owner lives or is registered: ISO 3166-1 alpha-2. It cannot be changed later.'),
    returnUrl: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .optional()
      .describe(
        'Where Stripe sends the owner after the set-up: on this site, or on one that the setting `RETURN_ORIGINS` names.',
      ),
  })
  .meta({ id: 'OpenStripeAccount' })
export type OpenStripeAccount = z.infer<typeof OpenStripeAccount>

export const StripeAccount = z
  .strictObject({
    accountId: z
      .string()
      .describe('Stripe’s id of the account: the `destination` of a payout method or payout by `stripe`.'),
    country: z.string().describe('Where the owner lives or is registered: ISO 3166-1 alpha-2.'),
    isReady: z.boolean().describe('Whether Stripe says that it can receive money.'),
    problem: z.string().nullable().describe('What its owner must correct at Stripe; null if nothing.'),
    banks: z
      .array(
        z.strictObject({
          name: z
            .string()
            .nullable()
            .describe('The bank’s name, or the brand of a card; null if Stripe does not say.'),
          last4: z.string().describe('The last digits of the bank account or card.'),
          currency: z.string().describe('The currency whose money goes there: ISO 4217.'),
        }),
      )
      .describe(
        'Where Stripe pays on what the account receives, as Stripe says now. Compare it before you approve a payout.',
      ),
    onboarding: z
      .strictObject({
        url: z.string().describe('Stripe’s page for the owner’s papers. It works once, for its owner alone.'),
        expiresAt: Instant.describe('When the page’s address stops working.'),
      })
      .nullable()
      .describe(
        'The page on which the owner finishes the set-up; null if there is nothing to do, and in a read.',
      ),
    createdAt: Instant,
  })
  .meta({ id: 'StripeAccount' })
export type StripeAccount = z.infer<typeof StripeAccount>

export const EXAMPLE_STRIPE_ACCOUNT = {
  accountId: 'acct_1Q8kMZ2eZvKYlo2C',
  country: 'KE',
  isReady: false,
  problem: null,
  banks: [{ name: 'KCB Bank Kenya', last4: '0112', currency: 'KES' }],
  onboarding: {
    url: 'https://connect.stripe.com/setup/e/acct_1Q8kMZ2eZvKYlo2C/mDpKkP0yLrQB',
    expiresAt: '2026-11-20T17:05:00.000Z',
  },
  createdAt: '2026-11-20T17:00:00.000Z',
}

/** Example request bodies, by the names of their schemas. */
export const STRIPE_ACCOUNT_BODIES = {
  OpenStripeAccount: { country: 'KE', returnUrl: 'https://raffles.example/prizes' },
}
