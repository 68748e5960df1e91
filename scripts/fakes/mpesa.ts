/** M-Pesa's outside: the fake of Daraja, and a phone on which prompts are answered. Results come by themselves after a while. */
import {
  type CallbackChanges,
  FAULTS,
  FakeMpesa,
  MPESA_SETTINGS,
  OPERATIONS,
  type Prompt,
  type Transfer,
} from '../../test/fakes/mpesa/mpesa.ts'
import { phonePage } from './mpesa-page.ts'
import { isOneOf, Log, notJson, type Outside, type Posted, readPosted } from './outside.ts'

/** As on the real network: callbacks come some seconds after the payer's answer. */
const CALLBACK_MS = 3_000
const LATE_MS = 120_000
const RESULT_MS = 4_000
const AFTER_TIME_OUT_MS = 20_000
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
/**
 * What becomes of refunds and payouts from now on. `timed-out`: a queue time-out is reported, and no result. `none`: no
 * result ever comes.
 */
const TRANSFERS = ['paid', 'failed', 'timed-out', 'timed-out-then-paid', 'twice', 'none'] as const

type Answer = (typeof ANSWERS)[number]
type Callback = (typeof CALLBACKS)[number]
type TransferMode = (typeof TRANSFERS)[number]

export function mpesaOutside(base: string): Outside {
  const log = new Log()
  let transfers: TransferMode = 'paid'
  const settings = { ...MPESA_SETTINGS, MPESA_URL: base }
  const mpesa = new FakeMpesa({ settings })
  const seen = new Set<object>()

  const later = (ms: number, what: string, work: () => Promise<void>) =>
    setTimeout(() => {
      work().then(
        () => log.note(`${what}: delivered`),
        (error: unknown) => log.note(`${what}: ${error instanceof Error ? error.message : error}`),
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
    const mode = transfers
    if (mode.startsWith('timed-out')) later(RESULT_MS, 'queue time-out', () => mpesa.reportTimeOut(transfer))
    if (mode === 'none' || mode === 'timed-out') return
    const ms = mode === 'timed-out-then-paid' ? AFTER_TIME_OUT_MS : RESULT_MS
    setTimeout(() => {
      mpesa.settle(transfer, mode === 'failed' ? 2001 : 0)
      later(0, `${transfer.kind} result`, () => mpesa.reportTransfer(transfer))
      if (mode === 'twice')
        later(1_000, `${transfer.kind} result again`, () => mpesa.reportTransfer(transfer))
    }, ms)
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
    log: log.lines,
  })

  async function control(request: Request, path: string): Promise<Response> {
    if (path === '/phone' && request.method === 'GET') {
      return new Response(phonePage({ ANSWERS, CALLBACKS, OPERATIONS, FAULTS, TRANSFERS }), {
        headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
      })
    }
    if (path === '/phone/state') return Response.json(state(), { headers: { 'cache-control': 'no-store' } })
    if (request.method !== 'POST') return Response.json({ error: 'not found' }, { status: 404 })
    const body = await readPosted(request)
    if (body === null) return notJson()
    if (path === '/phone/answer') return answerOf(body)
    if (path === '/phone/misbehave') {
      const { operation, fault } = body
      if (!isOneOf(OPERATIONS, operation) || !isOneOf(FAULTS, fault)) return unknown({ OPERATIONS, FAULTS })
      mpesa.misbehave(operation, fault)
      return Response.json(state())
    }
    if (path === '/phone/transfers') {
      if (!isOneOf(TRANSFERS, body.become)) return unknown({ become: TRANSFERS })
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
  function answerOf({ id, answer = 'pay', callback = 'once' }: Posted): Response {
    const prompt =
      id === undefined
        ? (mpesa.prompts.findLast(({ code }) => code === null) ?? mpesa.prompts.at(-1))
        : mpesa.prompts.findLast((each) => each.CheckoutRequestID === id || each.accountReference === id)
    if (prompt === undefined) return Response.json({ error: 'no such prompt' }, { status: 404 })
    if (!isOneOf(ANSWERS, answer) || !isOneOf(CALLBACKS, callback)) return unknown({ ANSWERS, CALLBACKS })
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
      log.note(`${request.method} ${pathname}: ${response.status}`)
      return response
    },
  }
}

const unknown = (known: object): Response => Response.json({ error: 'unknown value', known }, { status: 422 })
