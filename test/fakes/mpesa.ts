/**
 * A fake of Safaricom's Daraja: it checks each request as Daraja does, keeps the balance of every phone and of the short
 * code, and posts callbacks to the addresses that it was given. Nothing happens by itself: a payer acts by `pay` or
 * `decline`, the network by `settle`, and `report` posts what came of it. `misbehave` makes the next request go wrong.
 */
import type { FakeHost, Post } from './host.ts'
import { postOverHttp } from './host.ts'

/** The settings that the fake accepts. */
export const MPESA_SETTINGS = {
  MPESA_URL: 'https://sandbox.safaricom.co.ke',
  MPESA_CONSUMER_KEY: 'a-consumer-key-of-the-fake',
  MPESA_CONSUMER_SECRET: 'a-consumer-secret-of-the-fake',
  MPESA_SHORT_CODE: '174379',
  MPESA_PASSKEY: 'a-passkey-of-the-fake',
  MPESA_INITIATOR: 'testapi',
  MPESA_SECURITY_CREDENTIAL: 'c2VjdXJpdHkgY3JlZGVudGlhbCBvZiB0aGUgZmFrZQ==',
} as const

export type Operation = 'token' | 'push' | 'query' | 'b2c' | 'reversal' | 'status'

/**
 * `unreachable`: the request never arrives. `lost`: it takes effect, and its answer is lost. `500`: it takes no effect.
 * `500 after`: it takes effect. `busy`: the gateway refuses it (429). `refuse`: Daraja refuses it. `expired`: its token
 * has expired. `processing`: a query is answered by 500.001.1001 instead of 4999. `down`: it takes no effect, and the code
 * of the answer is that of a duplicate.
 */
export type Fault =
  | 'unreachable'
  | 'lost'
  | '500'
  | '500 after'
  | 'busy'
  | 'refuse'
  | 'expired'
  | 'processing'
  | 'down'

/** A prompt on a phone. */
export interface Prompt {
  MerchantRequestID: string
  CheckoutRequestID: string
  /** In whole shillings. */
  amount: number
  /** 254… */
  phone: string
  callBackUrl: string
  accountReference: string
  description: string
  promptedAt: number
  /** The result; null: the payer has not answered yet. */
  code: number | null
  receipt: string | null
  /** Whether its money went back by a reversal. */
  reversed: boolean
}

/** Money on its way to a phone. */
export interface Transfer {
  kind: 'b2c' | 'reversal'
  OriginatorConversationID: string
  ConversationID: string
  amount: number
  phone: string
  /** The receipt that is reversed. */
  reverses: string | null
  resultUrl: string
  timeOutUrl: string
  /** The result; null: it is under way. */
  code: number | string | null
  transactionId: string | null
}

/** A status query whose result was not posted yet. */
export interface StatusQuery {
  OriginatorConversationID: string
  ConversationID: string
  /** Our OriginatorConversationID of the transfer, or a receipt. */
  about: string
  resultUrl: string
}

export interface Recorded {
  operation: Operation
  // biome-ignore lint/suspicious/noExplicitAny: as it was sent
  body: any
  headers: Record<string, string>
}

const RESULT_TEXTS: Record<string, string> = {
  0: 'The service request is processed successfully.',
  1: 'The balance is insufficient for the transaction.',
  1019: 'Transaction has expired',
  1032: 'Request cancelled by user',
  1037: 'DS timeout user cannot be reached',
  2001: 'The initiator information is invalid.',
  R000001: 'The transaction has already been reversed.',
}

const PATHS: Record<string, Operation> = {
  '/oauth/v1/generate': 'token',
  '/mpesa/stkpush/v1/processrequest': 'push',
  '/mpesa/stkpushquery/v1/query': 'query',
  '/mpesa/b2c/v3/paymentrequest': 'b2c',
  '/mpesa/reversal/v1/request': 'reversal',
  '/mpesa/transactionstatus/v1/query': 'status',
}

