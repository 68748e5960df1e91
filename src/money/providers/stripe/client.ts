/** The one way to Stripe: its own package, loaded at first use, with our keys and a pinned API version. */
import type { Stripe } from 'stripe'
import { lazy } from '../../../core/lazy.ts'
import type { Settings } from '../../../core/settings.ts'
import { SECOND_MS } from '../../../core/time.ts'

/** Shapes of requests, answers and events are those of this version, whatever the account's default is. */
export const API_VERSION = '2026-10-28.endive'

/** A transfer is three calls in a row: shorter than the 20 s after which the sweep may repeat it. */
const TIMEOUT_MS = 6 * SECOND_MS

export interface StripeKeys {
  secretKey: string
  webhookSecret: string
  /** Without it nobody can open an account at Stripe, because nothing would tell us of its changes. */
  connectSecret: string | undefined
  /** Another address of Stripe's API, for a fake. */
  url: string | undefined
}

/** Null if Stripe is not set up here. */
export function keysOf(settings: Settings): StripeKeys | null {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = settings
  if (secretKey === undefined || webhookSecret === undefined) return null
  return {
    secretKey,
    webhookSecret,
    connectSecret: settings.STRIPE_CONNECT_WEBHOOK_SECRET,
    url: settings.STRIPE_URL,
  }
}

/** The package is 33 KiB, and most requests do not need it. */
export const loadStripe = lazy(async () => (await import('stripe')).default)

let made: { keys: string; client: Stripe } | undefined

/** Throws if Stripe is not set up. The client holds no connection, so that the requests of an isolate share it. */
export async function stripeFor(settings: Settings): Promise<Stripe> {
  const keys = keysOf(settings)
  if (keys === null) throw new Error('stripe is not set up')
  const { secretKey, url } = keys
  const named = `${secretKey} ${url}`
  if (made?.keys === named) return made.client
  const Package = await loadStripe()
  const client = new Package(secretKey, {
    apiVersion: API_VERSION,
    httpClient: Package.createFetchHttpClient(fetchAt(url)),
    // Our rows are retried by the sweep, which looks before it repeats.
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: TIMEOUT_MS,
  })
  made = { keys: named, client }
  return client
}

/** `fetch` is looked up at each call, because a platform may replace it after this module was loaded. */
const fetchAt =
  (base: string | undefined) =>
  (address: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (base === undefined) return fetch(address as string, init)
    const { pathname, search } = new URL(String(address))
    return fetch(`${base.replace(/\/$/, '')}${pathname}${search}`, init)
  }
