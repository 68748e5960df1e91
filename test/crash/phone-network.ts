// M-Pesa for the crash tests: the process that calls it may die after each request that changes something there.
import { env } from 'cloudflare:workers'
import { beforeEach } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import type { Operation, Prompt, Transfer } from '../fakes/mpesa/mpesa.ts'
import { type Answer, call } from '../harness/client.ts'
import { connect, postToWorker } from '../harness/network.ts'
import type { Person } from '../harness/people.ts'
import { daraja, PHONE, posting, useMpesa } from '../payments/mpesa-stage.ts'
import { as, newKey } from '../raffles/scenario.ts'
import { type Send, sendSafely } from './flow.ts'

const CHANGES =
  /\/(stkpush\/v1\/processrequest|b2c\/v3\/paymentrequest|reversal\/v1\/request|transactionstatus\/v1\/query)$/

/** M-Pesa's code. */
const ALREADY_REVERSED = 'R000001'

type Outside = Parameters<Parameters<Send>[0]>[1]

/** The payer pays at once, and the result of a transfer even comes before the answer to its request. */
async function decideAtOnce(): Promise<void> {
  payPrompts()
  for (const transfer of daraja.transfers) if (transfer.code === null) await daraja.complete(transfer)
}

export function payPrompts(): void {
  for (const prompt of daraja.prompts) daraja.pay(prompt)
}

/**
 * The result of each transfer is lost, so that only a status query says what became of it. A reversal whose answer is lost
 * too has no name to ask by. The repeat of one gets its result: the receipt was reversed before.
 */
export async function decideSilently(): Promise<void> {
  payPrompts()
  for (const transfer of daraja.transfers) {
    if (transfer.code !== null) continue
    daraja.settle(transfer)
    if (transfer.code === ALREADY_REVERSED) await daraja.reportTransfer(transfer)
  }
}

/** The answer to the next request of this kind is lost. */
export function loseAnswer(operation: Operation): void {
  if (daraja.faults.length === 0) daraja.misbehave(operation, 'lost')
}

export const phones = {
  /** The process that calls M-Pesa. */
  through: ((work) => work()) as Outside,
  /** What happens at M-Pesa before it answers a request that changes something. */
  react: decideAtOnce as () => Promise<void>,
}

/** For every test of the file, after `useClock`. */
export function usePhones(): void {
  useMpesa()
  beforeEach(() => {
    phones.through = (work) => work()
    phones.react = decideAtOnce
    connect({
      hosts: daraja.hosts,
      answer: (request) =>
        CHANGES.test(request.url)
          ? phones.through(() => daraja.answer(request).finally(() => phones.react()))
          : daraja.answer(request),
    })
  })
}

/** The process calls M-Pesa too. Afterwards M-Pesa answers others again. */
export async function sendWith<Result>(
  send: Send,
  request: (bindings: Partial<Bindings>) => Promise<Result>,
): Promise<Result> {
  try {
    return await send((bindings, outside) => {
      phones.through = outside
      return request(bindings)
    })
  } finally {
    phones.through = (work) => work()
  }
}

/** Orders tickets that are paid from a phone. */
export const orderByPhone = (
  buyer: Person,
  raffleId: string,
  { quantity = 2, key = newKey(), send = sendSafely } = {},
): Promise<Answer> =>
  sendWith(send, (bindings) =>
    as(
      buyer,
      'POST',
      '/orders',
      { lines: [{ raffleId, quantity }], payment: { provider: 'mpesa', phone: PHONE } },
      { headers: { 'idempotency-key': key }, bindings },
    ),
  )

/** The prompts of all the buyer's payments. */
export async function promptsOf({ id }: Person): Promise<Prompt[]> {
  const tries = env.DB.prepare(
    'SELECT id FROM payments WHERE order_id IN (SELECT id FROM orders WHERE user_id = ?)',
  )
  const { results } = await tries.bind(id).all<{ id: string }>()
  return daraja.prompts.filter(({ callBackUrl }) => results.some((row) => callBackUrl.includes(row.id)))
}

/** M-Pesa posts to a process that may die while it handles what comes. */
async function postTo(send: Send, report: () => Promise<void>): Promise<void> {
  posting.post = (url, body) =>
    sendWith(send, async (bindings) => {
      const { pathname } = new URL(url)
      const { status } = await call('POST', pathname, { raw: JSON.stringify(body), bindings })
      if (status !== 200) throw new Error(`the worker answered ${status}`)
    })
  try {
    await report()
  } finally {
    posting.post = postToWorker
  }
}

/** The network sends its callbacks once. */
export const sendCallbacks = (buyer: Person, send: Send): Promise<void> =>
  postTo(send, async () => {
    for (const prompt of await promptsOf(buyer)) await daraja.reportPrompt(prompt)
  })

/** A transfer is decided, and its result comes, once. */
export const sendResult = (transfer: Transfer, code: number, send: Send): Promise<void> =>
  postTo(send, async () => {
    if (transfer.code === null) await daraja.complete(transfer, code)
  })

/** A queue timed out: the transfer may still go through. */
export const sendTimeOut = (transfer: Transfer, send: Send): Promise<void> =>
  postTo(send, () => daraja.reportTimeOut(transfer))

/** What the ledger says that the short code has, in minor units. */
export async function cashAtMpesa(): Promise<number> {
  const till = env.DB.prepare("SELECT balance FROM tills WHERE account = 'cash:mpesa' AND currency = 'KES'")
  return (await till.first<number>('balance')) ?? 0
}