const TOKEN_SECONDS = 3_599
const NAIROBI_MS = 3 * 3_600_000
const START_BALANCE = 100_000
const PHONE = /^254[17]\d{8}$/
/** Daraja refuses a timestamp that is far from its own clock. */
const CLOCK_MS = 10 * 60_000

class Refusal extends Error {
  readonly status: number
  readonly errorCode: string

  constructor(status: number, errorCode: string, message: string) {
    super(message)
    this.status = status
    this.errorCode = errorCode
  }
}

const badRequest = (what: string) => new Refusal(400, '400.002.02', `Bad Request - Invalid ${what}`)

export class FakeMpesa implements FakeHost {
  readonly hosts = ['sandbox.safaricom.co.ke', 'api.safaricom.co.ke']
  readonly prompts: Prompt[] = []
  readonly transfers: Transfer[] = []
  readonly queries: StatusQuery[] = []
  /** Every request, in the order of arrival. */
  readonly requests: Recorded[] = []
  /** What each phone has, in shillings. */
  readonly balances = new Map<string, number>()
  /** What the short code has: what was paid, less what was sent. */
  till = 0
  /** Called after each change, so that a page can show it. */
  changed: () => void = () => {}
  readonly #settings: Record<keyof typeof MPESA_SETTINGS, string>
  readonly #post: Post
  readonly #tokens = new Map<string, number>()
  readonly #faults: { operation: Operation; fault: Fault }[] = []

  constructor({
    post = postOverHttp,
    settings = {},
  }: { post?: Post; settings?: Partial<Record<keyof typeof MPESA_SETTINGS, string>> } = {}) {
    this.#post = post
    this.#settings = { ...MPESA_SETTINGS, ...settings }
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

  get faults(): readonly { operation: Operation; fault: Fault }[] {
    return this.#faults
  }

  // ——— The payer ———

  /** The payer enters the PIN. Without enough money the result is 1. */
  pay(prompt: Prompt): void {
    if (prompt.code === 0) return
    const balance = this.balanceOf(prompt.phone)
    if (balance < prompt.amount) {
      this.decline(prompt, 1)
      return
    }
    prompt.code = 0
    prompt.receipt = newReceipt()
    this.#move(prompt.phone, -prompt.amount)
    this.changed()
  }

  /** 1032: cancelled; 1037: no answer; 2001: wrong PIN; 1: no funds. 4999 and others: as the test needs. */
  decline(prompt: Prompt, code: number): void {
    if (prompt.code === 0) return
    prompt.code = code
    this.changed()
  }

  balanceOf(phone: string): number {
    return this.balances.get(phone) ?? START_BALANCE
  }

  #move(phone: string, amount: number): void {
    this.balances.set(phone, this.balanceOf(phone) + amount)
    this.till -= amount
  }

  // ——— The network ———

  /** Decides a transfer. Code 0 moves its money. */
  settle(transfer: Transfer, code: number | string = 0): void {
    if (transfer.code !== null) return
    transfer.code = this.#resultOf(transfer, code)
    transfer.transactionId = newReceipt()
    if (transfer.code === 0) {
      this.#move(transfer.phone, transfer.amount)
      const prompt = this.prompts.find(({ receipt }) => receipt !== null && receipt === transfer.reverses)
      if (prompt !== undefined) prompt.reversed = true
    }
    this.changed()
  }

