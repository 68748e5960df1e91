// The process dies at any call, including the one to M-Pesa, while a phone gets a payment prompt or its money back. The phone
// must get one prompt at most, a buyer who confirms must get tickets, and nobody may be refunded twice.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { CallbackChanges } from '../fakes/mpesa/mpesa.ts'
import { allowLogged } from '../harness/log.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { daraja } from '../payments/mpesa-stage.ts'
import { as, newKey, type Staged, useClock } from '../raffles/scenario.ts'
import { everyCrash, sendSafely } from './flow.ts'
import {
  cashAtMpesa,
  decideSilently,
  loseAnswer,
  orderByPhone,
  phones,
  promptsOf,
  sendCallbacks,
  sendWith,
  usePhones,
} from './phone-network.ts'
import { expectStatus, stagePriced, usePeople } from './stage.ts'

useClock()
usePhones()
usePeople()

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

const order = ({ raffle, buyer, key }: Buying, send = sendSafely) =>
  orderByPhone(buyer, raffle.id, { key, send })

/** A sentence for a second prompt, and one for a wrong status of the order. */
async function violations(buying: Buying): Promise<string[]> {
  const prompts = await promptsOf(buying.buyer)
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
          await sendCallbacks(buying.buyer, sendSafely)
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
        expectStatus(await order(buying), 201)
        return buying
      },
      act: ({ buyer }, send) => sendCallbacks(buyer, send),
      raffles: () => [raffle],
      wrong: violations,
    })
  })

  const toPhone = { without: ['MpesaReceiptNumber'] }
  it.each<[string, CallbackChanges, prepare: () => void]>([
    ['reverses a payment', {}, () => {}],
    ['reverses a payment and gets no answer', {}, () => loseAnswer('reversal')],
    ['reverses a payment and gets no result', {}, loseResults],
    ['sends a refund to a phone', toPhone, () => {}],
    ['sends a refund to a phone and gets no answer', toPhone, () => loseAnswer('b2c')],
    ['sends a refund to a phone and gets no result', toPhone, loseResults],
  ])('while it %s', async (_, changes, prepare) => {
    // What is lost is lost for the sweep too.
    allowLogged('refund not sent yet', 'refund not resumed')
    const before = await cashAtMpesa()
    const raffle = await stagePriced({ providers: ['mpesa'] })
    await everyCrash({
      stage: async () => {
        const buying = await stageBuying(raffle)
        const { body } = expectStatus(await order(buying), 201)
        const [prompt] = await promptsOf(buying.buyer)
        await daraja.reportPrompt(prompt!, changes)
        // The receipt number is not waited for any longer.
        await env.DB.prepare('UPDATE receipts SET at = 0 WHERE order_id = ?').bind(body.id).run()
        return { ...buying, orderId: body.id as string, refundKey: newKey() }
      },
      act: ({ orderId, refundKey }, send) => {
        prepare()
        return sendWith(send, (bindings) => {
          const headers = { 'idempotency-key': refundKey }
          const reason = { reason: 'The buyer cannot come.' }
          return as(raffle.operator, 'POST', `/orders/${orderId}/refunds`, reason, { headers, bindings })
        })
      },
      raffles: () => [raffle],
      meanwhile: () => daraja.reportQueries(),
      rounds: 5,
      wrong: wrongRefunds,
    })
    expect((await cashAtMpesa()) - before).toBe(100 * daraja.till)
  })
})

function loseResults(): void {
  phones.react = decideSilently
}

/** A sentence for each order whose refund, if there is one, was not paid exactly once. */
async function wrongRefunds(refunding: Refunding): Promise<string[]> {
  const { orderId } = refunding
  const [prompt] = await promptsOf(refunding.buyer)
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
