/**
 * A fake of Stripe: its API for what Tombola calls, over books that are kept in memory. Nothing happens by itself: `outside`
 * plays payers, banks and people at Stripe's dashboard. Events wait in `events` until a test or `npm run fakes` sends them.
 * `misbehave` makes the next request go wrong.
 */
import { type FakeHost, neverAnswered } from '../host.ts'
import { Books, type Thing } from './books.ts'
import { decodeForm, type Fields } from './form.ts'
import { Outside } from './outside.ts'
import { STRIPE_SETTINGS } from './settings.ts'

/**
 * `timeout`: it never arrives. `lost`: it takes effect, and its answer is lost. `500`: it takes no effect, and its key keeps
 * the error. `429`: too many requests. `in use`: it takes effect, and the answer is that its key is still in use. `hang`:
 * it takes effect, and stays open until its sender gives up.
 */
export const FAULTS = ['timeout', 'lost', '500', '429', 'in use', 'hang'] as const
export type Fault = (typeof FAULTS)[number]

interface Misbehaviour {
  /** Such as `POST /v1/refunds`. */
  request: string
  fault: Fault
  /** Runs before the request is handled: what somebody else does at that moment. */
  meanwhile?: () => void
}

interface Kept {
  at: number
  request: string
  status: number
  body: string
}

const DAY_MS = 24 * 60 * 60 * 1_000
const LEAST_OPEN_SECONDS = 30 * 60
const LARGEST = 99_999_999
const PAGE = 10

class Refused extends Error {
  readonly status: number
  readonly error: Fields
  /** Whether the request was carried out until then: only then its key keeps the answer. */
  readonly isKept: boolean

  constructor(error: Fields, { status = 400, isKept = false } = {}) {
    super(error.message)
    this.status = status
    this.error = { type: 'invalid_request_error', ...error }
    this.isKept = isKept
  }
}

type Handler = (fields: Fields, ids: string[]) => Thing | { object: 'list' } | Fields

export class FakeStripe implements FakeHost {
  readonly hosts = ['api.stripe.com']
  readonly books = new Books()
  readonly outside: Outside
  /** Every request so far, as method and path. */
  requests: { request: string; fields: Fields; key: string | null }[] = []
  /** Whether the balance of the account is not available yet. */
  isBalancePending = false
  readonly #now: () => number
  readonly #checkout: string
  #misbehaviours: Misbehaviour[] = []
  readonly #keys = new Map<string, Kept>()

  constructor({ now = Date.now, checkout = 'https://checkout.stripe.com' } = {}) {
    this.#now = now
    this.#checkout = checkout
    this.outside = new Outside(this.books, now)
  }

  get events(): Thing[] {
    return this.outside.events
  }

  misbehave(request: string, fault: Fault): void {
    this.#misbehaviours.push({ request, fault })
  }

  /** Somebody else acts just before the next such request is handled. */
  before(request: string, meanwhile: () => void): void {
    this.#misbehaviours.push({ request, fault: '429', meanwhile })
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#misbehaviours = []
  }

  /** As if a day had passed: each key is as good as new. */
  forgetKeys(): void {
    this.#keys.clear()
  }

