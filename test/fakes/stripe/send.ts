/** Signs events of the fake with the package's own generator for tests, and sends them to the worker's two doors. */
import Stripe from 'stripe'
import type { Thing } from './books.ts'
import { STRIPE_SETTINGS } from './settings.ts'

export interface SignedEvent {
  path: string
  body: string
  headers: Record<string, string>
}

export interface HowSigned {
  secret?: string
  /** Seconds since 1970. */
  timestamp?: number
}

export async function signed(event: Thing, { secret, timestamp }: HowSigned = {}): Promise<SignedEvent> {
  const isOfAccount = event.account !== undefined
  const { STRIPE_WEBHOOK_SECRET: own, STRIPE_CONNECT_WEBHOOK_SECRET: connect } = STRIPE_SETTINGS
  const body = JSON.stringify(event)
  const signature = await Stripe.webhooks.generateTestHeaderStringAsync({
    payload: body,
    secret: secret ?? (isOfAccount ? connect : own),
    timestamp: timestamp ?? Math.floor(Date.now() / 1_000),
    cryptoProvider: Stripe.createSubtleCryptoProvider(),
    scheme: 'v1',
    signature: '',
  } as never)
  return {
    path: `/api/v1/payments/stripe/${isOfAccount ? 'connect' : 'webhook'}`,
    body,
    headers: { 'content-type': 'application/json', 'stripe-signature': signature },
  }
}
