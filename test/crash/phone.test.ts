// The process dies at any call, including the one to M-Pesa, while a phone gets a payment prompt or its money back. The phone
// must get one prompt at most, a buyer who confirms must get tickets, and nobody may be refunded twice.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, it } from 'vitest'
import { callbackOf, type Prompt } from '../fakes/mpesa/mpesa.ts'
import { call } from '../harness/client.ts'
import { connect } from '../harness/network.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { daraja, useMpesa } from '../payments/mpesa-stage.ts'
import { as, newKey, type Staged, useClock } from '../raffles/scenario.ts'
import { everyCrash, type Send, sendSafely } from './flow.ts'
import { expectStatus, stagePriced, usePeople } from './stage.ts'

useClock()
useMpesa()
usePeople()

const CHANGES = /\/(stkpush\/v1\/processrequest|b2c\/v3\/paymentrequest|reversal\/v1\/request)$/

type Outside = Parameters<Parameters<Send>[0]>[1]

/** The process that calls the network. */
let through: Outside = (work) => work()
beforeEach(() => {
  through = (work) => work()
  connect({
    hosts: daraja.hosts,
    // The process may die after each request that changes something there. Its payer pays at once, and the result of a
    // refund even comes before the answer to its request.
    answer: (request) => {
      if (!CHANGES.test(request.url)) return daraja.answer(request)
      return through(async () => {
        const answer = await daraja.answer(request)
        for (const prompt of daraja.prompts) daraja.pay(prompt)
        for (const transfer of daraja.transfers) if (transfer.code === null) await daraja.complete(transfer)
        return answer
      })
    },
  })
})

interface Buying {
  raffle: Staged
  buyer: Person
  key: string
}

interface Refunding extends Buying {
  orderId: string
  refundKey: string
}

const stageBuying = async (raffle: Staged): Promise<Buying> => ({
  raffle,
  buyer: await registerPlayer(),
  key: newKey(),
})

const order = ({ raffle, buyer, key }: Buying, send: Send) =>
  send((bindings, outside) => {
    through = outside
    return as(
      buyer,
      'POST',
      '/orders',
      {
        lines: [{ raffleId: raffle.id, quantity: 2 }],
        payment: { provider: 'mpesa', phone: '+254700000001' },
      },
      { headers: { 'idempotency-key': key }, bindings },
    )
  })

/** The prompts of all the order's payments. */
async function promptsOf({ buyer }: Buying): Promise<Prompt[]> {
  const tries = env.DB.prepare(
    'SELECT id FROM payments WHERE order_id IN (SELECT id FROM orders WHERE user_id = ?)',
  )
  const { results } = await tries.bind(buyer.id).all<{ id: string }>()
  return daraja.prompts.filter(({ callBackUrl }) => results.some(({ id }) => callBackUrl.includes(id)))
}

/** The network sends its callback once; the process may die while it handles it. */
async function sendCallback(buying: Buying, send: Send): Promise<void> {
  for (const push of await promptsOf(buying)) {
    const raw = JSON.stringify(callbackOf(push))
    await send((bindings, outside) => {
      through = outside
      return call('POST', new URL(push.callBackUrl).pathname, { raw, bindings })
    })
  }
}

/** A sentence for a second prompt, and one for a wrong status of the order. */
async function violations(buying: Buying): Promise<string[]> {
  const prompts = await promptsOf(buying)
  const found = env.DB.prepare('SELECT id, status FROM orders WHERE user_id = ?').bind(buying.buyer.id)
  const made = await found.first<{ id: string; status: string }>()
  const wrong = prompts.length > 1 ? [`${made!.id} sent ${prompts.length} prompts`] : []
  if (made === null) return wrong
  const right = prompts.length === 1 ? 'paid' : 'expired'
  return made.status === right ? wrong : [...wrong, `${made.id} is ${made.status}, not ${right}`]
}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while it sends a payment prompt that the payer confirms', async () => {
    const raffle = await stagePriced({ providers: ['mpesa'] })
    await everyCrash({
      stage: () => stageBuying(raffle),
      act: async (buying, send) => {
        try {
          expectStatus(await order(buying, send), 201)
        } finally {
          await sendCallback(buying, sendSafely)
        }
      },
      raffles: () => [raffle],
      wrong: violations,
    })
  })

  it('while it handles the only callback of a confirmed payment', async () => {
    const raffle = await stagePriced({ providers: ['mpesa'] })
    await everyCrash({
      stage: async () => {
        const buying = await stageBuying(raffle)
        expectStatus(await order(buying, sendSafely), 201)
        return buying
      },
      act: sendCallback,
      raffles: () => [raffle],
      wrong: violations,
    })
  })

  it.each([
    ['reverses a payment', {}],
    ['sends a refund to a phone', { without: ['MpesaReceiptNumber'] }],
  ])('while it %s', async (_, changes) => {
    const raffle = await stagePriced({ providers: ['mpesa'] })
    await everyCrash({
      stage: async () => {
        const buying = await stageBuying(raffle)
        const { body } = expectStatus(await order(buying, sendSafely), 201)
        const [prompt] = await promptsOf(buying)
        const raw = JSON.stringify(callbackOf(prompt!, changes))
        await call('POST', new URL(prompt!.callBackUrl).pathname, { raw })
        // The receipt number is not waited for any longer.
        await env.DB.prepare('UPDATE receipts SET at = 0 WHERE order_id = ?').bind(body.id).run()
        return { ...buying, orderId: body.id as string, refundKey: newKey() }
      },
      act: ({ orderId, refundKey }, send) =>
        send((bindings, outside) => {
          through = outside
          const headers = { 'idempotency-key': refundKey }
          const reason = { reason: 'The buyer cannot come.' }
          return as(raffle.operator, 'POST', `/orders/${orderId}/refunds`, reason, { headers, bindings })
        }),
      raffles: () => [raffle],
      wrong: wrongRefunds,
    })
  })
})

/** A sentence for each order whose refund, if there is one, was not paid exactly once. */
async function wrongRefunds(refunding: Refunding): Promise<string[]> {
  const { orderId } = refunding
  const [prompt] = await promptsOf(refunding)
  const { results } = await env.DB.prepare('SELECT id, status FROM refunds WHERE order_id = ?')
    .bind(orderId)
    .all<{ id: string; status: string }>()
  const money = daraja.transfers.filter(
    ({ code, reverses, resultUrl }) =>
      code === 0 && (reverses === prompt!.receipt || results.some(({ id }) => resultUrl.includes(id))),
  )
  const wrong = results
    .filter(({ status }) => status !== 'paid')
    .map(({ id, status }) => `${id} is ${status}`)
  return money.length === results.length ? wrong : [...wrong, `${orderId} was refunded ${money.length} times`]
}
