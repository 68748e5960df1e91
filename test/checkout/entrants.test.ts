// Who may take tickets of a raffle, through the API: staff, people without a proved address, and the Turnstile check.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { type Answer, call } from '../harness/client.ts'
import { expectLogged } from '../harness/log.ts'
import { addOperator, type Person, registerPlayer, signIn } from '../harness/people.ts'
import {
  as,
  CLOSES_AT,
  DAY,
  HOUR,
  iso,
  NOW,
  newKey,
  poolState,
  type Staged,
  stageDraft,
  stageRaffle,
  useClock,
} from '../raffles/scenario.ts'
import { press, stagePriced } from './checkout.ts'

useClock()

const NOT_FOR_STAFF = 'Members of the organisation cannot take part, nor in the 30 days after they leave it.'

interface Call {
  key?: string
  bindings?: Partial<Bindings>
}

/** Sends a request with a token that is issued now, so that it says what the database says of the person. */
async function post(
  person: Pick<Person, 'id'>,
  path: string,
  body: object,
  more: Call = {},
): Promise<Answer> {
  const { token } = await signIn(person.id)
  const { key = newKey(), bindings } = more
  const headers = { 'idempotency-key': key }
  return call('POST', `/api/v1${path}`, { token, body, headers, ...(bindings && { bindings }) })
}

const purchase = (
  person: Pick<Person, 'id'>,
  { id: raffleId }: { id: string },
  more: Call & { body?: object } = {},
) => post(person, '/tickets/purchase', { raffleId, quantity: 1, ...more.body }, more)

const PAID = { payment: { provider: 'sandbox' } }

const seen = ({ status, body }: Answer) => ({ status, code: body.code, detail: body.detail })

const taken = async ({ pool }: Pick<Staged, 'pool'>) => {
  const { sold, held } = (await poolState(pool))!
  return { sold, held }
}

const NOTHING = { sold: 0, held: 0 }

const leave = ({ id }: Pick<Person, 'id'>, leftAt: number) =>
  env.DB.batch([
    env.DB.prepare('DELETE FROM members WHERE user_id = ?').bind(id),
    env.DB.prepare('UPDATE former_members SET left_at = ? WHERE user_id = ?').bind(leftAt, id),
  ])

const prove = ({ id }: Pick<Person, 'id'>) =>
  env.DB.prepare('UPDATE users SET email_verified_at = ? WHERE id = ?').bind(Date.now(), id).run()

