// The process dies at any call, including the one to the provider, while a phone gets a payment prompt. The phone must get
// one prompt at most, and a buyer who confirms must get tickets.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { providers } from '../../src/money/providers/index.ts'
import { call } from '../harness/client.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { callbackBody, Daraja, mpesaOver, type Push } from '../payments/daraja.ts'
import { as, newKey, type Staged, useClock } from '../raffles/scenario.ts'
import { everyCrash, type Send, sendSafely } from './flow.ts'
import { expectStatus, stagePriced, usePeople } from './stage.ts'

const daraja = new Daraja()
beforeAll(() => {
  providers.mpesa = mpesaOver(daraja)
  daraja.paysAtOnce = true
})
afterAll(() => void delete providers.mpesa)
useClock()
usePeople()

interface Buying {
  raffle: Staged
  buyer: Person
  key: string
}

const stageBuying = async (raffle: Staged): Promise<Buying> => ({
  raffle,
  buyer: await registerPlayer(),
  key: newKey(),
})

const order = ({ raffle, buyer, key }: Buying, send: Send) =>
  send((bindings, outside) => {
    daraja.through = outside
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
async function promptsOf({ buyer }: Buying): Promise<Push[]> {
  const tries = env.DB.prepare(
    'SELECT id FROM payments WHERE order_id IN (SELECT id FROM orders WHERE user_id = ?)',
  )
  const { results } = await tries.bind(buyer.id).all<{ id: string }>()
  return daraja.pushes.filter(({ CallBackURL }) => results.some(({ id }) => CallBackURL.includes(id)))
}

/** The network sends its callback once; the process may die while it handles it. */
async function sendCallback(buying: Buying, send: Send): Promise<void> {
  for (const push of await promptsOf(buying)) {
    const raw = callbackBody(push, `R${push.CheckoutRequestID.slice(-9)}`)
    await send((bindings, outside) => {
      daraja.through = outside
      return call('POST', new URL(push.CallBackURL).pathname, { raw, bindings })
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
})
