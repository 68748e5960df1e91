import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig as readConfig } from 'wrangler'
import { type Deployment, deployProblems } from '../../scripts/deploy-problems.ts'
import { CONFIG, ROOT } from '../../scripts/wrangler.ts'

const development = readConfig({ config: CONFIG })
const production = readConfig({ config: CONFIG, env: 'production' })

describe('wrangler.toml', () => {
  it('has different names for development and production, so that one deploy cannot replace the other', () => {
    expect(production.name).toBe('tombola')
    expect(development.name).not.toBe(production.name)
  })

  it('gives development no public address', () => {
    const { workers_dev, preview_urls, routes, route } = development
    expect({ workers_dev, preview_urls }).toEqual({ workers_dev: false, preview_urls: false })
    expect(routes ?? route).toBeUndefined()
  })

  it('binds in production whatever development binds: wrangler inherits none of it', () => {
    const bindings = ({ d1_databases, durable_objects, ratelimits, vars, triggers }: typeof production) => ({
      databases: d1_databases.map(({ binding, migrations_dir }: Record<string, unknown>) => ({
        binding,
        migrations_dir,
      })),
      objects: durable_objects.bindings,
      limits: ratelimits.map(({ name, namespace_id }: Record<string, unknown>) => ({ name, namespace_id })),
      vars: Object.keys(vars).sort(),
      crons: triggers.crons,
    })
    expect(bindings(production)).toEqual(bindings(development))
  })

  it('runs the deploy guard in `npm run deploy`', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(scripts.deploy).toBe('node scripts/deploy.ts')
  })
})

const READY: Deployment = {
  name: 'tombola',
  workers_dev: false,
  routes: [{ pattern: 'raffles.kilimani.co.ke' }],
  vars: { ENVIRONMENT: 'production', BEACON: 'quicknet', PUBLIC_ORIGIN: 'https://raffles.kilimani.co.ke' },
  d1_databases: [{ binding: 'DB' }],
}

const problemsOf = (change: Partial<Deployment>, vars: Record<string, unknown> = {}): string[] =>
  deployProblems({ ...READY, ...change, vars: { ...READY.vars, ...vars } }, 'tombola-development')

describe('the deploy guard', () => {
  it('refuses wrangler.toml as it is cloned, and says what to set', () => {
    const problems = deployProblems(production, development.name)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^PUBLIC_ORIGIN: is missing\. Set it under \[env\.production\.vars\]/)
  })

  it('lets a configuration pass that is complete', () => {
    expect(problemsOf({})).toEqual([])
    expect(problemsOf({ routes: ['raffles.kilimani.co.ke/*'] })).toEqual([])
    expect(
      problemsOf(
        { workers_dev: true, routes: [] },
        { PUBLIC_ORIGIN: 'https://tombola.kilimani.workers.dev' },
      ),
    ).toEqual([])
    const mail = { MAIL_URL: 'https://api.resend.com/emails', MAIL_FROM: 'post@kilimani.co.ke' }
    expect(problemsOf({}, { ...mail, TURNSTILE_SITE_KEY: '0x4AAAAAAADnPIDROrmt1Wwj' })).toEqual([])
  })

  it.each<[what: string, change: Partial<Deployment>, vars: Record<string, unknown>, named: RegExp]>([
    ['the name of development', { name: 'tombola-development' }, {}, /^name: /],
    [
      'a placeholder for the database',
      { d1_databases: [{ binding: 'DB', database_id: '0000-00' }] },
      {},
      /^DB: /,
    ],
    ['development as its environment', {}, { ENVIRONMENT: 'development' }, /^ENVIRONMENT: /],
    ['the development beacon', {}, { BEACON: 'dev' }, /^BEACON: /],
    [
      'an address without https',
      {},
      { PUBLIC_ORIGIN: 'http://raffles.kilimani.co.ke' },
      /^PUBLIC_ORIGIN: is not https/,
    ],
    ['an address that is none', {}, { PUBLIC_ORIGIN: 'raffles' }, /^PUBLIC_ORIGIN: /],
    ['the address of the examples', {}, { PUBLIC_ORIGIN: 'https://raffles.example' }, /is an example/],
    [
      'an address without a route',
      { routes: undefined },
      {},
      /no route leads from raffles\.kilimani\.co\.ke/,
    ],
    ['the route of another host', { routes: ['kilimani.co.ke/*'] }, {}, /no route leads/],
    [
      'an address at workers.dev that is off',
      {},
      { PUBLIC_ORIGIN: 'https://tombola.kilimani.workers.dev' },
      /workers_dev = true/,
    ],
    [
      "another worker's address",
      { workers_dev: true },
      { PUBLIC_ORIGIN: 'https://tombola-development.kilimani.workers.dev' },
      /nothing answers/,
    ],
    ['a secret that everybody can read', {}, { JWT_SECRET: 'x'.repeat(48) }, /^JWT_SECRET: is a secret/],
    ['half of the mail provider', {}, { MAIL_URL: 'https://mail.kilimani.co.ke' }, /^MAIL_FROM: is missing/],
    ['a setting that is invalid', {}, { HOLD_SECONDS: 'soon' }, /^HOLD_SECONDS: /],
  ])('refuses %s', (_, change, vars, named) => {
    const problems = problemsOf(change, vars)
    expect(problems, problems.join('\n')).toHaveLength(1)
    expect(problems[0]).toMatch(named)
  })
})