  async answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url)
    // As bytes: workerd warns of a form that is read as text.
    const body = new TextDecoder().decode(await request.arrayBuffer())
    const fields = decodeForm(request.method === 'GET' ? search.slice(1) : body)
    const key = request.headers.get('idempotency-key')
    const name = `${request.method} ${pathname}`
    this.requests.push({ request: name, fields, key })
    if (request.headers.get('authorization') !== `Bearer ${STRIPE_SETTINGS.STRIPE_SECRET_KEY}`) {
      return json(401, { error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } })
    }
    if (request.headers.get('stripe-version') === null) throw new Error('no API version is pinned')
    const fault = this.#faultOf(name)
    if (fault === 'timeout') throw new TypeError('the network does not answer')
    if (fault === '429') return json(429, { error: { type: 'invalid_request_error', code: 'rate_limit' } })
    const answer = this.#once(name, body, key, fields, fault === '500')
    if (fault === 'lost') throw new TypeError('the answer was lost')
    if (fault === 'hang') return neverAnswered(request)
    if (fault === 'in use') return json(409, IN_USE)
    return answer
  }

  #faultOf(name: string): Fault | null {
    const at = this.#misbehaviours.findIndex(({ request }) => matches(request, name) !== null)
    const [found] = at < 0 ? [] : this.#misbehaviours.splice(at, 1)
    if (found?.meanwhile === undefined) return found?.fault ?? null
    found.meanwhile()
    return null
  }

  /** A key answers the same for a day, also if that was an error; after that it is as good as new. */
  #once(name: string, body: string, key: string | null, fields: Fields, fails: boolean): Response {
    const kept = key === null ? undefined : this.#keys.get(key)
    const request = `${name}\n${body}`
    if (kept !== undefined && this.#now() - kept.at < DAY_MS) {
      if (kept.request === request) return json(kept.status, kept.body, { 'idempotent-replayed': 'true' })
      const message =
        'Keys for idempotent requests can only be used with the same parameters they were first used with.'
      return json(400, { error: { type: 'idempotency_error', message } })
    }
    const { status, body: answer, isKept } = fails ? BROKEN : this.#handle(name, fields)
    const text = JSON.stringify(answer)
    if (key !== null && isKept) this.#keys.set(key, { at: this.#now(), request, status, body: text })
    return json(status, text)
  }

  #handle(name: string, fields: Fields): { status: number; body: Fields; isKept: boolean } {
    try {
      for (const [pattern, handler] of Object.entries(this.#routes)) {
        const ids = matches(pattern, name)
        if (ids !== null) return { status: 200, body: handler(fields, ids), isKept: true }
      }
      throw new Refused({ message: `Unrecognized request URL (${name}).` }, { status: 404 })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return { status: error.status, body: { error: error.error }, isKept: error.isKept }
    }
  }

  readonly #routes: Record<string, Handler> = {
    'POST /v1/checkout/sessions': (fields) => this.#createSession(fields),
    'GET /v1/checkout/sessions': ({ created, ...page }) =>
      this.#list('checkout.session', page, (each) => isWithin(each.created, created)),
    'GET /v1/checkout/sessions/*': ({ expand }, [id]) => this.#read('checkout.session', id!, expand),
    'POST /v1/checkout/sessions/*/expire': (_, [id]) => {
      const session = this.#read('checkout.session', id!)
      if (session.status !== 'open') {
        throw new Refused({ message: 'Only Checkout Sessions with a status in ["open"] can be expired.' })
      }
      return this.outside.expire(id!)
    },
    'GET /v1/payment_intents/*': ({ expand }, [id]) => this.#read('payment_intent', id!, expand),
    'POST /v1/refunds': (fields) => this.#createRefund(fields),
    'GET /v1/refunds': ({ charge, payment_intent: intent, ...page }) =>
      this.#list(
        'refund',
        page,
        (each) =>
          (charge ?? each.charge) === each.charge && (intent ?? each.payment_intent) === each.payment_intent,
      ),
    'GET /v1/disputes': ({ charge, ...page }) =>
      this.#list('dispute', page, (each) => (charge ?? each.charge) === each.charge),
    'POST /v1/accounts': ({ country, capabilities, controller, metadata }) => {
      if (country === 'KP') throw new Refused({ message: 'KP is not supported.', param: 'country' })
      if (controller?.stripe_dashboard?.type !== 'express') throw new Refused({ param: 'controller' })
      if (capabilities?.transfers?.requested !== 'true') throw new Refused({ param: 'capabilities' })
      return this.books.make(
        'account',
        { country, metadata, capabilities: { transfers: 'inactive' }, details_submitted: false },
        this.#now(),
      )
    },
    'GET /v1/accounts/*': ({ expand }, [id]) => this.#read('account', id!, expand),
    'POST /v1/account_links': ({ account, return_url: returnUrl, refresh_url: refreshUrl, type }) => {
      this.#read('account', account)
      if (type !== 'account_onboarding' || !returnUrl || !refreshUrl) throw new Refused({ param: 'type' })
      this.outside.links.set(account, returnUrl)
      const url = `${this.#checkout}/setup/${account}`
      const created = Math.floor(this.#now() / 1_000)
      return { object: 'account_link', created, expires_at: created + 300, url }
    },
    'GET /v1/balance': () => ({
      object: 'balance',
      available: [...this.books.balance].map(([currency, amount]) => ({
        currency,
        amount: this.isBalancePending ? 0 : amount,
      })),
    }),
    'POST /v1/transfers': (fields) => this.#createTransfer(fields),
    'GET /v1/transfers': ({ transfer_group: group, ...page }) =>
      this.#list('transfer', page, (each) => (group ?? each.transfer_group) === each.transfer_group),
  }

  #read(kind: Thing['object'], id: string, expand: string[] = []): Thing {
    const thing = this.books.find(id, kind as never)
    if (thing === undefined) {
      throw new Refused({ code: 'resource_missing', message: `No such ${kind}: '${id}'` }, { status: 404 })
    }
    return this.books.expanded(thing, expand)
  }

  #list(kind: Thing['object'], page: Fields, isListed: (thing: Thing) => boolean): Fields {
    const all = this.books.all(kind as never).filter(isListed)
    const from =
      page.starting_after === undefined ? 0 : all.findIndex(({ id }) => id === page.starting_after) + 1
    const limit = Number(page.limit ?? PAGE)
    const data = all.slice(from, from + limit)
    return { object: 'list', url: '/v1', has_more: from + limit < all.length, data }
  }

  #createSession(fields: Fields): Thing {
    const now = Math.floor(this.#now() / 1_000)
    const expires = Number(fields.expires_at)
    if (!(expires - now >= LEAST_OPEN_SECONDS && expires - now <= DAY_MS / 1_000)) {
      throw new Refused({
        param: 'expires_at',
        message: 'must be between 30 minutes and 24 hours from creation',
      })
    }
    const [item] = fields.line_items
    const { currency, unit_amount: price } = item.price_data
    const amount = Number(price) * Number(item.quantity)
    if (amount < 50) throw new Refused({ code: 'amount_too_small', param: 'amount' })
    if (amount > LARGEST) throw new Refused({ code: 'amount_too_large', param: 'amount' })
    if (currency === 'kpw') throw new Refused({ param: 'currency', message: 'Invalid currency: kpw' })
    if (fields.adaptive_pricing?.enabled !== 'false') throw new Error('the payer may choose another currency')
    const session = this.books.make(
      'checkout.session',
      {
        mode: fields.mode,
        status: 'open',
        payment_status: 'unpaid',
        client_reference_id: fields.client_reference_id ?? null,
        amount_total: amount,
        currency,
        metadata: fields.metadata ?? {},
        allowed_payment_method_types: fields.allowed_payment_method_types,
        expires_at: expires,
        payment_intent: null,
        success_url: fields.success_url,
        cancel_url: fields.cancel_url,
        intent: fields.payment_intent_data ?? { metadata: {} },
      },
      this.#now(),
    )
    session.url = `${this.#checkout}/c/pay/${session.id}`
    return session
  }

  #createRefund({ charge: id, payment_intent: intent, amount: sum, metadata = {} }: Fields): Thing {
    const charge =
      id === undefined
        ? this.books.all('charge').find((each) => each.payment_intent === intent)
        : this.books.find(id, 'charge')
    if (charge === undefined)
      throw new Refused({ code: 'resource_missing', param: 'charge' }, { status: 404 })
    if (charge.disputed) throw new Refused({ code: 'charge_disputed' }, { isKept: true })
    const amount = Number(sum ?? charge.amount - charge.amount_refunded)
    if (amount > charge.amount - charge.amount_refunded) {
      throw new Refused({ code: 'charge_already_refunded' }, { isKept: true })
    }
    return this.outside.refund(charge.id, amount, metadata)
  }

  #createTransfer({
    amount: sum,
    currency,
    destination,
    transfer_group: group,
    metadata = {},
  }: Fields): Thing {
    const account = this.#read('account', destination)
    if (account.capabilities.transfers !== 'active') {
      throw new Refused({ code: 'insufficient_capabilities_for_transfer' }, { isKept: true })
    }
    const amount = Number(sum)
    if (this.isBalancePending || this.books.balanceOf(currency) < amount) {
      throw new Refused({ code: 'balance_insufficient' }, { isKept: true })
    }
    const fields = {
      amount,
      currency,
      destination,
      transfer_group: group,
      metadata,
      amount_reversed: 0,
      reversed: false,
    }
    const transfer = this.books.make('transfer', fields, this.#now())
    this.books.book(transfer.id, -amount, currency, 0, this.#now())
    this.outside.tell('transfer.created', transfer)
    return transfer
  }
}

const IN_USE = {
  error: {
    type: 'invalid_request_error',
    code: 'idempotency_key_in_use',
    message: 'There is currently another in-progress request using this Idempotent Key.',
  },
}

const BROKEN = {
  status: 500,
  body: { error: { type: 'api_error', message: 'Something went wrong.' } },
  isKept: true,
}

const isWithin = (at: number, { gte = '0', lte = `${Number.MAX_SAFE_INTEGER}` }: Fields = {}): boolean =>
  at >= Number(gte) && at <= Number(lte)

/** The parts of `name` that stand for `*` in `pattern`; null if it is another request. */
function matches(pattern: string, name: string): string[] | null {
  const found = new RegExp(`^${pattern.replaceAll('*', '([^/]+)')}$`).exec(name)
  return found === null ? null : found.slice(1)
}

const json = (status: number, body: Fields, headers: Record<string, string> = {}): Response =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'request-id': 'req_fake', ...headers },
  })
