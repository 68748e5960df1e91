/**
 * A fake of Safaricom's Daraja: it checks each request as Daraja does, keeps the balance of every phone and of the short
 * code, and posts callbacks to the addresses that it was given. Nothing happens by itself: a payer acts by `pay` or
 * `decline`, the network by `settle`, and `report` posts what came of it. `misbehave` makes the next request go wrong.
 */
import { type FakeHost, neverAnswered, type Post, postOverHttp } from '../host.ts'
import { b2c } from './b2c.ts'
import { Controls } from './controls.ts'
import type { Body } from './forms.ts'
import { push } from './push.ts'
import { query } from './query.ts'
import { badRequest, errorAnswer, internalError, json, Refusal } from './refusal.ts'
import { reversal } from './reversal.ts'
import type { MpesaSettings } from './settings.ts'
import { status } from './status.ts'
import { Tokens } from './token.ts'

export type { Prompt, StatusQuery, Transfer } from './books.ts'
export { type CallbackChanges, callbackOf } from './push.ts'
export { MPESA_SETTINGS } from './settings.ts'

export const OPERATIONS = ['token', 'push', 'query', 'b2c', 'reversal', 'status'] as const
export type Operation = (typeof OPERATIONS)[number]

/**
 * `unreachable`: the request never arrives. `lost`: it takes effect, and its answer is lost. `500`: it takes no effect.
 * `500 after`: it takes effect. `busy`: the gateway refuses it (429). `refuse`: Daraja refuses it. `expired`: its token
 * has expired. `4999` and `processing`: a query says by that code or by 500.001.1001 that the payment is still processed,
 * whatever became of it. `down`: it takes no effect, and the code of the answer is that of a duplicate. `hang`: it takes effect,
 * and stays open until its sender gives up.
 */
export const FAULTS = [
  'unreachable',
  'lost',
  '500',
  '500 after',
  'busy',
  'refuse',
  'expired',
  '4999',
  'processing',
  'down',
  'hang',
] as const
export type Fault = (typeof FAULTS)[number]

export interface Recorded {
  operation: Operation
  // biome-ignore lint/suspicious/noExplicitAny: as it was sent
  body: any
  headers: Record<string, string>
}

const PATHS: Record<string, Operation> = {
  '/oauth/v1/generate': 'token',
  '/mpesa/stkpush/v1/processrequest': 'push',
  '/mpesa/stkpushquery/v1/query': 'query',
  '/mpesa/b2c/v3/paymentrequest': 'b2c',
  '/mpesa/reversal/v1/request': 'reversal',
  '/mpesa/transactionstatus/v1/query': 'status',
}

export class FakeMpesa extends Controls implements FakeHost {
  readonly hosts = ['sandbox.safaricom.co.ke', 'api.safaricom.co.ke']
  /** Every request, in the order of arrival. */
  readonly requests: Recorded[] = []
  readonly #tokens = new Tokens()
  readonly #faults: { operation: Operation; fault: Fault }[] = []

  constructor({
    post = postOverHttp,
    settings = {},
  }: { post?: Post; settings?: Partial<MpesaSettings> } = {}) {
    super(post, settings)
  }

  /** Forgets everything but the tokens that it gave out. */
  reset(): void {
    for (const list of [this.prompts, this.transfers, this.queries, this.requests, this.#faults])
      list.length = 0
    this.balances.clear()
    this.till = 0
  }

  /** Makes the next request of this kind go wrong. */
  misbehave(operation: Operation, fault: Fault): void {
    this.#faults.push({ operation, fault })
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#faults.length = 0
  }

  get faults(): readonly { operation: Operation; fault: Fault }[] {
    return this.#faults
  }

  async answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const operation = PATHS[pathname]
    if (operation === undefined)
      return json(404, { errorCode: '404.002.01', errorMessage: 'Resource not found' })
    const fault = this.#takeFault(operation)
    if (fault === 'unreachable') throw new TypeError('the network cannot be reached')
    if (fault === '500') return internalError()
    if (fault === 'down') {
      return errorAnswer(new Refusal(500, '500.002.1001', 'The service is not available'))
    }
    if (fault === 'busy') {
      return errorAnswer(new Refusal(429, '500.003.02', 'Spike arrest violation'))
    }
    try {
      const answer = await this.#handle(operation, request, fault)
      if (fault === 'lost') throw new TypeError('the answer was lost')
      if (fault === 'hang') {
        this.changed()
        return await neverAnswered(request)
      }
      return fault === '500 after' ? internalError() : answer
    } catch (error) {
      if (error instanceof Refusal) return errorAnswer(error)
      throw error
    } finally {
      this.changed()
    }
  }

  #takeFault(operation: Operation): Fault | undefined {
    const at = this.#faults.findIndex((each) => each.operation === operation)
    return at < 0 ? undefined : this.#faults.splice(at, 1)[0]!.fault
  }

  async #handle(operation: Operation, request: Request, fault: Fault | undefined): Promise<Response> {
    const headers = Object.fromEntries(request.headers)
    if (operation === 'token') {
      this.requests.push({ operation, body: null, headers })
      return this.#tokens.give(request, this.settings)
    }
    if (request.method !== 'POST') throw new Refusal(405, '405.001', 'Method Not Allowed')
    this.#tokens.check(request, fault === 'expired')
    const body = (await request.json()) as Body
    this.requests.push({ operation, body, headers })
    if (fault === 'refuse') throw badRequest('PhoneNumber')
    if (operation === 'push') return push(this, body)
    if (operation === 'query') return query(this, body, fault)
    if (operation === 'b2c') return b2c(this, body)
    return operation === 'reversal' ? reversal(this, body) : status(this, body)
  }
}