describe('members of the organisation', () => {
  it('get no free tickets of its raffles', async () => {
    const raffle = await stageRaffle()
    expect(seen(await purchase(raffle.operator, raffle))).toEqual({
      status: 403,
      code: 'forbidden',
      detail: NOT_FOR_STAFF,
    })
    expect(seen(await purchase(await addOperator(raffle.organisation.id, 'unknown'), raffle)).status).toBe(
      403,
    )
    expect(await taken(raffle)).toEqual(NOTHING)
  })

  it('buy none, and an order of several lines then holds nothing', async () => {
    const [mine, other] = [await stagePriced(), await stagePriced()]
    expect(seen(await purchase(mine.operator, mine, { body: PAID }))).toMatchObject({ code: 'forbidden' })
    const lines = [other, mine].map(({ id: raffleId }) => ({ raffleId, quantity: 2 }))
    expect(seen(await post(mine.operator, '/orders', { lines, ...PAID }))).toMatchObject({
      status: 403,
      detail: NOT_FOR_STAFF,
    })
    expect([await taken(mine), await taken(other)]).toEqual([NOTHING, NOTHING])
  })

  it('may enter the raffles of others, and their own if its public terms say so', async () => {
    const open = await stageRaffle({ staffMayEnter: true })
    expect((await as(null, 'GET', `/raffles/${open.id}`)).body).toMatchObject({ staffMayEnter: true })
    expect((await purchase(open.operator, open)).status).toBe(201)
    expect((await purchase(open.operator, await stageRaffle())).status).toBe(201)
  })

  it('cannot be let in, nor anybody be kept out, once the raffle is published', async () => {
    const { id, operator } = await stageRaffle()
    const changes = [{ staffMayEnter: true }, { entrants: 'proved' }, { challenge: 'turnstile' }]
    for (const change of changes) {
      const [path] = Object.keys(change)
      expect((await as(operator, 'PUT', `/raffles/${id}`, change)).body).toMatchObject({
        code: 'invalid_state',
        errors: [{ path, message: 'can no longer change' }],
      })
    }
  })

  it('may enter again thirty days after they left', async () => {
    const raffle = await stageRaffle()
    const former = await addOperator(raffle.organisation.id)
    await leave(former, NOW - 30 * DAY + 1)
    expect(seen(await purchase(former, raffle))).toMatchObject({ detail: NOT_FOR_STAFF })
    await leave(former, NOW - 30 * DAY)
    expect((await purchase(former, raffle)).status).toBe(201)
  })

  it('get the tickets that they held before they joined, once these are paid', async () => {
    const raffle = await stagePriced()
    const player = await registerPlayer()
    const key = newKey()
    const { body } = await purchase(player, raffle, { body: PAID, key })
    await env.DB.prepare(
      'INSERT INTO members (organisation_id, user_id, role, created_at) VALUES (?, ?, ?, ?)',
    )
      .bind(raffle.organisation.id, player.id, 'operator', NOW)
      .run()
    const repeated = await purchase(player, raffle, { body: PAID, key })
    expect(repeated.body.reservation).toEqual(body.reservation)
    await press(body.order.payment.checkoutUrl, 'approve')
    expect(await taken(raffle)).toEqual({ sold: 1, held: 0 })
    expect(seen(await purchase(player, raffle, { body: PAID }))).toMatchObject({ code: 'forbidden' })
  })
})

describe('a raffle that asks for proved addresses', () => {
  it('takes an entry once the address is proved and the access token is refreshed', async () => {
    const raffle = await stageRaffle({ entrants: 'proved' })
    const player = await registerPlayer({ isProved: false })
    expect(seen(await purchase(player, raffle))).toEqual({
      status: 403,
      code: 'forbidden',
      detail:
        'This raffle asks for a proved e-mail address: follow the link in the mail that we sent you, or ask for it again.',
    })
    await prove(player)
    expect((await purchase(player, raffle)).status).toBe(201)
  })

  it('sells tickets only to them too', async () => {
    const raffle = await stagePriced({ entrants: 'proved' })
    const player = await registerPlayer({ isProved: false })
    expect(seen(await purchase(player, raffle, { body: PAID })).code).toBe('forbidden')
    const lines = [{ raffleId: raffle.id, quantity: 1 }]
    expect(seen(await post(player, '/orders', { lines, ...PAID })).code).toBe('forbidden')
    await prove(player)
    expect((await post(player, '/orders', { lines, ...PAID })).status).toBe(201)
    expect(await taken(raffle)).toEqual({ sold: 0, held: 1 })
  })
})

const SITE_KEY = '0x4AAAAAAADnPIDROrmt1Wwj'
const KEYS = {
  TURNSTILE_SITE_KEY: SITE_KEY,
  TURNSTILE_SECRET_KEY: 'the-secret-of-the-widget',
} as unknown as Partial<Bindings>

interface Asked {
  secret: string
  response: string
  idempotency_key: string
}

/** Cloudflare behind `fetch`: a token that begins with `good` works once, and again under the same idempotency key. */
function cloudflare(answer?: () => Response | Promise<Response>): Asked[] {
  const asked: Asked[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    expect(input).toBe('https://challenges.cloudflare.com/turnstile/v0/siteverify')
    const each: Asked = JSON.parse(String(init!.body))
    const used = asked.find(({ response }) => response === each.response)
    asked.push(each)
    if (answer !== undefined) return answer()
    if (used !== undefined && used.idempotency_key !== each.idempotency_key)
      return failed('timeout-or-duplicate')
    return each.response.startsWith('good')
      ? Response.json({ success: true, 'error-codes': [], hostname: 'raffles.example' })
      : failed('invalid-input-response')
  })
  return asked
}

