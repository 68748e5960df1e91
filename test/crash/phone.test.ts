// The process dies wherever it can, the call to the provider included, while a phone is asked to pay: it is asked once at
// most, and whoever has confirmed there has tickets.
import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { providers } from '../../src/money/providers/index.ts'
import { call } from '../harness/client.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { callbackBody, Daraja, mpesaOver, type Push } from '../payments/daraja.ts'
import { as, newKey, type Staged, useClock } from '../raffles/scenario.ts'
import { type Ask, alive, everyCrash } from './flow.ts'
import { answered, stagePriced, usePeople } from './stage.ts'

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

const order = ({ raffle, buyer, key }: Buying, ask: Ask) =>
  ask((bindings, outside) => {
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

/** The prompts of all tries to pay for the order. */
async function promptsOf({ buyer }: Buying): Promise<Push[]> {
  const tries = env.DB.prepare(
    'SELECT id FROM payments WHERE order_id IN (SELECT id FROM orders WHERE user_id = ?)',
  )
  const { results } = await tries.bind(buyer.id).all<{ id: string }>()
  return daraja.pushes.filter(({ CallBackURL }) => results.some(({ id }) => CallBackURL.includes(id)))
}

/** As the network does, once: whoever hears it may die of it. */
async function tell(buying: Buying, ask: Ask): Promise<void> {
  for (const push of await promptsOf(buying)) {
    const raw = callbackBody(push, `R${push.CheckoutRequestID.slice(-9)}`)
    await ask((bindings, outside) => {
      daraja.through = outside
      return call('POST', new URL(push.CallBackURL).pathname, { raw, bindings })
    })
  }
}

async function isAsItShouldBe(buying: Buying): Promise<string[]> {
  const prompts = await promptsOf(buying)
  const found = env.DB.prepare('SELECT id, status FROM orders WHERE user_id = ?').bind(buying.buyer.id)
  const made = await found.first<{ id: string; status: string }>()
  const wrong = prompts.length > 1 ? [`${made!.id} was asked for ${prompts.length} times`] : []
  if (made === null) return wrong
  const right = prompts.length === 1 ? 'paid' : 'expired'
  return made.status === right ? wrong : [...wrong, `${made.id} is ${made.status}, not ${right}`]
}

describe('a process that dies at any call', { timeout: 180_000 }, () => {
  it('while it has a phone asked to pay, which the payer confirms and the network tells', async () => {
    const raffle = await stagePriced({ providers: ['mpesa'] })
    await everyCrash({
      stage: () => stageBuying(raffle),
      act: async (buying, ask) => {
        try {
          answered(await order(buying, ask), 201)
        } finally {
          await tell(buying, alive)
        }
      },
      raffles: () => [raffle],
      wrong: isAsItShouldBe,
    })
  })

  it('while it hears, once, that a phone has confirmed', async () => {
    const raffle = await stagePriced({ providers: ['mpesa'] })
    await everyCrash({
      stage: async () => {
        const buying = await stageBuying(raffle)
        answered(await order(buying, alive), 201)
        return buying
      },
      act: tell,
      raffles: () => [raffle],
      wrong: isAsItShouldBe,
    })
  })
})
