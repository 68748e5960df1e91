// The world of a simulation: raffles and products on sale, people, their requests so far, and a bad network.
import { env } from 'cloudflare:workers'
import type { Bindings } from '../../src/core/context.ts'
import type { Provider } from '../../src/money/provider-name.ts'
import { chargeEvent, decideCharge, type SandboxAction } from '../../src/sandbox/charges.ts'
import type { RandomBelow } from '../../src/tickets/pool/allocator.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { type Answer, call, type Method } from '../harness/client.ts'
import { failingDatabase, forgetfulDatabase } from '../harness/faults.ts'
import {
  addOperator,
  type Organisation,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
} from '../harness/people.ts'
import { as, HOUR, iso, NOW, type Staged, stageRaffle, sweep } from '../raffles/scenario.ts'
import { seededBelow } from '../tickets/seeded-random.ts'
import { audit } from './invariants.ts'
import { Mailer } from './mailer.ts'

/** A try to pay. The response fills in the payment. */
export interface Try {
  key: string
  body: { provider: Provider; phone?: string }
  paymentId: string | null
  /** The path of the sandbox's page; null by any other provider. */
  page: string | null
  /** Whether the payer has acted on it. */
  isTouched: boolean
}

/** A request for an order, whether it succeeded or not: later choices never depend on the outcome. */
export interface OrderRequest {
  buyer: Person
  key: string
  path: '/orders' | '/tickets/purchase'
  body: { payment: Try['body'] } & Record<string, unknown>
  orderId: string | null
  tries: Try[]
  /** Whether anybody has tried to pay for it. */
  isPaying: boolean
}

/** An order that the other shop reports to us. */
export interface ShopOrder {
  orderRef: string
  body: { orderRef: string; amount: { amount: number; currency: string } } & Record<string, unknown>
  /** Whether we have acknowledged it. */
  isAcknowledged: boolean
}

/** A webhook that the sandbox sends late. Empty before the payer acts, or if it was sent at once or lost. */
export interface Webhook {
  body: string | null
  headers: () => Headers
}

export const newWebhook = (): Webhook => ({ body: null, headers: () => new Headers() })

export const CURRENCY = 'KES'
const BUYERS_MIN = 8

/** How a request is sent. */
interface More {
  /** Its idempotency key. */
  key?: string
  /** The database that it works on, instead of the worker's own. */
  DB?: D1Database
}
/** All that the raffles of `build` can lack. */
export const GUARANTEE_LIMIT = 5_013 + 317
const EVERY_PROVIDER = ['sandbox', 'manual', 'mpesa', 'mpesa', 'mpesa', 'stripe', 'stripe', 'stripe'] as const
export const SANDBOX_DOWN = 'the network to the sandbox is down'
export const ANSWER_LOST = 'the response of the sandbox was lost'
/** A database whose every call fails. */
const dead = failingDatabase(SANDBOX_DOWN)
const deadStatement = dead.prepare('')

/** The worker's database, but every call to the sandbox's tables fails. */
const WITHOUT_SANDBOX = {
  prepare: (query: string) => (/sandbox_/.test(query) ? deadStatement : env.DB.prepare(query)),
  batch: (statements: D1PreparedStatement[]) =>
    statements.includes(deadStatement) ? dead.batch(statements) : env.DB.batch(statements),
} as unknown as D1Database

/** The worker's database, but the response of every call to the sandbox's tables is lost. */
const FORGETFUL_SANDBOX = forgetfulDatabase(env.DB, Number.POSITIVE_INFINITY, {
  of: (query) => /sandbox_/.test(query),
  message: ANSWER_LOST,
}).DB

