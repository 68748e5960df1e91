// The process dies at every call it makes, before the call's effect and after it, in every flow that moves money. Then
// the client may ask again, the clock runs out, the sweep runs, and the audit must find nothing.
import { env } from 'cloudflare:workers'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { type Answer, call } from '../harness/client.ts'
import { type CrashableProcess, type CrashWhen, crashableProcess } from '../harness/crash.ts'
import {
  type Organisation,
  organisationWithOperator,
  type Person,
  registerPlayer,
} from '../harness/people.ts'
import {
  as,
  at,
  iso,
  MINUTE,
  NOW,
  newKey,
  ringAlarm,
  SECOND,
  type Staged,
  silenceLog,
  stageRaffle,
  useClock,
} from '../raffles/scenario.ts'
import { audit } from './audit.ts'

const T={out:0,audit:0,stage:0}; const REAL=console.log.bind(console)
useClock()
beforeEach(() => void silenceLog())

const PRICE = 1_000
const KES = (amount: number) => ({ amount, currency: 'KES' })
/** Past `HOLD_SECONDS` and what the pool grants beyond. */
const HOLDS_OVER = NOW + 13 * MINUTE

interface Flow<Stage> {
  name: string
  stage(): Promise<Stage>
  /** What the process is asked to do, request after request; from the one at which it dies on, nothing is asked. */
  act(stage: Stage, ask: Ask): Promise<void>
  raffles(stage: Stage): Staged[]
  /** Once all is over: what should be and is not, in sentences. */
  wrong?(stage: Stage): Promise<string[]>
}

/** Sends a request, or makes a sweep, and gives the answer; throws where the process dies and nobody hears one. */
type Ask = (request: (bindings: Partial<Bindings>) => Promise<Answer | void>) => Promise<Answer>

const asking =
  (process: CrashableProcess): Ask =>
  async (request) => {
    const answer = await request(process.bindings).catch((error: unknown) => {
      if (!process.isDead()) throw error
    })
    if (process.isDead()) throw new Error('died')
    return answer as Answer
  }

/** Dies at call `k`; gives how many calls there were. */
async function runOnce<Stage>(
  flow: Flow<Stage>,
  stage: Stage,
  k?: number,
  when?: CrashWhen,
): Promise<number> {
  const process = crashableProcess(k, when)
  await flow.act(stage, asking(process)).catch((error: unknown) => {
    if (!process.isDead()) throw error
  })
  await process.settled()
  return process.calls()
}

async function everyCrash<Stage>(flow: Flow<Stage>): Promise<void> {
  const wrong: string[] = []
  const seen = new Set<string>()
  const check = async (stage: Stage, where: string) => {
    let t0=performance.now()
    await runOut(flow.raffles(stage))
    T.out+=performance.now()-t0; t0=performance.now()
    const raffles = flow.raffles(stage).map(({ id }) => id)
    const found = [...(await audit(env, { settled: true, raffles })), ...((await flow.wrong?.(stage)) ?? [])]
    T.audit+=performance.now()-t0
    for (const each of found) if (!seen.has(each)) wrong.push(`${where}: ${each}`)
    for (const each of found) seen.add(each)
  }
  const whole = await flow.stage()
  const calls = await runOnce(flow, whole)
  await check(whole, `${flow.name} without a crash`)
  for (let k = 1; k <= calls; k++) {
    for (const when of ['before', 'after'] as const) {
      const repeats = (k % 2 === 0) === (when === 'before')
      const t1=performance.now()
      const stage = await flow.stage()
      T.stage+=performance.now()-t1
      await runOnce(flow, stage, k, when)
      if (repeats) await flow.act(stage, asking(crashableProcess()))
      await check(stage, `${flow.name} died ${when} call ${k} of ${calls}${repeats ? ', asked again' : ''}`)
    }
  }
  expect(wrong).toEqual([])
  globalThis.process?.stdout?.write?.(''); REAL(flow.name, calls, JSON.stringify(T)); T.out=T.audit=T.stage=0
}

/** Lets every hold run out, and gives the sweep some minutes. */
async function runOut(raffles: Staged[]): Promise<void> {
  const from = Math.max(HOLDS_OVER, Date.now())
  at(from)
  for (const { pool } of raffles) await ringAlarm(pool)
  for (let minute = 0; minute < 3; minute++) {
    at(from + 2 * minute * MINUTE)
    await runSweep(env, Date.now())
  }
}

const answered = (answer: Answer, ...statuses: number[]): Answer => {
  expect(statuses, JSON.stringify(answer.body)).toContain(answer.status)
  return answer
}

let organisation: Organisation
let buyers: Person[]
beforeAll(async () => {
  organisation = await organisationWithOperator()
  buyers = await Promise.all([1, 2, 3].map(() => registerPlayer()))
})

