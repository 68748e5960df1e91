// Tries to pay for an order: which one it shows, what each is told of, how many there may be, and how they end with it.
import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, at, MINUTE, NOW, newKey, SECOND, sweep, useClock } from '../raffles/scenario.ts'
import { historyOf, orderOf, press, purchase, reserve, stagePriced, withKey } from './checkout.ts'

useClock()

const HOLD = 10 * MINUTE

const payAgain = (
  person: Person,
  id: string,
  { key = newKey(), body = { provider: 'sandbox' } as object, bindings = {} as Partial<Bindings> } = {},
) => as(person, 'POST', `/orders/${id}/pay`, body, { ...withKey(key), bindings })

async function staged() {
  const raffle = await stagePriced()
  const player = await registerPlayer()
  const bought = await reserve(player, raffle.id, 2)
  return { raffle, player, bought, first: bought.order.payment }
}

/** An order with two tries, of which neither is paid. */
async function triedTwice() {
  const stage = await staged()
  at(NOW + SECOND)
  const key = newKey()
  const { status, body } = await payAgain(stage.player, stage.bought.id, { key })
  expect(status).toBe(201)
  return { ...stage, key, second: body.payment }
}

describe('the payment that an order shows', () => {
  it('is the latest try, with where to pay, while there is something to pay', async () => {
    const { player, bought, first, second } = await triedTwice()
    expect(second.id).not.toBe(first.id)
    expect((await orderOf(player, bought.id)).payment).toEqual(second)
    expect(second).toMatchObject({ status: 'pending', message: 'Pay on the sandbox’s page.' })
    expect(second.checkoutUrl).toContain(second.id)
  })

  it.each(['first', 'second'] as const)('is the try that paid, when that is the %s', async (which) => {
    const { player, bought, key, ...tries } = await triedTwice()
    await press(tries[which].checkoutUrl, 'approve')
    const order = await orderOf(player, bought.id)
    const payment = { ...tries[which], status: 'succeeded', checkoutUrl: null, message: null }
    expect(order).toMatchObject({ status: 'paid', payment })
    expect((await as(player, 'GET', '/orders')).body.data[0].payment).toEqual(payment)
    // Nobody who repeats a try is sent to pay for what is paid.
    expect((await payAgain(player, bought.id, { key })).body).toMatchObject({ status: 'paid', payment })
  })

  it('stays the try that paid when another is paid after it', async () => {
    const { player, bought, first, second } = await triedTwice()
    await press(first.checkoutUrl, 'approve')
    await press(second.checkoutUrl, 'approve')
    expect((await orderOf(player, bought.id)).payment).toMatchObject({ id: first.id, status: 'succeeded' })
  })

  it('has nowhere to pay once it failed, or its order is cancelled or has expired', async () => {
    const nowhere = { checkoutUrl: null, message: null }
    const declined = await staged()
    await press(declined.bought.checkoutUrl, 'decline')
    expect(await orderOf(declined.player, declined.bought.id)).toMatchObject({
      status: 'pending',
      payment: { ...nowhere, status: 'failed' },
    })
    const cancelled = await staged()
    const { body } = await as(cancelled.player, 'POST', `/orders/${cancelled.bought.id}/cancel`)
    expect(body).toMatchObject({ status: 'cancelled', payment: { ...nowhere, id: cancelled.first.id } })
    const expired = await staged()
    at(NOW + HOLD)
    await sweep()
    expect(await orderOf(expired.player, expired.bought.id)).toMatchObject({
      status: 'expired',
      payment: { ...nowhere, id: expired.first.id },
    })
  })
})

describe('a purchase that is repeated', () => {
  const repeated = async (person: Person, raffleId: string, key: string) => {
    const { status, body } = await purchase(person, raffleId, { quantity: 2 }, { key })
    expect(status).toBe(201)
    return body
  }

  it('answers the order as it stands, with all that has happened to it', async () => {
    const { raffle, player, bought } = await staged()
    const same = await repeated(player, raffle.id, bought.key)
    expect(same.order).toEqual(bought.order)
    await press(bought.checkoutUrl, 'approve')
    const paid = await repeated(player, raffle.id, bought.key)
    expect(paid.order).toEqual(await orderOf(player, bought.id))
    expect(historyOf(paid.order)).toContain('Paid. 2 tickets issued.')
    expect(paid.reservation.state).toBe('sold')
  })

  it('names no tickets that are free again', async () => {
    const { raffle, player, bought } = await staged()
    await as(player, 'POST', `/orders/${bought.id}/cancel`)
    const { order, reservation } = await repeated(player, raffle.id, bought.key)
    expect(order).toMatchObject({ status: 'cancelled', lines: [{ state: 'released', tickets: [] }] })
    expect(historyOf(order)).toContain('Cancelled.')
    expect(reservation.state).toBe('released')
  })
})