export class World {
  readonly below: RandomBelow
  /** The moves so far, to be shown with a failure. */
  readonly steps: string[] = []
  readonly orderRequests: OrderRequest[] = []
  readonly webhooks: Webhook[] = []
  readonly shopOrders: ShopOrder[] = []
  /** References of the other shop's orders whose entries it has revoked. */
  readonly takenBack = new Set<string>()
  readonly wrong: string[] = []
  /** How often each thing was done. */
  readonly done = new Map<string, number>()
  /** Winners who will never claim. */
  readonly forgotten = new Set<string>()
  /** Payout methods, by person and place. */
  readonly methods = new Map<string, Promise<string | null>>()
  buyers: Person[] = []
  /** The raffles whose tickets are sold. */
  raffles: Staged[] = []
  /** The raffle whose entries the organisation's orders earn. */
  earned!: Staged
  products: string[] = []
  /** Units put into stock, by product. */
  readonly stock = new Map<string, number>()
  readonly mailer = new Mailer()
  organisation!: Organisation
  /** Approves the payouts that the organisation's first operator requests. */
  approver!: Person
  /** Whether raffles may end early from now on. */
  isLate = false
  /** Whether people pay and are paid by M-Pesa and Stripe too. */
  isEverywhere = false
  /** What happens at M-Pesa and Stripe before a sweep of the end. */
  meanwhile = async (): Promise<void> => {}
  /** What people do about payments by M-Pesa and Stripe in each round of the end. */
  manage = async (): Promise<void> => {}
  /** Accounts at Stripe, by the id of their owner. */
  readonly accounts = new Map<string, string>()
  /** Until when the sandbox cannot be reached. */
  downUntil = 0
  /** Until when the sandbox's responses are lost after it has acted. */
  answersLostUntil = 0
  #keys = 0
  /** The other shop's API key. */
  #apiKey = ''

  constructor(seed: number) {
    this.below = seededBelow(seed)
    // The first numbers of neighbouring seeds are alike.
    for (let skip = 0; skip < 5; skip++) this.below(2)
  }

  chance = (percent: number): boolean => this.below(100) < percent
  pick = <Item>(items: readonly Item[]): Item | undefined => items[this.below(Math.max(1, items.length))]
  /** By which a payout is paid. */
  pickProvider = (): Provider => this.#pickProvider(70)
  /** By which a buyer pays. */
  pickPaidBy = (): Provider => this.#pickProvider(80)
  newKey = (): string => `sim-${++this.#keys}`

