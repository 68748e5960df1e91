/** The worker's settings: parsed and checked once; every invalid setting is named. Production has extra rules. */
import * as z from 'zod'
import { HealthToken } from './health-token.ts'
import { Location } from './locations.ts'
import { LOG_LEVELS } from './logging.ts'
import './validation-messages.ts'
import { WholeNumber } from './whole-number.ts'

/** Defaults for development. They are public, so production refuses them. */
export const DEVELOPMENT_SECRETS = {
  JWT_SECRET: 'tombola-development-jwt-key-that-anyone-can-read-here',
  SIGNING_KEY: '746f6d626f6c612d646576656c6f706d656e742d7369676e696e672d6b657921',
} as const

const DAY_SECONDS = 86_400

const seconds = (min: number, max: number, fallback: number) => WholeNumber(min, max).default(fallback)

const commaSeparated = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )

const StripeSigningSecret = z
  .string()
  .regex(/^whsec_[\w+/=-]{8,250}$/, 'must be the signing secret that Stripe shows, such as whsec_…')

/** An origin as browsers write it: nothing else is ever equal to the origin of an address. */
const isOrigin = (text: string): boolean =>
  /^https?:\/\/[\w.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text

/** A paybill number of M-Pesa. */
const ShortCode = z.string().regex(/^\d{5,7}$/, 'must be a paybill number, such as 174379')

const MPESA_SETTINGS = [
  'MPESA_URL',
  'MPESA_CONSUMER_KEY',
  'MPESA_CONSUMER_SECRET',
  'MPESA_SHORT_CODE',
  'MPESA_PASSKEY',
  'MPESA_INITIATOR',
  'MPESA_SECURITY_CREDENTIAL',
] as const

export const SettingsSchema = z.object({
  ENVIRONMENT: z.enum(['development', 'production']).default('development'),
  /** How long an unpaid reservation holds its numbers. */
  HOLD_SECONDS: seconds(5, 86_400, 600),
  /** How long tickets are kept for the next person on a waiting list. */
  OFFER_SECONDS: seconds(5, 604_800, 86_400),
  /** The minimum time between a commitment's publication and its beacon round. */
  DRAW_LEAD_SECONDS: seconds(1, 86_400, 60),
  ACCESS_TOKEN_SECONDS: seconds(5, 86_400, 900),
  REFRESH_TOKEN_SECONDS: seconds(60, 31_536_000, 2_592_000),
  /** Signs access tokens (HS256). The JWT library would parse a key that looks like PEM, so PEM's words are refused. */
  JWT_SECRET: z
    .string()
    .min(32)
    .max(512)
    .refine((secret) => !/PUBLIC|PRIVATE/.test(secret), 'must not contain PUBLIC or PRIVATE')
    .default(DEVELOPMENT_SECRETS.JWT_SECRET),
  /** The Ed25519 seed for signing commitments, attempts and receipts: 32 bytes in hex. */
  SIGNING_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
    .default(DEVELOPMENT_SECRETS.SIGNING_KEY),
  /** Public keys (hex) of earlier signing keys, so that old signatures can still be verified. */
  RETIRED_PUBLIC_KEYS: commaSeparated.pipe(z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(8)),
  BEACON: z.enum(['dev', 'quicknet']).default('dev'),
  /** Relays of quicknet, tried in this order; empty means the public relays. */
  BEACON_RELAYS: commaSeparated.pipe(z.array(z.url({ protocol: /^https?$/ })).max(8)),
  /** Who may approve a payout: `other` than its requester, or `any`. Default: `other` in production, else `any`. */
  PAYOUT_APPROVAL: z.enum(['other', 'any']).optional(),
  /** How long a member must belong to the organisation to approve payouts of others and to confirm disqualifications. */
  PAYOUT_APPROVER_MIN_DAYS: WholeNumber(0, 365).optional(),
  /** How long money waits for a new payout method: an owner whose session was stolen must have time to act. */
  PAYOUT_METHOD_WAIT_SECONDS: seconds(0, 2_592_000, DAY_SECONDS),
  /** `approved`: an organisation that somebody opens sells for money once an admin has approved it; `open`: at once. */
  PRICED_SALES: z.enum(['approved', 'open']).default('approved'),
  /** The public address of this worker: links in mails and payment pages begin with it. */
  PUBLIC_ORIGIN: z
    .url({ protocol: /^https?$/ })
    .transform((url) => new URL(url).origin)
    .default('http://localhost:8787'),
  /** Sites other than this worker's to which a payment page may send the payer. */
  RETURN_ORIGINS: commaSeparated.pipe(
    z
      .array(z.string().refine(isOrigin, 'must be an origin such as https://books.example, without a path'))
      .max(32),
  ),
  /** The page where winners claim, for the mails to them; `{raffleId}` in it stands for the raffle. */
  CLAIM_URL: z
    .string()
    .max(500)
    .refine(
      (url) => URL.canParse(url) && /^https?:\/\/[^\s<>"]+$/.test(url),
      'must be an address such as https://books.example/wins',
    )
    .optional(),
  /** The mail provider's endpoint (Resend's API), its key and the sender; all three or none. */
  MAIL_URL: z.url({ protocol: /^https?$/ }).optional(),
  MAIL_KEY: z.string().min(8).max(512).optional(),
  MAIL_FROM: z
    .string()
    .max(320)
    .regex(/^[^\r\n]*[^\s<@]+@[^\s@]+$/, 'must hold an e-mail address')
    .optional(),
  /** M-Pesa's API, and the keys of an app there: docs/payments.md. All of them or none, except the last. */
  MPESA_URL: z.url({ protocol: /^https?$/ }).optional(),
  MPESA_CONSUMER_KEY: z.string().min(8).max(512).optional(),
  MPESA_CONSUMER_SECRET: z.string().min(8).max(512).optional(),
  MPESA_SHORT_CODE: ShortCode.optional(),
  MPESA_PASSKEY: z.string().min(8).max(512).optional(),
  MPESA_INITIATOR: z.string().min(1).max(100).optional(),
  MPESA_SECURITY_CREDENTIAL: z.string().min(8).max(2_048).optional(),
  /** The short code that pays out, if it is another one. */
  MPESA_PAYOUT_SHORT_CODE: ShortCode.optional(),
  /** The keys of a Turnstile widget, with which raffles may ask for a check of the person; both or none. */
  TURNSTILE_SITE_KEY: z
    .string()
    .regex(/^[\w.-]{8,100}$/, 'must be the key that Cloudflare shows')
    .optional(),
  TURNSTILE_SECRET_KEY: z.string().min(8).max(512).optional(),
  /** The key of an account at Stripe, and the secret of its webhook endpoint; both or none. */
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\w{8,250}$/, 'must be a secret or restricted key, such as sk_live_…')
    .optional(),
  STRIPE_WEBHOOK_SECRET: StripeSigningSecret.optional(),
  /** The secret of the endpoint for connected accounts. Without it nobody can receive money by Stripe. */
  STRIPE_CONNECT_WEBHOOK_SECRET: StripeSigningSecret.optional(),
  /** Another address of Stripe's API, for a fake. */
  STRIPE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Shows the names of invalid settings to a request that sends it. */
  HEALTH_TOKEN: HealthToken.optional(),
  /** How long an isolate keeps the answer of a public read for other readers; 0: each request reads. */
  SHARE_READS_MS: WholeNumber(0, 1_000).default(1_000),
  CORS_ORIGINS: commaSeparated.pipe(z.array(z.string()).max(32)),
  LOG_LEVEL: z.enum(LOG_LEVELS).default('info'),
  /** How many writers share the writes to D1; 0: none, each write is a trip of its own. */
  DATABASE_WRITERS: WholeNumber(0, 16).default(0),
  /** Where D1's primary is: its writers are made there. */
  DATABASE_LOCATION_HINT: z.enum(['wnam', 'enam', 'weur', 'eeur', 'apac', 'oc']).optional(),
  /** Where the pools of raffles that name no region are made. */
  POOL_LOCATION_HINT: Location.optional(),
})
export type Settings = z.infer<typeof SettingsSchema>

/** `healthToken` is valid even if other settings are not: it shows their names. */
export type SettingsResult =
  | { ok: true; settings: Settings }
  | { ok: false; problems: string[]; healthToken: string | undefined }

/** Reads settings from environment variables. Each problem names its setting and never shows a value. */
export function readSettings(env: Record<string, unknown>): SettingsResult {
  const parsed = SettingsSchema.safeParse(env)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    return { ok: false, problems, healthToken: HealthToken.safeParse(env.HEALTH_TOKEN).data }
  }
  const settings = parsed.data
  const problems = settings.ENVIRONMENT === 'production' ? productionProblems(settings) : []
  problems.push(...setProblems(settings, 'mail', ['MAIL_URL', 'MAIL_KEY', 'MAIL_FROM']))
  problems.push(...setProblems(settings, 'M-Pesa', MPESA_SETTINGS))
  problems.push(...setProblems(settings, 'Turnstile', ['TURNSTILE_SITE_KEY', 'TURNSTILE_SECRET_KEY']))
  problems.push(...setProblems(settings, 'Stripe', ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET']))
  if (settings.STRIPE_CONNECT_WEBHOOK_SECRET !== undefined && settings.STRIPE_SECRET_KEY === undefined) {
    problems.push('STRIPE_SECRET_KEY: is missing; STRIPE_CONNECT_WEBHOOK_SECRET needs it')
  }
  return problems.length > 0
    ? { ok: false, problems, healthToken: settings.HEALTH_TOKEN }
    : { ok: true, settings }
}

/** Without this check, a set that is incomplete fails only at its first use. */
function setProblems(settings: Settings, what: string, names: readonly (keyof Settings)[]): string[] {
  const missing = names.filter((name) => settings[name] === undefined)
  if (missing.length === names.length) return []
  return missing.map((name) => `${name}: is missing; ${what} needs ${names.join(', ')}`)
}

function productionProblems(settings: Settings): string[] {
  const problems: string[] = []
  for (const name of ['JWT_SECRET', 'SIGNING_KEY'] as const) {
    if (settings[name] === DEVELOPMENT_SECRETS[name]) {
      problems.push(`${name}: is the development default; set it with \`wrangler secret put ${name}\``)
    }
  }
  if (settings.BEACON === 'dev') problems.push('BEACON: is `dev`, which proves nothing; set it to `quicknet`')
  if (!settings.PUBLIC_ORIGIN.startsWith('https://')) {
    problems.push(
      'PUBLIC_ORIGIN: is not https; set it to the public address of this worker, such as https://raffles.example',
    )
  }
  if (settings.PAYOUT_METHOD_WAIT_SECONDS < DAY_SECONDS) {
    problems.push(
      'PAYOUT_METHOD_WAIT_SECONDS: is less than a day: the owner of a stolen session would have no time to act',
    )
  }
  if (settings.STRIPE_SECRET_KEY?.includes('_test_')) {
    problems.push('STRIPE_SECRET_KEY: is a key of test mode, which moves no money; set a live one')
  }
  if (settings.STRIPE_URL !== undefined && !settings.STRIPE_URL.startsWith('https://')) {
    problems.push('STRIPE_URL: is not https; leave it out, unless a fake of Stripe is meant')
  }
  problems.push(...mpesaProblems(settings))
  if (settings.RETURN_ORIGINS.some((origin) => !origin.startsWith('https://'))) {
    problems.push('RETURN_ORIGINS: has an origin that is not https; payers must return by https')
  }
  return problems
}

/** The sandbox of Safaricom takes no real money. Over plain http anybody on the way could read the keys. */
function mpesaProblems({ MPESA_URL: url }: Settings): string[] {
  if (url === undefined) return []
  if (new URL(url).hostname.startsWith('sandbox.')) {
    return ['MPESA_URL: is a sandbox, which takes no real money; set it to https://api.safaricom.co.ke']
  }
  return url.startsWith('https://') ? [] : ['MPESA_URL: is not https']
}

let cached: { env: object; result: SettingsResult } | undefined

/** The settings of this isolate, parsed once per environment object. */
export function settingsOf(env: object): SettingsResult {
  if (cached?.env !== env) cached = { env, result: readSettings({ ...env }) }
  return cached.result
}