  #resultOf(transfer: Transfer, code: number | string): number | string {
    if (code !== 0) return code
    const prompt = this.prompts.find(({ receipt }) => receipt !== null && receipt === transfer.reverses)
    if (prompt?.reversed) return 'R000001'
    return this.till < transfer.amount ? 1 : 0
  }

  /** Posts the callback of an answered prompt, with these changes. */
  reportPrompt(prompt: Prompt, changes: CallbackChanges = {}): Promise<void> {
    return this.#post(prompt.callBackUrl, callbackOf(prompt, changes))
  }

  /** Posts the result of a decided transfer. */
  reportTransfer(transfer: Transfer, code = transfer.code): Promise<void> {
    return this.#post(transfer.resultUrl, resultOf(transfer, code ?? 0))
  }

  /** Reports that a queue timed out. The transfer may still go through. */
  reportTimeOut(transfer: Transfer): Promise<void> {
    return this.#post(transfer.timeOutUrl, {
      Result: {
        ResultType: 1,
        ResultCode: 1,
        ResultDesc: 'The service request timed out.',
        OriginatorConversationID: transfer.OriginatorConversationID,
        ConversationID: transfer.ConversationID,
        TransactionID: '',
      },
    })
  }

  /** Posts the results of all status queries. */
  async reportQueries(): Promise<void> {
    for (const query of this.queries.splice(0)) {
      const transfer = this.transfers.find(
        (each) =>
          each.OriginatorConversationID === query.about ||
          (each.transactionId !== null && each.transactionId === query.about),
      )
      await this.#post(query.resultUrl, statusResultOf(query, transfer))
    }
  }

  /** What a test does most: the payer pays, and the callback comes. */
  async confirm(prompt: Prompt, changes: CallbackChanges = {}): Promise<void> {
    this.pay(prompt)
    await this.reportPrompt(prompt, changes)
  }

  /** The payer declines, and the callback comes. */
  async cancel(prompt: Prompt, code = 1032): Promise<void> {
    this.decline(prompt, code)
    await this.reportPrompt(prompt)
  }

  /** The network decides a transfer, and its result comes. */
  async complete(transfer: Transfer, code: number | string = 0): Promise<void> {
    this.settle(transfer, code)
    await this.reportTransfer(transfer)
  }

  // ——— Requests ———

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
    if (operation === 'token') return this.#token(request)
    if (request.method !== 'POST') throw new Refusal(405, '405.001', 'Method Not Allowed')
    this.#checkToken(request, fault === 'expired')
    const body = (await request.json()) as Record<string, unknown>
    this.requests.push({ operation, body, headers: Object.fromEntries(request.headers) })
    if (fault === 'refuse') throw badRequest('PhoneNumber')
    if (operation === 'push') return this.#push(body)
    if (operation === 'query') return this.#query(body, fault)
    if (operation === 'b2c') return this.#b2c(body)
    return operation === 'reversal' ? this.#reversal(body) : this.#status(body)
  }

  #token(request: Request): Response {
    const { MPESA_CONSUMER_KEY: key, MPESA_CONSUMER_SECRET: secret } = this.#settings
    this.requests.push({ operation: 'token', body: null, headers: Object.fromEntries(request.headers) })
    const url = new URL(request.url)
    if (url.searchParams.get('grant_type') !== 'client_credentials') {
      throw new Refusal(400, '400.008.02', 'Invalid grant type passed')
    }
    if (request.headers.get('authorization') !== `Basic ${btoa(`${key}:${secret}`)}`) {
      throw new Refusal(400, '400.008.01', 'Invalid Authentication passed')
    }
    const token = crypto.randomUUID().replaceAll('-', '')
    this.#tokens.set(token, Date.now() + TOKEN_SECONDS * 1_000)
    return json(200, { access_token: token, expires_in: String(TOKEN_SECONDS) })
  }

  #checkToken(request: Request, isExpired: boolean): void {
    const token = (request.headers.get('authorization') ?? '').replace(/^Bearer /, '')
    if (isExpired) this.#tokens.delete(token)
    if ((this.#tokens.get(token) ?? 0) <= Date.now()) {
      throw new Refusal(401, '404.001.03', 'Invalid Access Token')
    }
  }

  #push(body: Record<string, unknown>): Response {
    this.#checkPassword(body)
    const { Amount, PartyA, PartyB, PhoneNumber, CallBackURL, AccountReference, TransactionDesc } = body
    if (body.TransactionType !== 'CustomerPayBillOnline') throw badRequest('TransactionType')
    const amount = wholeAmount(Amount)
    if (!PHONE.test(String(PhoneNumber)) || PartyA !== PhoneNumber) throw badRequest('PhoneNumber')
    if (String(PartyB) !== this.#settings.MPESA_SHORT_CODE) throw badRequest('PartyB')
    if (!isAddress(CallBackURL)) throw badRequest('CallBackURL')
    if (!isText(AccountReference, 12)) throw badRequest('AccountReference')
    if (!isText(TransactionDesc, 13)) throw badRequest('TransactionDesc')
    const prompt: Prompt = {
      MerchantRequestID: newMerchantId(),
      CheckoutRequestID: `ws_CO_${timestamp(Date.now())}${crypto.randomUUID().slice(0, 12)}`,
      amount,
      phone: String(PhoneNumber),
      callBackUrl: String(CallBackURL),
      accountReference: String(AccountReference),
      description: String(TransactionDesc),
      promptedAt: Date.now(),
      code: null,
      receipt: null,
      reversed: false,
    }
    this.prompts.push(prompt)
    return json(200, {
      MerchantRequestID: prompt.MerchantRequestID,
      CheckoutRequestID: prompt.CheckoutRequestID,
      ResponseCode: '0',
      ResponseDescription: 'Success. Request accepted for processing',
      CustomerMessage: 'Success. Request accepted for processing',
    })
  }

  #query(body: Record<string, unknown>, fault: Fault | undefined): Response {
    this.#checkPassword(body)
    const prompt = this.prompts.find(({ CheckoutRequestID }) => CheckoutRequestID === body.CheckoutRequestID)
    if (prompt === undefined) throw badRequest('CheckoutRequestID')
    if (fault === 'processing') {
      throw new Refusal(500, '500.001.1001', 'The transaction is being processed')
    }
    const code = prompt.code ?? 4999
    return json(200, {
      ResponseCode: '0',
      ResponseDescription: 'The service request has been accepted successsfully',
      MerchantRequestID: prompt.MerchantRequestID,
      CheckoutRequestID: prompt.CheckoutRequestID,
      ResultCode: String(code),
      ResultDesc: textOf(code),
    })
  }

  #checkPassword({ BusinessShortCode, Password, Timestamp }: Record<string, unknown>): void {
    const { MPESA_SHORT_CODE: shortCode, MPESA_PASSKEY: passkey } = this.#settings
    if (String(BusinessShortCode) !== shortCode) throw badRequest('BusinessShortCode')
    if (typeof Timestamp !== 'string' || !isNear(Timestamp)) throw badRequest('Timestamp')
    if (Password !== btoa(`${shortCode}${passkey}${Timestamp}`)) {
      throw new Refusal(500, '500.001.1001', 'Wrong credentials')
    }
  }

  #b2c(body: Record<string, unknown>): Response {
    const { OriginatorConversationID: id, InitiatorName, CommandID, Amount, PartyA, PartyB } = body
    this.#checkInitiator(InitiatorName, body)
    if (!isText(id, 64) || !/^[\w-]+$/.test(String(id))) throw badRequest('OriginatorConversationID')
    if (CommandID !== 'PromotionPayment') throw badRequest('CommandID')
    if (String(PartyA) !== this.#settings.MPESA_SHORT_CODE) throw badRequest('PartyA')
    if (!PHONE.test(String(PartyB))) throw badRequest('PartyB')
    if (this.transfers.some((each) => each.OriginatorConversationID === id)) {
      throw new Refusal(500, '500.002.1001', 'Duplicate OriginatorConversationID.')
    }
    return this.#accept({
      kind: 'b2c',
      OriginatorConversationID: String(id),
      amount: wholeAmount(Amount),
      phone: String(PartyB),
      reverses: null,
      ...addressesOf(body),
    })
  }

  #reversal(body: Record<string, unknown>): Response {
    this.#checkInitiator(body.Initiator, body)
    if (body.CommandID !== 'TransactionReversal') throw badRequest('CommandID')
    if (String(body.ReceiverParty) !== this.#settings.MPESA_SHORT_CODE) throw badRequest('ReceiverParty')
    if (String(body.RecieverIdentifierType) !== '11') throw badRequest('RecieverIdentifierType')
    const amount = wholeAmount(body.Amount)
    const prompt = this.prompts.find(({ receipt }) => receipt !== null && receipt === body.TransactionID)
    if (prompt === undefined || prompt.amount !== amount) throw badRequest('TransactionID')
    return this.#accept({
      kind: 'reversal',
      OriginatorConversationID: newMerchantId(),
      amount,
      phone: prompt.phone,
      reverses: prompt.receipt,
      ...addressesOf(body),
    })
  }

  #accept(request: Omit<Transfer, 'ConversationID' | 'code' | 'transactionId'>): Response {
    const transfer = { ...request, ConversationID: newConversationId(), code: null, transactionId: null }
    this.transfers.push(transfer)
    return json(200, accepted(transfer))
  }

  #status(body: Record<string, unknown>): Response {
    this.#checkInitiator(body.Initiator, body)
    const { CommandID, IdentifierType, TransactionID, OriginatorConversationID: id } = body
    if (CommandID !== 'TransactionStatusQuery') throw badRequest('CommandID')
    if (String(IdentifierType) !== '4') throw badRequest('IdentifierType')
    if (String(body.PartyA) !== this.#settings.MPESA_SHORT_CODE) throw badRequest('PartyA')
    const query = {
      OriginatorConversationID: newMerchantId(),
      ConversationID: newConversationId(),
      about: String(TransactionID ?? id),
      resultUrl: addressesOf(body).resultUrl,
    }
    this.queries.push(query)
    return json(200, accepted(query))
  }

  #checkInitiator(name: unknown, { SecurityCredential, Remarks, Occasion }: Record<string, unknown>): void {
    if (name !== this.#settings.MPESA_INITIATOR) throw badRequest('Initiator')
    if (SecurityCredential !== this.#settings.MPESA_SECURITY_CREDENTIAL)
      throw badRequest('SecurityCredential')
    if (!isText(Remarks, 100)) throw badRequest('Remarks')
    if (typeof Occasion !== 'string') throw badRequest('Occasion')
  }
}