const failed = (code: string) => Response.json({ success: false, 'error-codes': [code] })

async function stageChallenged(changes: object = {}): Promise<Staged> {
  const draft = await stageDraft({ challenge: 'turnstile', ...changes })
  const { status, body } = await as(draft.operator, 'POST', `/raffles/${draft.id}/publish`, undefined, {
    bindings: KEYS,
  })
  expect(status, JSON.stringify(body)).toBe(200)
  return draft
}

const withToken = (turnstileToken: string, more: Call & { body?: object } = {}) => ({
  bindings: KEYS,
  ...more,
  body: { turnstileToken, ...more.body },
})

describe('a raffle that asks for a Turnstile check', () => {
  it('can be published only where the keys of a widget are set', async () => {
    const draft = await stageDraft({ challenge: 'turnstile' })
    const refused = await as(draft.operator, 'POST', `/raffles/${draft.id}/publish`)
    expect(refused.status).toBe(422)
    expect(refused.body.errors).toEqual([
      { path: 'challenge', message: 'is not possible here: this deployment has no Turnstile keys' },
    ])
  })

  it('shows the widget’s public key, which no other raffle shows', async () => {
    const [asks, other] = [await stageChallenged(), await stageRaffle()]
    const read = async ({ id }: Staged) =>
      (await as(null, 'GET', `/raffles/${id}`, undefined, { bindings: KEYS })).body
    expect(await read(asks)).toMatchObject({ challenge: 'turnstile', turnstileSiteKey: SITE_KEY })
    expect(await read(other)).toMatchObject({ challenge: 'none', turnstileSiteKey: null })
  })

  it('gives tickets for a good token', async () => {
    const raffle = await stageChallenged()
    const asked = cloudflare()
    expect((await purchase(await registerPlayer(), raffle, withToken('good'))).status).toBe(201)
    expect(asked).toEqual([
      {
        secret: 'the-secret-of-the-widget',
        response: 'good',
        idempotency_key: expect.stringMatching(
          /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
        ),
      },
    ])
  })

  it('gives none without a token, or for a token that is wrong or used', async () => {
    const raffle = await stageChallenged()
    const asked = cloudflare()
    const player = await registerPlayer()
    const without = await purchase(player, raffle, { bindings: KEYS })
    expect(without.body).toMatchObject({
      code: 'validation_failed',
      detail: 'This raffle asks for a Turnstile check: send the token of its widget as `turnstileToken`.',
      errors: [{ path: 'turnstileToken' }],
    })
    expect(asked).toEqual([])
    expect((await purchase(await registerPlayer(), raffle, withToken('good'))).status).toBe(201)
    for (const token of ['bad', 'good']) {
      const refused = await purchase(player, raffle, withToken(token))
      expect(refused.body).toMatchObject({ code: 'validation_failed', errors: [{ path: 'turnstileToken' }] })
    }
    expect(await taken(raffle)).toEqual({ sold: 1, held: 0 })
    expect((await purchase(player, raffle, withToken('x'.repeat(2_049)))).status).toBe(422)
  })

  it('repeats its first answer without another check, also without a token or with another one', async () => {
    const raffle = await stageChallenged()
    const asked = cloudflare()
    const player = await registerPlayer()
    const key = newKey()
    const first = await purchase(player, raffle, withToken('good', { key }))
    expect(first.status).toBe(201)
    expect((await purchase(player, raffle, withToken('good', { key }))).body).toEqual(first.body)
    expect((await purchase(player, raffle, withToken('bad', { key }))).body).toEqual(first.body)
    expect((await purchase(player, raffle, { key, bindings: KEYS })).body).toEqual(first.body)
    expect(asked).toHaveLength(1)
  })

  it('lets the same purchase verify its token again, and no other purchase', async () => {
    const [raffle, other] = [await stageChallenged({ maxPerUser: 1 }), await stageChallenged()]
    const asked = cloudflare()
    const player = await registerPlayer()
    expect((await purchase(player, raffle, withToken('good-1'))).status).toBe(201)
    const key = newKey()
    const again = async (what: Staged, each = key) =>
      (await purchase(player, what, withToken('good-2', { key: each }))).body.code
    expect(await again(raffle)).toBe('limit_reached')
    expect(await again(raffle)).toBe('limit_reached')
    expect(await again(other)).toBe('validation_failed')
    expect(await again(raffle, newKey())).toBe('validation_failed')
    expect(new Set(asked.map(({ idempotency_key }) => idempotency_key)).size).toBe(4)
    expect(await taken(other)).toEqual(NOTHING)
  })

  it('verifies one token for all lines of an order, whose repeat may send a new one', async () => {
    const priced = {
      ticketPrice: { amount: 500, currency: 'KES' },
      providers: ['sandbox'],
      drawAt: iso(CLOSES_AT + HOUR),
    }
    const raffles = [await stageChallenged(priced), await stageChallenged(priced)]
    const asked = cloudflare()
    const player = await registerPlayer()
    const order = { lines: raffles.map(({ id: raffleId }) => ({ raffleId, quantity: 1 })), ...PAID }
    const refused = await post(player, '/orders', { ...order, turnstileToken: 'bad' }, { bindings: KEYS })
    expect(refused.body.errors).toMatchObject([{ path: 'turnstileToken' }])
    expect((await post(player, '/orders', order, { bindings: KEYS })).body.errors).toMatchObject([
      { path: 'turnstileToken' },
    ])
    const key = newKey()
    const placed = await post(
      player,
      '/orders',
      { ...order, turnstileToken: 'good' },
      { key, bindings: KEYS },
    )
    expect(placed.status).toBe(201)
    expect(asked).toHaveLength(2)
    const repeated = await post(
      player,
      '/orders',
      { ...order, turnstileToken: 'good-2' },
      { key, bindings: KEYS },
    )
    expect(repeated.body.id).toBe(placed.body.id)
    expect(asked).toHaveLength(2)
  })

  it.each<[string, () => Response | Promise<Response>]>([
    ['cannot be reached', () => Promise.reject(new TypeError('network'))],
    ['answers with a page', () => new Response('<html>', { status: 502 })],
    ['has an error of its own', () => failed('internal-error')],
    ['does not accept our secret', () => failed('invalid-input-secret')],
  ])('is unavailable if Cloudflare %s, and its log names no token', async (_, answer) => {
    const raffle = await stageChallenged()
    cloudflare(answer)
    expectLogged('a Turnstile token could not be verified')
    const refused = await purchase(await registerPlayer(), raffle, withToken('good'))
    expect(refused.status).toBe(503)
    expect(await taken(raffle)).toEqual(NOTHING)
  })

  it('is unavailable if the keys were removed since, but repeats what it sold', async () => {
    const raffle = await stageChallenged()
    const asked = cloudflare()
    const player = await registerPlayer()
    const key = newKey()
    const first = await purchase(player, raffle, withToken('good', { key }))
    expect((await purchase(player, raffle, { key, body: { turnstileToken: 'good' } })).body).toEqual(
      first.body,
    )
    expectLogged('a Turnstile token could not be verified')
    const other = await registerPlayer()
    expect((await purchase(other, raffle, { body: { turnstileToken: 'good-2' } })).status).toBe(503)
    expect(asked).toHaveLength(1)
  })
})

describe('a raffle without a check', () => {
  it('ignores a token and asks nobody about it', async () => {
    const raffle = await stageRaffle()
    const asked = cloudflare()
    expect((await purchase(await registerPlayer(), raffle, withToken('bad'))).status).toBe(201)
    expect(asked).toEqual([])
  })
})