  #pickProvider(sandboxPercent: number): Provider {
    if (this.isEverywhere) return this.pick(EVERY_PROVIDER)!
    return this.chance(sandboxPercent) ? 'sandbox' : 'manual'
  }

  phoneOf = (buyer: Person): string => `+25470000${1_000 + this.buyers.indexOf(buyer)}`

  /** Where M-Pesa or Stripe pays a buyer or the organisation; another provider pays to `other`. */
  destinationOf(provider: Provider, ownerId: string, other: string): string {
    if (provider === 'stripe') return this.accounts.get(ownerId) ?? other
    const buyer = this.buyers.find(({ id }) => id === ownerId)
    if (provider === 'mpesa') return buyer === undefined ? '+254700009999' : this.phoneOf(buyer)
    return other
  }

  get operator(): Person {
    return this.organisation.operator
  }

  get isDown(): boolean {
    return Date.now() < Math.max(this.downUntil, this.answersLostUntil)
  }

  get bindings(): { bindings?: Partial<Bindings> } {
    if (!this.isDown) return {}
    return { bindings: { DB: Date.now() < this.downUntil ? WITHOUT_SANDBOX : FORGETFUL_SANDBOX } }
  }

  bringSandboxBack(): void {
    this.downUntil = 0
    this.answersLostUntil = 0
  }

  /** Counts what has succeeded, so that a run shows what it covers. */
  count(what: string): void {
    this.done.set(what, (this.done.get(what) ?? 0) + 1)
  }

  note(what: string): void {
    this.steps.push(`${iso(Date.now()).slice(11, 19)} ${what}`)
  }

  recordRestock(productId: string, units: number): void {
    this.stock.set(productId, this.stock.get(productId)! + units)
  }

  /** People and products, without raffles. */
  async buildShop(): Promise<void> {
    this.organisation = await organisationWithOperator()
    this.approver = await addOperator(this.organisation.id)
    const limits = `/organisations/${this.organisation.id}/guarantee-limits/${CURRENCY}`
    await as(await signedInAdmin(), 'PUT', limits, { amount: GUARANTEE_LIMIT })
    const count = BUYERS_MIN + this.below(5)
    // Grants to an address that is not proved wait for its proof.
    this.buyers = await Promise.all(
      Array.from({ length: count }, (_, index) => registerPlayer({ isProved: index % 2 === 1 })),
    )
    await this.#fillShelf('Book', 650, 5 + this.below(6))
    await this.#fillShelf('Speaker', 2_017, 1 + this.below(2))
  }

  async build(): Promise<void> {
    await this.buildShop()
    const terms: Record<string, unknown>[] = [this.#sequential(), this.#random()]
    if (this.chance(70)) terms.push(this.#chosen())
    this.raffles = await Promise.all(terms.map((each) => stageRaffle(each, this.organisation)))
    this.earned = await stageRaffle(this.#earned(), this.organisation)
    const key = { name: 'The other shop', scopes: ['grants:write'] }
    const made = await this.call(
      this.operator,
      'POST',
      `/organisations/${this.organisation.id}/api-keys`,
      key,
    )
    this.#apiKey = made.body.key
  }

  async #fillShelf(title: string, amount: number, stock: number): Promise<void> {
    const terms = { title, price: { amount, currency: CURRENCY }, stock }
    const { id } = await stageProduct(terms, this.organisation)
    this.products.push(id)
    this.stock.set(id, stock)
  }

  #earned() {
    const { providers: _, ...times } = this.#times(2 + this.below(3))
    const byOrder = { per: 'order', minAmount: 600, oncePerPerson: this.chance(50) }
    const byAmount = { per: 'amount', amountPerEntry: 900, maxPerOrder: 3 }
    return {
      ...times,
      ...this.#redraws(),
      title: 'Earned',
      totalTickets: 10 + this.below(40),
      numbering: this.pick(['sequential', 'random']),
      entry: 'order',
      earning: this.chance(50) ? byOrder : byAmount,
    }
  }

  /** The sandbox fails the first refund of one ticket, and the first payout of some cash prizes. */
  #sequential() {
    return {
      ...this.#times(2 + this.below(3)),
      ...this.#redraws(),
      title: 'Sequential',
      ticketPrice: { amount: 1_013, currency: CURRENCY },
      totalTickets: 15 + this.below(35),
      maxPerUser: this.chance(50) ? 6 : null,
      numbering: 'sequential',
      guaranteed: true,
      rakeBps: this.pick([0, 750, 333]),
      earlyClose: this.pick(['soldOut', 'operator']),
      prizes: [
        {
          title: 'Cash',
          quantity: 1,
          kind: 'cash',
          value: { amount: this.chance(50) ? 5_013 : 5_000, currency: CURRENCY },
        },
        { title: 'A book', quantity: 1, productId: this.products[0] },
      ],
    }
  }

  /** The sandbox pays a refund of one ticket late. Below its minimum, the raffle is cancelled. */
  #random() {
    return {
      ...this.#times(2 + this.below(3)),
      ...this.#redraws(),
      title: 'Random',
      ticketPrice: { amount: 517, currency: CURRENCY },
      totalTickets: 15 + this.below(35),
      maxPerUser: this.chance(30) ? 8 : null,
      numbering: 'random',
      minTickets: this.below(12),
      rakeBps: this.pick([0, 777]),
      winPolicy: this.pick(['perTicket', 'perHolder']),
      prizes: [{ title: 'A share', quantity: 3, kind: 'share', value: { shareBps: 2_111 } }],
    }
  }

  #chosen() {
    return {
      ...this.#times(1),
      ...this.#redraws(),
      title: 'Chosen',
      ticketPrice: { amount: 300, currency: CURRENCY },
      totalTickets: 25,
      maxPerUser: 5,
      numbering: 'chosen',
      prizes: [{ title: 'Cash', quantity: 1, kind: 'cash', value: { amount: 317, currency: CURRENCY } }],
      guaranteed: true,
    }
  }

  #redraws() {
    return {
      claimDays: 1 + this.below(2),
      onUnclaimed: this.chance(75) ? 'redraw' : 'keep',
      maxRedraws: 1 + this.below(2),
    }
  }

  #times(hours: number) {
    return {
      closesAt: iso(NOW + hours * HOUR),
      drawAt: iso(NOW + (hours + 1) * HOUR),
      providers: ['sandbox', 'manual'],
    }
  }

  /** Calls the API as `person`, over a network that may be down. A 5xx is a failure unless it is down. */
  call(
    person: Person,
    method: Method,
    path: string,
    body?: unknown,
    more: string | More = {},
  ): Promise<Answer> {
    const { key, DB } = typeof more === 'string' ? { key: more } : more
    const over = DB === undefined ? this.bindings : { bindings: { DB } }
    return this.#flagServerError(`${method} ${path}`, () =>
      as(person, method, path, body, { headers: keyed(key), ...over }),
    )
  }

  /** Calls the API as the other shop's program. */
  callAsShop(method: Method, path: string, body?: unknown, key?: string): Promise<Answer> {
    const options = { token: this.#apiKey, body, headers: keyed(key), ...this.bindings }
    return this.#flagServerError(`${method} ${path}`, () => call(method, `/api/v1${path}`, options))
  }

  async #flagServerError(what: string, send: () => Promise<Answer>): Promise<Answer> {
    const wasDown = this.isDown
    const answer = await send()
    // A provider that cannot be reached is reported as such.
    const isProvider = this.isEverywhere && answer.status === 503
    if (answer.status >= 500 && !wasDown && !isProvider) {
      this.wrong.push(`${what} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    }
    return answer
  }

  /** Sends a request for an order, for the first time or again. */
  async placeOrder(request: OrderRequest): Promise<void> {
    const { status, body } = await this.call(request.buyer, 'POST', request.path, request.body, request.key)
    this.note(`  order ${this.orderRequests.indexOf(request)} → ${status} ${status < 400 ? '' : body.code}`)
    if (status !== 201) return
    const order = request.path === '/orders' ? body : body.order
    if (request.orderId !== null && request.orderId !== order.id) {
      this.wrong.push(`the key ${request.key} made both ${request.orderId} and ${order.id}`)
    }
    request.orderId = order.id
    if (request.tries[0]!.paymentId === null) fill(request.tries[0]!, order.payment)
  }

  async payAgain(request: OrderRequest, again: Try): Promise<void> {
    if (request.orderId === null) return
    const { status, body } = await this.call(
      request.buyer,
      'POST',
      `/orders/${request.orderId}/pay`,
      again.body,
      again.key,
    )
    this.note(
      `  pay again for ${this.orderRequests.indexOf(request)} → ${status} ${status < 400 ? '' : body.code}`,
    )
    if (status === 201) fill(again, body.payment)
  }

  /** The payer presses a button of the page. The page sends the webhook itself, unless the network is down. */
  async decide(
    page: string,
    action: SandboxAction,
    delivery: 'now' | 'late' | 'lost',
    webhook: Webhook,
  ): Promise<void> {
    if (delivery === 'now' && !this.isDown) {
      const { status } = await call('POST', page, { form: { action } })
      if (status >= 500) this.wrong.push(`the sandbox’s page answered ${status}`)
      return
    }
    const [id, token] = page.split('/').slice(-2)
    const ctx = testContext()
    // A stopped charge is no longer polled. Only a webhook can report its payment, so that webhook may be late, never lost.
    const statement = env.DB.prepare('SELECT status FROM sandbox_charges WHERE id = ?').bind(id)
    const before = await statement.first('status')
    const charge = await decideCharge(ctx, { id: id!, token: token! }, action)
    if (delivery === 'lost' && before === 'open') return
    webhook.body = chargeEvent(ctx, charge).body
    webhook.headers = () => chargeEvent(testContext(), charge).headers
  }

  /** A delivered webhook is kept, so that it can arrive twice. */
  async deliver({ body, headers }: Webhook): Promise<void> {
    if (body === null) return
    const { status } = await call('POST', '/api/v1/payments/sandbox/webhook', {
      raw: body,
      headers: Object.fromEntries(headers()),
      ...this.bindings,
    })
    if (status !== 200) this.wrong.push(`a webhook was answered ${status}`)
  }

  sweep = (): Promise<void> => sweep({ ...this.mailer.bindings, ...this.bindings.bindings })

  /** The failures of the audit, now or once everything has settled. */
  audit = (settled: boolean): Promise<string[]> =>
    audit(env, {
      settled,
      stock: this.stock,
      mailed: this.mailer.taken,
      takenBack: this.takenBack,
    })
}

const keyed = (key: string | undefined): Record<string, string> =>
  key === undefined ? {} : { 'idempotency-key': key }

function fill(tried: Try, payment: { id: string; checkoutUrl: string | null }): void {
  tried.paymentId = payment.id
  const isSandbox = tried.body.provider === 'sandbox' && payment.checkoutUrl !== null
  tried.page = isSandbox ? new URL(payment.checkoutUrl!).pathname : null
}