// ——— What is posted ———

/** What a callback says differently from what happened. */
export interface CallbackChanges {
  code?: number
  amount?: number
  phone?: string
  receipt?: string
  checkoutRequestId?: string
  /** Items without a value, by their names. */
  without?: readonly string[]
}

/** The callback of a prompt, as Daraja writes it. */
export function callbackOf(prompt: Prompt, changes: CallbackChanges = {}) {
  const { MerchantRequestID, CheckoutRequestID, receipt } = prompt
  const code = changes.code ?? prompt.code ?? 4999
  const item = (Name: string, Value?: unknown) =>
    Value === undefined || changes.without?.includes(Name) ? { Name } : { Name, Value }
  return {
    Body: {
      stkCallback: {
        MerchantRequestID,
        CheckoutRequestID: changes.checkoutRequestId ?? CheckoutRequestID,
        ResultCode: code,
        ResultDesc: textOf(code),
        ...(code === 0
          ? {
              CallbackMetadata: {
                Item: [
                  item('Amount', changes.amount ?? prompt.amount),
                  item('MpesaReceiptNumber', changes.receipt ?? receipt ?? newReceipt()),
                  item('Balance'),
                  item('TransactionDate', Number(timestamp(Date.now()))),
                  item('PhoneNumber', Number(changes.phone ?? prompt.phone)),
                ],
              },
            }
          : {}),
      },
    },
  }
}

