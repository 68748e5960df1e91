/** M-Pesa's outside: the fake of Daraja, and a phone on which prompts are answered. Results come by themselves after a while. */
import {
  type CallbackChanges,
  FakeMpesa,
  type Fault,
  MPESA_SETTINGS,
  type Operation,
  type Prompt,
  type Transfer,
} from '../../test/fakes/mpesa.ts'
import { phonePage } from './mpesa-page.ts'
import type { Outside } from './outside.ts'

/** As on the real network: callbacks come some seconds after the payer's answer. */
const CALLBACK_MS = 3_000
const LATE_MS = 120_000
const RESULT_MS = 4_000
/** A prompt leaves the phone after a minute. */
const PROMPT_MS = 60_000
const SOMEBODY_ELSE = '254700999999'

const ANSWERS = ['pay', 'cancel', 'wrong-pin', 'no-funds', 'ignore'] as const
/** How the callback goes wrong. `forged` comes although nobody paid. */
const CALLBACKS = [
  'once',
  'twice',
  'late',
  'never',
  'unordered',
  'forged',
  'wrong-amount',
  'wrong-phone',
] as const
const OPERATIONS: readonly Operation[] = ['token', 'push', 'query', 'b2c', 'reversal', 'status']
const FAULTS: readonly Fault[] = [
  'unreachable',
  'lost',
  '500',
  '500 after',
  'busy',
  'refuse',
  'expired',
  'processing',
  'down',
]
/** What becomes of refunds and payouts from now on. `none`: no result ever comes. */
const TRANSFERS = ['paid', 'failed', 'timed-out', 'twice', 'none'] as const

type Answer = (typeof ANSWERS)[number]
type Callback = (typeof CALLBACKS)[number]
type TransferMode = (typeof TRANSFERS)[number]

