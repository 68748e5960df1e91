/** Keys that the fake of Stripe accepts. */
export const STRIPE_SETTINGS = {
  STRIPE_SECRET_KEY: 'sk_test_thesecretkeyofthefake',
  STRIPE_WEBHOOK_SECRET: 'whsec_thesecretofthefakeforpayments',
  STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_thesecretofthefakeforaccounts',
} as const