function resultOf(transfer: Transfer, code: number | string) {
  const { OriginatorConversationID, ConversationID, amount, phone, transactionId } = transfer
  return {
    Result: {
      ResultType: 0,
      ResultCode: code,
      ResultDesc: textOf(code),
      OriginatorConversationID,
      ConversationID,
      TransactionID: transactionId ?? newReceipt(),
      ...(code === 0
        ? {
            ResultParameters: {
              ResultParameter: [
                { Key: transfer.kind === 'b2c' ? 'TransactionAmount' : 'Amount', Value: amount },
                { Key: 'TransactionReceipt', Value: transactionId },
                { Key: 'ReceiverPartyPublicName', Value: `${phone} - Jane Doe` },
              ],
            },
          }
        : {}),
      ReferenceData: { ReferenceItem: { Key: 'QueueTimeoutURL', Value: transfer.timeOutUrl } },
    },
  }
}

function statusResultOf(query: StatusQuery, transfer: Transfer | undefined) {
  const { OriginatorConversationID, ConversationID } = query
  const known = { ResultType: 0, OriginatorConversationID, ConversationID, TransactionID: newReceipt() }
  if (transfer === undefined) {
    return { Result: { ...known, ResultCode: 1, ResultDesc: 'The transaction does not exist' } }
  }
  const status = transfer.code === null ? 'Pending' : transfer.code === 0 ? 'Completed' : 'Failed'
  return {
    Result: {
      ...known,
      ResultCode: 0,
      ResultDesc: textOf(0),
      ResultParameters: {
        ResultParameter: [
          { Key: 'ReceiptNo', Value: transfer.transactionId },
          { Key: 'Amount', Value: transfer.amount },
          { Key: 'TransactionStatus', Value: status },
        ],
      },
      ReferenceData: { ReferenceItem: { Key: 'Occasion', Value: '' } },
    },
  }
}