export function mpesaOutside(base: string): Outside {
  const log: string[] = []
  const note = (text: string) => {
    log.unshift(`${new Date().toISOString().slice(11, 19)} ${text}`)
    log.length = Math.min(log.length, 30)
  }
  let transfers: TransferMode = 'paid'
  const settings = { ...MPESA_SETTINGS, MPESA_URL: base }
  const mpesa = new FakeMpesa({ settings })
  const seen = new Set<object>()

  const later = (ms: number, what: string, work: () => Promise<void>) =>
    setTimeout(() => {
      work().then(
        () => note(`${what}: delivered`),
        (error: unknown) => note(`${what}: ${error instanceof Error ? error.message : error}`),
      )
    }, ms)

  mpesa.changed = () => {
    for (const prompt of mpesa.prompts) if (isNew(prompt)) expire(prompt)
    for (const transfer of mpesa.transfers) if (isNew(transfer)) decide(transfer)
    if (mpesa.queries.length > 0) later(RESULT_MS, 'status result', () => mpesa.reportQueries())
  }

  const isNew = (each: object): boolean => !seen.has(each) && seen.add(each) !== undefined

  function expire(prompt: Prompt): void {
    setTimeout(() => {
      if (prompt.code !== null) return
      mpesa.decline(prompt, 1037)
      later(0, 'callback: no answer', () => mpesa.reportPrompt(prompt))
    }, PROMPT_MS)
  }

  function decide(transfer: Transfer): void {
    if (transfers === 'timed-out') later(RESULT_MS, 'queue time-out', () => mpesa.reportTimeOut(transfer))
    if (transfers === 'none' || transfers === 'timed-out') return
    const mode = transfers
    setTimeout(() => {
      mpesa.settle(transfer, mode === 'failed' ? 2001 : 0)
      later(0, `${transfer.kind} result`, () => mpesa.reportTransfer(transfer))
      if (mode === 'twice')
        later(1_000, `${transfer.kind} result again`, () => mpesa.reportTransfer(transfer))
    }, RESULT_MS)
  }

  function answerPrompt(prompt: Prompt, answer: Answer, callback: Callback): void {
    if (callback === 'forged') {
      later(0, 'forged callback', () => mpesa.reportPrompt(prompt, { code: 0 }))
      return
    }
    if (answer === 'ignore') return
    if (answer === 'pay') mpesa.pay(prompt)
    else mpesa.decline(prompt, { cancel: 1032, 'wrong-pin': 2001, 'no-funds': 1 }[answer])
    if (callback === 'never') return
    const changes: CallbackChanges =
      callback === 'wrong-amount' ? { amount: 1 } : callback === 'wrong-phone' ? { phone: SOMEBODY_ELSE } : {}
    const ms = callback === 'late' ? LATE_MS : CALLBACK_MS
    if (callback === 'unordered')
      later(ms, 'an older failure', () => mpesa.reportPrompt(prompt, { code: 1037 }))
    later(callback === 'unordered' ? 0 : ms, 'callback', () => mpesa.reportPrompt(prompt, changes))
    if (callback === 'twice') later(ms + 500, 'callback again', () => mpesa.reportPrompt(prompt, changes))
  }

  const state = () => ({
    prompts: mpesa.prompts.toReversed().slice(0, 50),
    transfers: mpesa.transfers.toReversed().slice(0, 50),
    till: mpesa.till,
    balances: Object.fromEntries(mpesa.balances),
    faults: mpesa.faults,
    becomesOfTransfers: transfers,
    log,
  })

  async function control(request: Request, path: string): Promise<Response> {
    if (path === '/phone' && request.method === 'GET') {
      return new Response(phonePage({ ANSWERS, CALLBACKS, OPERATIONS, FAULTS, TRANSFERS }), {
        headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
      })
    }
    if (path === '/phone/state') return Response.json(state(), { headers: { 'cache-control': 'no-store' } })
    if (request.method !== 'POST') return Response.json({ error: 'not found' }, { status: 404 })
    // Another site could let a browser post a form here, but never JSON.
    if (!request.headers.get('content-type')?.startsWith('application/json')) {
      return Response.json({ error: 'the body must be JSON' }, { status: 415 })
    }
    const body = (await request.json()) as Record<string, unknown>
    if (path === '/phone/answer') return answerOf(body)
    if (path === '/phone/misbehave') {
      const { operation, fault } = body
      if (!includes(OPERATIONS, operation) || !includes(FAULTS, fault)) return unknown({ OPERATIONS, FAULTS })
      mpesa.misbehave(operation, fault)
      return Response.json(state())
    }
    if (path === '/phone/transfers') {
      if (!includes(TRANSFERS, body.become)) return unknown({ become: TRANSFERS })
      transfers = body.become
      return Response.json(state())
    }
    if (path === '/phone/balance') {
      if (typeof body.phone !== 'string' || !Number.isInteger(body.shillings)) {
        return unknown({ phone: '254712345678', shillings: 100 })
      }
      mpesa.balances.set(body.phone, Number(body.shillings))
      return Response.json(state())
    }
    return Response.json({ error: 'not found' }, { status: 404 })
  }

  /** Without an `id`: the newest prompt that waits, or else the newest. */
  function answerOf({ id, answer = 'pay', callback = 'once' }: Record<string, unknown>): Response {
    const prompt =
      id === undefined
        ? (mpesa.prompts.findLast(({ code }) => code === null) ?? mpesa.prompts.at(-1))
        : mpesa.prompts.findLast((each) => each.CheckoutRequestID === id || each.accountReference === id)
    if (prompt === undefined) return Response.json({ error: 'no such prompt' }, { status: 404 })
    if (!includes(ANSWERS, answer) || !includes(CALLBACKS, callback)) return unknown({ ANSWERS, CALLBACKS })
    answerPrompt(prompt, answer, callback)
    return Response.json(prompt)
  }

  return {
    title: 'M-Pesa',
    page: `${base}/phone`,
    settings,
    async answer(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/phone' || pathname.startsWith('/phone/')) return control(request, pathname)
      const response = await mpesa.answer(request)
      note(`${request.method} ${pathname}: ${response.status}`)
      return response
    },
  }
}

const includes = <Each extends string>(all: readonly Each[], value: unknown): value is Each =>
  (all as readonly unknown[]).includes(value)

const unknown = (known: object): Response => Response.json({ error: 'unknown value', known }, { status: 422 })
