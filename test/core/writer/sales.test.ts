// Many buyers at once through the real endpoints: their entries, orders and registrations share transactions of D1, and
// each buyer gets what a buyer alone would get.

import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { press, soldOf } from '../../checkout/checkout.ts'
import { call } from '../../harness/client.ts'
import { forgetfulDatabase } from '../../harness/faults.ts'
import { allowLogged } from '../../harness/log.ts'
import { registerPlayer, uniqueEmail } from '../../harness/people.ts'
import { catchUp } from '../../raffles/scenario.ts'
import { audit } from '../../simulation/invariants.ts'
import {
  aKey,
  buy,
  buyers,
  expectProjected,
  numbersOf,
  type OnSale,
  PRICED,
  raffleOnSale,
} from '../../tickets/raffle-fixture.ts'
import { transactionsOf, withWritersDatabase } from './stage.ts'

const times = <Result>(count: number, work: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

const order = (token: string, raffle: OnSale, key: string) =>
  call('POST', '/api/v1/tickets/purchase', {
    token,
    headers: { 'idempotency-key': key },
    body: { raffleId: raffle.id, quantity: 1, payment: { provider: 'sandbox' } },
  })

describe('buyers of many raffles at once', () => {
  it('write through the writer, and the lists are right once the pools have caught up', async () => {
    const raffles = await times(8, () => raffleOnSale())
    const people = await buyers(24)
    const buyAll = async () => {
      await times(24, async (index) => {
        const { status } = await buy(raffles[index % 8]!, people[index]!, { quantity: 2 })
        expect(status).toBe(201)
      })
      await Promise.all(raffles.map(({ id }) => catchUp(id)))
    }
    expect((await transactionsOf(buyAll)).length).toBeGreaterThan(0)
    for (const raffle of raffles) {
      expect(await soldOf(raffle.id)).toBe(6)
      await expectProjected(raffle)
    }
  })

  it('keep their numbers if the answers of shared transactions are lost', async () => {
    allowLogged('projection failed')
    const raffles = await times(6, () => raffleOnSale())
    const people = await buyers(6)
    const keys = people.map(() => aKey())
    const all = () => times(6, (index) => buy(raffles[index]!, people[index]!, { quantity: 1 }, keys[index]))
    const { DB, lost } = forgetfulDatabase(env.DB, 2)
    await withWritersDatabase(DB, async () => {
      const bought = await all()
      expect(bought.map(({ status }) => status)).toEqual(Array(6).fill(201))
      await Promise.all(raffles.map(({ id }) => catchUp(id)))
      expect((await all()).map(numbersOf)).toEqual(bought.map(numbersOf))
    })
    expect(lost()).toBeGreaterThan(0)
  })
})

describe('buyers who pay at once', () => {
  it('get their tickets, and the books balance', async () => {
    const raffle = await raffleOnSale(PRICED)
    const people = await times(12, () => registerPlayer())
    const transactions = await transactionsOf(async () => {
      const bought = await times(12, (index) => order(people[index]!.token, raffle, aKey()))
      expect(bought.map(({ status }) => status)).toEqual(Array(12).fill(201))
      await Promise.all(bought.map(({ body }) => press(body.order.payment.checkoutUrl, 'approve')))
    })
    expect(transactions.length).toBeGreaterThan(0)
    expect(await soldOf(raffle.id)).toBe(12)
    expect(await audit(env, { settled: false, raffles: [raffle.id], stock: new Map() })).toEqual([])
  })

  it('who repeat a request at the same time have one order', async () => {
    const raffle = await raffleOnSale(PRICED)
    const { token } = await registerPlayer()
    const key = aKey()
    const answers = await times(8, () => order(token, raffle, key))
    const made = answers.filter(({ status }) => status === 201)
    expect(made.length).toBeGreaterThan(0)
    expect(new Set(made.map(({ body }) => body.order.id)).size).toBe(1)
    const { body } = await call('GET', '/api/v1/orders', { token })
    expect(body.data.length).toBe(1)
  })
})

describe('people who register at once', () => {
  it('with one address are one account, and the others of the transaction are not touched', async () => {
    const same = uniqueEmail()
    const emails = [...Array(6).fill(same), ...Array.from({ length: 6 }, () => uniqueEmail())]
    const answers = await times(12, (index) =>
      call('POST', '/api/v1/auth/register', {
        body: { email: emails[index], password: 'correct horse battery', name: 'Amina' },
      }),
    )
    expect(answers.every(({ status }) => status === 201)).toBe(true)
    const { results } = await env.DB.prepare(
      'SELECT email FROM users WHERE email IN (SELECT value FROM json_each(?))',
    )
      .bind(JSON.stringify(emails))
      .all<{ email: string }>()
    expect(results.map(({ email }) => email).sort()).toEqual([...new Set(emails)].sort())
  })
})