const accepted = (ids: { OriginatorConversationID: string; ConversationID: string }) => ({
  ConversationID: ids.ConversationID,
  OriginatorConversationID: ids.OriginatorConversationID,
  ResponseCode: '0',
  ResponseDescription: 'Accept the service request successfully.',
})

// ——— Forms ———

const json = (status: number, body: unknown): Response => Response.json(body, { status })

const errorAnswer = ({ status, errorCode, message }: Refusal): Response =>
  json(status, { requestId: newMerchantId(), errorCode, errorMessage: message })

const internalError = (): Response =>
  new Response('<html><body>Internal Server Error</body></html>', {
    status: 500,
    headers: { 'content-type': 'text/html' },
  })

const textOf = (code: number | string): string => RESULT_TEXTS[code] ?? `Result ${code}`

function wholeAmount(amount: unknown): number {
  if (!/^[1-9]\d{0,8}$/.test(String(amount))) throw badRequest('Amount')
  return Number(amount)
}

const isText = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= most

const isAddress = (url: unknown): boolean => typeof url === 'string' && /^https?:\/\/[^\s]+$/.test(url)

function addressesOf({ ResultURL, QueueTimeOutURL }: Record<string, unknown>) {
  if (!isAddress(ResultURL)) throw badRequest('ResultURL')
  if (!isAddress(QueueTimeOutURL)) throw badRequest('QueueTimeOutURL')
  return { resultUrl: String(ResultURL), timeOutUrl: String(QueueTimeOutURL) }
}

/** `yyyyMMddHHmmss` in Nairobi. */
const timestamp = (ms: number): string =>
  new Date(ms + NAIROBI_MS).toISOString().replaceAll(/\D/g, '').slice(0, 14)

function isNear(text: string): boolean {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)
  if (match === null) return false
  const [, year, month, day, hour, minute, second] = match
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) - NAIROBI_MS
  return Math.abs(ms - Date.now()) <= CLOCK_MS
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
/** Such as RLA0R69NXM. */
const newReceipt = (): string =>
  `R${[...crypto.getRandomValues(new Uint8Array(9))].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`
const digits = (count: number): string =>
  [...crypto.getRandomValues(new Uint8Array(count))].map((byte) => byte % 10).join('')
const newMerchantId = (): string => `${digits(5)}-${digits(8)}-1`
const newConversationId = (): string =>
  `AG_${timestamp(Date.now()).slice(0, 8)}_${crypto.randomUUID().slice(0, 20)}`