const stagePriced = (changes: Record<string, unknown> = {}): Promise<Staged> => {
  at(NOW)
  return stageRaffle(
    {
      ticketPrice: KES(PRICE),
      providers: ['sandbox'],
      drawAt: iso(NOW + 90 * MINUTE),
      closesAt: iso(NOW + 60 * MINUTE),
      ...changes,
    },
    organisation,
  )
}

const order = (buyer: Person, raffles: Staged[], quantity: number, key: string, bindings = {}) => {
  const lines = raffles.map(({ id: raffleId }) => ({ raffleId, quantity }))
  const headers = { 'idempotency-key': key }
  return as(buyer, 'POST', '/orders', { lines, payment: { provider: 'sandbox' } }, { headers, bindings })
}

const onCheckout = (url: string, action: string, bindings: Partial<Bindings> = {}): Promise<Answer> =>
  call('POST', new URL(url).pathname, {
    form: { action },
    headers: { origin: new URL(url).origin },
    bindings,
  })

interface Bought {
  raffle: Staged
  order: Answer['body']
}

async function stageOrder(quantity = 3): Promise<Bought> {
  const raffle = await stagePriced()
  return { raffle, order: answered(await order(buyers[0]!, [raffle], quantity, newKey()), 201).body }
}

async function stagePaid(): Promise<Bought> {
  const bought = await stageOrder()
  answered(await onCheckout(bought.order.payment.checkoutUrl, 'approve'), 200)
  return bought
}

async function isNot(status: string, { order: { id } }: Bought): Promise<string[]> {
  const row = await env.DB.prepare('SELECT status FROM orders WHERE id = ?')
    .bind(id)
    .first<{ status: string }>()
  return row!.status === status ? [] : [`order ${id} is ${row!.status} and not ${status}`]
}

describe('a process that dies at any call', { timeout: 60_000 }, () => {
  it('in a purchase of tickets of two raffles', () =>
    everyCrash({
      name: 'purchase',
      stage: async () => ({ raffles: [await stagePriced(), await stagePriced()], key: newKey() }),
      act: async ({ raffles, key }, ask) => {
        answered(await ask((bindings) => order(buyers[0]!, raffles, 2, key, bindings)), 201)
      },
      raffles: ({ raffles }) => raffles,
    }))

  it('in a settlement from the checkout page', () =>
    everyCrash({
      name: 'settlement',
      stage: stageOrder,
      act: async ({ order }, ask) => {
        answered(await ask((bindings) => onCheckout(order.payment.checkoutUrl, 'approve', bindings)), 200)
      },
      raffles: ({ raffle }) => [raffle],
      wrong: async (bought) => {
        const charge = env.DB.prepare('SELECT captures FROM sandbox_charges WHERE id = ?')
        const row = await charge.bind(bought.order.payment.id).first<{ captures: number }>()
        return isNot(row!.captures > 0 ? 'paid' : 'expired', bought)
      },
    }))

  it('in a settlement that the sweep discovers', () =>
    everyCrash({
      name: 'discovery',
      stage: async () => {
        const bought = await stageOrder()
        answered(await onCheckout(bought.order.payment.checkoutUrl, 'later'), 200)
        at(NOW + 45 * SECOND)
        return bought
      },
      act: async (_, ask) => void (await ask((bindings) => runSweep({ ...env, ...bindings }, Date.now()))),
      raffles: ({ raffle }) => [raffle],
      wrong: (bought) => isNot('paid', bought),
    }))

  it('in a refund by ticket', () =>
    everyCrash({
      name: 'refund',
      stage: async () => ({ ...(await stagePaid()), key: newKey() }),
      act: async ({ raffle, order, key }, ask) => {
        const body = { reason: 'The buyer cannot come.', lines: [{ line: 0, numbers: [2] }] }
        const more = { headers: { 'idempotency-key': key } }
        const path = `/orders/${order.id}/refunds`
        answered(await ask((bindings) => as(raffle.operator, 'POST', path, body, { ...more, bindings })), 201)
      },
      raffles: ({ raffle }) => [raffle],
    }))

  it('in the cancellation of a raffle', () =>
    everyCrash({
      name: 'cancellation',
      stage: async () => {
        const { raffle } = await stagePaid()
        const { body } = answered(await order(buyers[1]!, [raffle], 1, newKey()), 201)
        answered(await onCheckout(body.payment.checkoutUrl, 'approve'), 200)
        answered(await order(buyers[2]!, [raffle], 2, newKey()), 201)
        return raffle
      },
      act: async (raffle, ask) => {
        const body = { reason: 'The venue is closed.' }
        const path = `/raffles/${raffle.id}/cancel`
        answered(await ask((bindings) => as(raffle.operator, 'POST', path, body, { bindings })), 200)
        await ask((bindings) => runSweep({ ...env, ...bindings }, Date.now()))
      },
      raffles: (raffle) => [raffle],
    }))
})
