/** Why a configuration of production cannot work, in sentences that say what to do. Pure. */
import { readSettings, type SettingsSchema } from '../src/core/settings.ts'

type Name = keyof (typeof SettingsSchema)['shape']

/** What `wrangler.toml` says of one environment. */
export interface Deployment {
  name?: string | undefined
  workers_dev?: boolean | undefined
  routes?: (string | { pattern: string })[] | undefined
  vars: Record<string, unknown>
  d1_databases: { binding: string; database_id?: string | undefined }[]
}

/** Values that only `wrangler secret put` may set, with one that the settings accept. */
const SECRETS = {
  JWT_SECRET: 'a-value-that-stands-for-the-secret-of-production',
  SIGNING_KEY: 'f'.repeat(64),
  MAIL_KEY: 'a-value-that-stands-for-the-secret',
  TURNSTILE_SECRET_KEY: 'a-value-that-stands-for-the-secret',
  STRIPE_SECRET_KEY: 'sk_live_a_value_that_stands_for_it',
  STRIPE_WEBHOOK_SECRET: 'whsec_a_value_that_stands_for_it',
  STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_a_value_that_stands_for_it',
  MPESA_CONSUMER_KEY: 'a-value-that-stands-for-the-secret',
  MPESA_CONSUMER_SECRET: 'a-value-that-stands-for-the-secret',
  MPESA_PASSKEY: 'a-value-that-stands-for-the-secret',
  MPESA_SECURITY_CREDENTIAL: 'a-value-that-stands-for-the-secret',
  HEALTH_TOKEN: 'a-value-that-stands-for-the-secret',
} as const satisfies Partial<Record<Name, string>>

/** Names that RFC 2606 keeps for examples: nobody can own one. */
const EXAMPLE = /(^|\.)example(\.(com|net|org))?$/

const ONLY_ZEROS = /^[0-]+$/

export function deployProblems(production: Deployment, developmentName: string | undefined): string[] {
  const { name, vars } = production
  const problems: string[] = []
  if (name === developmentName) {
    problems.push('name: production and development have the same name, so one would replace the other.')
  }
  if (vars.ENVIRONMENT !== 'production') problems.push('ENVIRONMENT: is not `production`.')
  for (const secret of Object.keys(SECRETS).filter((each) => each in vars)) {
    problems.push(
      `${secret}: is a secret, so it must not be in wrangler.toml. Use: npx wrangler secret put ${secret} --env production`,
    )
  }
  const origin = vars.PUBLIC_ORIGIN
  if (origin === undefined) {
    problems.push(
      'PUBLIC_ORIGIN: is missing. Set it under [env.production.vars] to the public address, such as https://raffles.example.',
    )
  } else problems.push(...addressProblems(production, String(origin)))
  problems.push(...settingsProblems(vars))
  for (const { binding, database_id: id } of production.d1_databases) {
    if (id !== undefined && ONLY_ZEROS.test(id)) {
      problems.push(
        `${binding}: its database_id is a placeholder. Remove it: wrangler finds the database by its name.`,
      )
    }
  }
  return problems
}

/** The rules of the settings themselves. The secrets are not here, so others stand for them. */
function settingsProblems(vars: Record<string, unknown>): string[] {
  const { JWT_SECRET, SIGNING_KEY, MAIL_KEY, TURNSTILE_SECRET_KEY } = SECRETS
  const { MPESA_CONSUMER_KEY, MPESA_CONSUMER_SECRET, MPESA_PASSKEY, MPESA_SECURITY_CREDENTIAL } = SECRETS
  const mpesa = { MPESA_CONSUMER_KEY, MPESA_CONSUMER_SECRET, MPESA_PASSKEY, MPESA_SECURITY_CREDENTIAL }
  const result = readSettings({
    PUBLIC_ORIGIN: 'https://raffles.example',
    ...vars,
    JWT_SECRET,
    SIGNING_KEY,
    HEALTH_TOKEN: undefined,
    ...(vars.MPESA_URL === undefined ? {} : mpesa),
    MAIL_KEY: vars.MAIL_URL === undefined && vars.MAIL_FROM === undefined ? undefined : MAIL_KEY,
    TURNSTILE_SECRET_KEY: vars.TURNSTILE_SITE_KEY === undefined ? undefined : TURNSTILE_SECRET_KEY,
  })
  return result.ok ? [] : result.problems.map((problem) => `${problem}.`)
}

/** Whether the worker answers at its public address. */
function addressProblems({ name, workers_dev, routes = [] }: Deployment, origin: string): string[] {
  if (!URL.canParse(origin)) return []
  const { hostname } = new URL(origin)
  if (EXAMPLE.test(hostname)) {
    return [`PUBLIC_ORIGIN: ${hostname} is an example. Set it to your own address.`]
  }
  if (hostname.endsWith('.workers.dev')) {
    const isServed = workers_dev === true && hostname.startsWith(`${name}.`)
    return isServed
      ? []
      : [
          `PUBLIC_ORIGIN: nothing answers at ${hostname}. Set workers_dev = true, and use the address of the worker ${name}.`,
        ]
  }
  const patterns = routes.map((route) => (typeof route === 'string' ? route : route.pattern))
  if (patterns.some((pattern) => hostOf(pattern) === hostname)) return []
  return [
    `PUBLIC_ORIGIN: no route leads from ${hostname} to the worker. Under [env.production] set: routes = [{ pattern = "${hostname}", custom_domain = true }]`,
  ]
}

/** The host of a route such as `raffles.example/*` or `https://raffles.example/*`. */
const hostOf = (pattern: string): string => pattern.replace(/^https?:\/\//, '').replace(/[/:].*$/, '')
