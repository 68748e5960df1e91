// Whatever goes wrong on the way, the ledger has what M-Pesa’s account has, and who has paid has tickets or gets the money back.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { orderOf, stagePriced, withKey } from '../checkout/checkout.ts'
import { callbackOf, type Fault, type Operation, type Prompt } from '../fakes/mpesa/mpesa.ts'
import { allowLogged } from '../harness/log.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, at, HOUR, KES, MINUTE, NOW, newKey, SECOND, sweep, useClock } from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import { daraja, PHONE, post, useMpesa } from './mpesa-stage.ts'

const PRICE = 50_000

useClock()
useMpesa()

interface Case {
  what: string
  /** Before the purchase. */
  faults?: [Operation, Fault][]
  /** What the payer and the network do. */
  act(prompt: Prompt): Promise<unknown>
  becomes: 'paid' | 'expired'
  /** The money arrived, and only a person may credit it. */
  isForPerson?: true
}

const callback = (prompt: Prompt, changes = {}) => post(prompt.callBackUrl, callbackOf(prompt, changes))
const pay = (prompt: Prompt) => daraja.pay(prompt)
const nothing = async () => {}

const CASES: Case[] = [
  { what: 'well', act: (prompt) => daraja.confirm(prompt), becomes: 'paid' },
  {
    what: 'a doubled callback',
    act: async (prompt) => {
      await daraja.confirm(prompt)
      await callback(prompt)
    },
    becomes: 'paid',
  },
  { what: 'no callback', act: async (prompt) => pay(prompt), becomes: 'paid' },
  {
    what: 'a late callback',
    act: async (prompt) => {
      pay(prompt)
      at(NOW + 2 * MINUTE)
      await sweep()
      await callback(prompt)
    },
    becomes: 'paid',
  },
  {
    what: 'callbacks in the wrong order',
    act: async (prompt) => {
      await daraja.confirm(prompt)
      await callback(prompt, { code: 1037 })
    },
    becomes: 'paid',
  },
  {
    what: 'a failure that was only inferred',
    act: async (prompt) => {
      await daraja.cancel(prompt, 1037)
      await daraja.confirm(prompt)
    },
    becomes: 'paid',
  },
  { what: 'a forged callback', act: (prompt) => callback(prompt, { code: 0 }), becomes: 'expired' },
  {
    what: 'a wrong amount',
    act: async (prompt) => {
      pay(prompt)
      await callback(prompt, { amount: 1 })
    },
    becomes: 'expired',
    isForPerson: true,
  },
  {
    what: 'a wrong phone',
    act: async (prompt) => {
      pay(prompt)
      await callback(prompt, { phone: '254711111111' })
    },
    becomes: 'expired',
    isForPerson: true,
  },
  {
    what: 'a lost answer',
    faults: [['push', 'lost']],
    act: (prompt) => daraja.confirm(prompt),
    becomes: 'paid',
  },
  {
    what: 'an error after the request',
    faults: [['push', '500 after']],
    act: (prompt) => daraja.confirm(prompt),
    becomes: 'paid',
  },
  {
    what: 'an expired token',
    faults: [['push', 'expired']],
    act: (prompt) => daraja.confirm(prompt),
    becomes: 'paid',
  },
  {
    what: 'a query that is still processing',
    act: async (prompt) => {
      daraja.misbehave('query', 'processing')
      await daraja.confirm(prompt)
    },
    becomes: 'paid',
  },
  {
    what: 'a query that cannot be reached',
    act: async (prompt) => {
      daraja.misbehave('query', 'unreachable')
      await daraja.confirm(prompt)
    },
    becomes: 'paid',
  },
  { what: 'a cancelled prompt', act: (prompt) => daraja.cancel(prompt, 1032), becomes: 'expired' },
  { what: 'a wrong PIN', act: (prompt) => daraja.cancel(prompt, 2001), becomes: 'expired' },
  {
    what: 'no money',
    act: async (prompt) => {
      daraja.balances.set(prompt.phone, 1)
      await daraja.confirm(prompt)
      daraja.balances.delete(prompt.phone)
    },
    becomes: 'expired',
  },
  { what: 'a phone that is off', act: nothing, becomes: 'expired' },
  {
    what: 'money after the order has ended',
    act: async (prompt) => {
      at(NOW + 4 * MINUTE)
      await sweep()
      await daraja.confirm(prompt)
    },
    becomes: 'paid',
  },
]

it.each(CASES)('a ticket is bought with $what', async ({ faults = [], act, becomes, isForPerson }) => {
  // Each fault is logged where it is noticed. What matters here is where the money is afterwards.
  allowLogged(/./)
  const raffle = await stagePriced({ ticketPrice: KES(PRICE), providers: ['mpesa'], totalTickets: 100 })
  const player: Person = await registerPlayer()
  for (const fault of faults) daraja.misbehave(...fault)
  const before = await cash()
  const body = { raffleId: raffle.id, quantity: 1, payment: { provider: 'mpesa', phone: PHONE } }
  const bought = await as(player, 'POST', '/tickets/purchase', body, withKey(newKey()))
  expect(bought.status, JSON.stringify(bought.body)).toBe(201)
  expect(daraja.prompts).toHaveLength(1)
  await act(daraja.prompts[0]!)
  for (const ms of [20 * SECOND, 75 * SECOND, 5 * MINUTE, 15 * MINUTE, HOUR]) {
    at(NOW + Math.max(ms, Date.now() - NOW))
    await sweep()
    // Refunds of what could not be kept arrive.
    for (const transfer of daraja.transfers) if (transfer.code === null) await daraja.complete(transfer)
  }
  await sweep()
  const order = await orderOf(player, bought.body.order.id)
  expect(order.status).toBe(becomes)
  const uncredited = isForPerson ? PRICE : 0
  expect((await cash()) - before).toBe(daraja.till * 100 - uncredited)
  const listed = await as(raffle.operator, 'GET', '/payments?needs=attention')
  if (isForPerson) expect(listed.body.data).toHaveLength(1)
  expect(await audit(env, { settled: false, raffles: [raffle.id] })).toEqual([])
})

async function cash(): Promise<number> {
  const till = env.DB.prepare("SELECT balance FROM tills WHERE account = 'cash:mpesa' AND currency = 'KES'")
  return (await till.first<number>('balance')) ?? 0
}
