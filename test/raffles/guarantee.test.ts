// A guaranteed raffle is published only if its organisation can pay what the takings may lack. That sum is set aside until
// the draw books what is really lacking, or the raffle is cancelled.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { stageProduct, stockOf } from '../catalog/shelf.ts'
import { BOOK_PRICE, bought, ordered } from '../checkout/cart.ts'
import { withKey } from '../checkout/checkout.ts'
import { wonIn } from '../draws/prizes.ts'
import { Crash, crashableProcess, everyDeath } from '../harness/crash.ts'
import { expectLogged, rowNotDone } from '../harness/log.ts'
import { type Organisation, organisationWithOperator, registerPlayer } from '../harness/people.ts'
import {
  allowGuarantees,
  approve,
  cash,
  claimCash,
  earn,
  PRICE,
  payIn,
  payoutsOf,
  request,
  share,
  stageDrawn,
  stagePriced,
  stageSettled,
} from '../payouts/payout-stage.ts'
import {
  as,
  at,
  buy,
  CLOSES_AT,
  drawOnTime,
  enter,
  iso,
  KES,
  MINUTE,
  NOW,
  newKey,
  raffleBody,
  ringAlarm,
  type Staged,
  stageDraft,
  sweep,
  useClock,
} from './scenario.ts'
import { occurrences, rafflesOf, seriesBody } from './series-stage.ts'

useClock()

const PRIZE = 8_000
const guaranteed = (changes: Record<string, unknown> = {}) => ({
  prizes: [cash(PRIZE)],
  guaranteed: true,
  totalTickets: 10,
  ...changes,
})
const draft = (organisation: Organisation, changes: Record<string, unknown> = {}) =>
  stageDraft(guaranteed(changes), organisation)
const publish = (staged: Staged, bindings = {}) =>
  as(staged.operator, 'POST', `/raffles/${staged.id}/publish`, undefined, { bindings })
const update = (staged: Staged, change: object, bindings = {}) =>
  as(staged.operator, 'PUT', `/raffles/${staged.id}`, change, { bindings })
const cancel = (staged: Staged) =>
  as(staged.operator, 'POST', `/raffles/${staged.id}/cancel`, { reason: 'Rained out' })

/** The balance in KES, in minor units. */
async function purse({ id, operator }: Organisation) {
  const { body } = await as(operator, 'GET', `/organisations/${id}/balance`)
  const found = body.data.find((each: { balance: { currency: string } }) => each.balance.currency === 'KES')
  const { balance, left, setAside, guaranteeLimit } = found
  return {
    balance: balance.amount,
    left: left.amount,
    setAside: setAside.amount,
    limit: guaranteeLimit.amount,
  }
}
const aside = async (organisation: Organisation) => (await purse(organisation)).setAside

/** An organisation that has paid in, by bank transfer unless `provider` says otherwise. */
async function stageFunded(amount: number, provider = 'manual'): Promise<Organisation> {
  const organisation = await organisationWithOperator()
  await payIn(organisation.id, provider, amount)
  return organisation
}

describe('publishing a guaranteed raffle', () => {
  it('is refused with the sum that is missing, and possible once that is paid in', async () => {
    const organisation = await organisationWithOperator()
    const staged = await draft(organisation)
    const refused = await publish(staged)
    expect(refused.status).toBe(409)
    expect(refused.body).toMatchObject({ code: 'invalid_state', errors: [{ path: 'guaranteed' }] })
    expect(refused.body.detail).toBe(
      'The prizes need KES 80.00 more than the prize pool at minTickets (0), and KES 80.00 of that is missing. Pay in that sum and have an administrator record the top-up, have the guarantee limit raised, or raise minTickets. Money taken by hand does not count.',
    )
    await payIn(organisation.id, 'manual', PRIZE - 1)
    expect((await publish(staged)).body.detail).toContain('KES 0.01 of that is missing')
    expect(await aside(organisation)).toBe(0)
    await payIn(organisation.id, 'sandbox', 1)
    expect((await publish(staged)).status).toBe(200)
    expect(await purse(organisation)).toEqual({ balance: PRIZE, left: PRIZE, setAside: PRIZE, limit: 0 })
  })

  it('needs only what the prize pool at `minTickets` lacks', async () => {
    const organisation = await stageFunded(1)
    const priced = {
      ticketPrice: KES(1_000),
      providers: ['sandbox'],
      rakeBps: 1_000,
      minTickets: 5,
      closesAt: iso(CLOSES_AT - 15 * MINUTE),
    }
    const missing = async (changes: Record<string, unknown>) =>
      (await publish(await draft(organisation, { ...priced, ...changes }))).body.detail
    expect(await missing({})).toContain('need KES 35.00 more than the prize pool at minTickets (5)')
    expect(await missing({ prizes: [cash(PRIZE), share(2_000)] })).toContain('need KES 45.00 more than')
    const fits = await draft(organisation, { ...priced, prizes: [cash(4_500)] })
    expect((await publish(fits)).status).toBe(200)
    expect(await aside(organisation)).toBe(0)
  })

  it('cannot use what another raffle has set aside, also at the same time', async () => {
    const organisation = await stageFunded(2 * PRIZE + 1)
    const rivals = await Promise.all([1, 2, 3].map(() => draft(organisation)))
    const answers = await Promise.all(rivals.map((rival) => publish(rival)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409])
    expect(await aside(organisation)).toBe(2 * PRIZE)
    const refused = rivals[answers.findIndex(({ status }) => status === 409)]!
    expect((await publish(refused)).body.detail).toContain('KES 79.99 of that is missing')
    expect((await publish(rivals.find((each) => each !== refused)!)).status).toBe(409)
    await cancel(rivals.find((each) => each !== refused)!)
    expect(await aside(organisation)).toBe(PRIZE)
    expect((await publish(refused)).status).toBe(200)
  })

  it('sets the prizes of goods aside only together with the cover', async () => {
    const { id, organisation } = await stageProduct({ stock: 2 })
    const prizes = [cash(PRIZE), { title: 'A book', quantity: 2, productId: id }]
    const staged = await draft(organisation, { prizes })
    expect((await publish(staged)).body.code).toBe('invalid_state')
    expect(await stockOf(id)).toBe(2)
    await payIn(organisation.id, 'manual', PRIZE)
    await as(organisation.operator, 'PUT', `/products/${id}`, { stock: 1 })
    expect((await publish(staged)).body.code).toBe('sold_out')
    expect(await aside(organisation)).toBe(0)
    await as(organisation.operator, 'PUT', `/products/${id}`, { stock: 2 })
    expect((await publish(staged)).status).toBe(200)
    expect([await stockOf(id), await aside(organisation)]).toEqual([0, PRIZE])
  })

  it('is refused with the sum that earlier guarantees lack too', async () => {
    const organisation = await organisationWithOperator()
    await allowGuarantees(organisation.id, PRIZE)
    expect((await publish(await draft(organisation))).status).toBe(200)
    await allowGuarantees(organisation.id, PRIZE - 500)
    expect((await publish(await draft(organisation))).body.detail).toContain(
      'KES 85.00 is missing: all of that, and KES 5.00 that the organisation lacks already. Pay in that sum',
    )
    await payIn(organisation.id, 'manual', PRIZE + 500)
    expect((await publish(await draft(organisation))).status).toBe(200)
  })

  it('may exceed the balance by the limit of an administrator', async () => {
    const organisation = await stageFunded(3_000)
    await allowGuarantees(organisation.id, 4_999)
    const staged = await draft(organisation)
    expect((await publish(staged)).body.detail).toContain('KES 0.01 of that is missing')
    await allowGuarantees(organisation.id, 5_000)
    expect((await publish(staged)).status).toBe(200)
    await allowGuarantees(organisation.id, 0)
    expect(await purse(organisation)).toMatchObject({ setAside: PRIZE, limit: 0 })
    await enter(staged.id, 1)
    await drawOnTime(staged)
    expect(await purse(organisation)).toMatchObject({ balance: -5_000, setAside: 0 })
  })

  it('covers each day of a series, and shows the day for which money is missing', async () => {
    expectLogged(rowNotDone('series'))
    const organisation = await stageFunded(2 * PRIZE)
    const terms = { ...seriesBody().terms, prizes: [cash(PRIZE)], guaranteed: true }
    const { body: series } = await as(organisation.operator, 'POST', '/series', seriesBody({ terms }))
    await sweep()
    expect(await rafflesOf(series.id)).toHaveLength(2)
    const [, , third] = await occurrences(series.id, 3, organisation.operator)
    expect(third.problem).toContain('KES 80.00 of that is missing')
    await payIn(organisation.id, 'manual', PRIZE)
    await sweep()
    expect(await rafflesOf(series.id)).toHaveLength(3)
    expect(await aside(organisation)).toBe(3 * PRIZE)
  })

  it('from a template needs its cover too', async () => {
    const organisation = await organisationWithOperator()
    const { opensAt, closesAt, drawAt, ...terms } = raffleBody(guaranteed())
    const { operator } = organisation
    const template = await as(operator, 'POST', '/raffle-templates', {
      ...terms,
      name: 'Big',
      colour: '#000000',
    })
    const path = `/raffle-templates/${template.body.id}/raffles`
    const { body } = await as(operator, 'POST', path, { opensAt, closesAt, drawAt })
    const { body: refused } = await as(operator, 'POST', `/raffles/${body.id}/publish`)
    expect(refused.detail).toContain('KES 80.00 of that is missing')
  })
})

describe('what is set aside', () => {
  it('becomes what is really lacking at the draw', async () => {
    const organisation = await stageFunded(10_000)
    const rules = { prizes: [cash(9_000)], minTickets: 1, rakeBps: 1_000, onUnclaimed: 'keep' }
    const staged = await stagePriced(rules, 5, organisation)
    expect(await aside(organisation)).toBe(8_100)
    await earn(staged.id, 5 * PRICE)
    await drawOnTime(staged)
    expect(await purse(organisation)).toMatchObject({ balance: 10_000 - 4_500, setAside: 0 })
  })

  it('is free again once the raffle is cancelled, by a person or for too few tickets', async () => {
    const organisation = await stageFunded(2 * PRIZE)
    const first = await draft(organisation)
    const second = await draft(organisation, { minTickets: 1 })
    for (const staged of [first, second]) expect((await publish(staged)).status).toBe(200)
    await cancel(first)
    expect(await aside(organisation)).toBe(PRIZE)
    at(CLOSES_AT)
    await ringAlarm(second.pool)
    await sweep()
    expect(await aside(organisation)).toBe(0)
  })

  it('is not paid out to the organisation, however late the guarantee comes', async () => {
    const rich = await stageSettled()
    const { organisation, operator } = rich
    at(NOW)
    await allowGuarantees(organisation.id, 0)
    const { body: requested } = await request(operator, rich.id)
    // What is requested cannot be set aside.
    const staged = await draft(organisation, { prizes: [cash(4_000)] })
    expect((await publish(staged)).body.detail).toContain('KES 40.00 of that is missing')
    await as(operator, 'POST', `/payouts/${requested.id}/cancel`)
    expect((await publish(staged)).status).toBe(200)
    const whole = await request(operator, rich.id)
    expect(whole.body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('set aside for guaranteed raffles'),
    })
    const to = { provider: 'sandbox', destination: '0112 4455 778' }
    const part = await request(operator, rich.id, newKey(), { ...to, amount: KES(500) })
    expect(part.status).toBe(201)
    expect((await approve(operator, part.body.id)).body.status).toBe('paid')
    expect((await request(operator, rich.id, newKey(), { ...to, amount: KES(1) })).status).toBe(409)
    await cancel(staged)
    expect((await request(operator, rich.id)).body.amount).toEqual(KES(4_000))
  })

  it('stops the approval of a payout that a lower limit uncovers', async () => {
    const rich = await stageSettled()
    const { organisation, operator } = rich
    at(NOW)
    const { body: requested } = await request(operator, rich.id)
    const staged = await draft(organisation, { prizes: [cash(4_000)] })
    expect((await publish(staged)).status).toBe(200)
    await allowGuarantees(organisation.id, 0)
    expect((await approve(operator, requested.id)).body.detail).toContain('KES 40.00')
    await payIn(organisation.id, 'manual', 4_000)
    expect((await approve(operator, requested.id)).body.status).toBe('paid')
  })

  it('is real money: what the organisation says that it took by hand is no cover', async () => {
    const organisation = await organisationWithOperator()
    const byHand = await stagePriced({ guaranteed: false, onUnclaimed: 'keep' }, 5, organisation)
    await earn(byHand.id, 5 * PRICE, newKey(), 'manual')
    await drawOnTime(byHand)
    expect(await purse(organisation)).toMatchObject({ balance: 5 * PRICE })
    at(NOW)
    const staged = await draft(organisation, { prizes: [cash(1)] })
    expect((await publish(staged)).body.detail).toContain('KES 0.01 of that is missing')
    await payIn(organisation.id, 'manual', 1)
    expect((await publish(staged)).status).toBe(200)
  })

  it('is not lent to prizes that money by hand should pay', async () => {
    const organisation = await stageFunded(PRIZE, 'sandbox')
    const byHand = await stagePriced({ prizes: [cash(5_000)], minTickets: 5 }, 5, organisation)
    await earn(byHand.id, 5 * PRICE, newKey(), 'manual')
    await drawOnTime(byHand)
    at(NOW)
    const staged = await draft(organisation)
    expect((await publish(staged)).status).toBe(200)
    const [won] = await wonIn(byHand.id)
    expect((await claimCash(won!)).status).toBe(200)
    const [prize] = await payoutsOf(byHand)
    const refused = await approve(organisation.operator, prize.id)
    expect(refused.body.detail).toContain('the money is set aside for guaranteed raffles')
    await payIn(organisation.id, 'sandbox', 5_000)
    expect((await approve(organisation.operator, prize.id)).body.status).toBe('paid')
  })

  it('is not paid out to a shop that took its money by hand', async () => {
    const { id: productId, organisation } = await stageProduct({ price: KES(BOOK_PRICE), stock: 9 })
    await payIn(organisation.id, 'sandbox', PRIZE)
    const payment = { provider: 'manual' }
    const lines = [{ productId, quantity: 1 }]
    const order = await ordered(await registerPlayer(), lines, { payment, pickup: true })
    const receipt = { reference: newKey() }
    await as(organisation.operator, 'POST', `/payments/${order.payment.id}/receipts`, receipt)
    const body = { organisationId: organisation.id, currency: 'KES', provider: 'sandbox', destination: 'A 1' }
    const ask = () => as(organisation.operator, 'POST', '/payouts', body, withKey(newKey()))
    const early = await ask()
    expect(early.status).toBe(201)
    expect((await publish(await draft(organisation))).status).toBe(200)
    expect((await approve(organisation.operator, early.body.id)).status).toBe(409)
    await as(organisation.operator, 'POST', `/payouts/${early.body.id}/cancel`)
    expect((await ask()).body.detail).toContain('the money is set aside for guaranteed raffles')
    await payIn(organisation.id, 'sandbox', BOOK_PRICE)
    expect((await ask()).status).toBe(201)
  })

  it('is not sent to the buyer of goods whose money the shop was paid', async () => {
    const { id: productId, organisation } = await stageProduct({ price: KES(BOOK_PRICE), stock: 9 })
    const { operator, id } = organisation
    await payIn(id, 'sandbox', PRIZE)
    const order = await bought(await registerPlayer(), [{ productId, quantity: 1 }])
    expect((await publish(await draft(organisation))).status).toBe(200)
    const wanted = { organisationId: id, currency: 'KES', provider: 'sandbox', destination: 'A 1' }
    const { body: payout } = await as(operator, 'POST', '/payouts', wanted, withKey(newKey()))
    expect((await approve(operator, payout.id)).body.status).toBe('paid')
    const body = { reason: 'It is torn.' }
    const back = await as(operator, 'POST', `/orders/${order.id}/refunds`, body, withKey(newKey()))
    expect(back.body.status).toBe('due')
    await payIn(id, 'sandbox', BOOK_PRICE)
    at(NOW + 30 * MINUTE)
    await sweep()
    const refund = env.DB.prepare('SELECT status FROM refunds WHERE order_id = ?').bind(order.id)
    expect(await refund.first('status')).toBe('paid')
  })

  it('pays its own winner, and not a second guarantee', async () => {
    const organisation = await stageFunded(PRIZE, 'sandbox')
    const first = await stageDrawn(
      { prizes: [cash(PRIZE)], ticketPrice: KES(0), minTickets: 0 },
      1,
      organisation,
    )
    at(NOW)
    expect((await publish(await draft(organisation))).status).toBe(409)
    await payIn(organisation.id, 'sandbox', PRICE + PRIZE)
    expect((await publish(await draft(organisation))).status).toBe(200)
    await claimCash(first.won[0]!)
    const [prize] = await payoutsOf(first)
    expect((await approve(organisation.operator, prize.id)).body.status).toBe('paid')
  })

  it('is nothing for a raffle that was published before guarantees needed cover', async () => {
    const organisation = await stageFunded(PRIZE)
    const staged = await draft(organisation)
    expect((await publish(staged)).status).toBe(200)
    await env.DB.prepare('UPDATE raffles SET cover = 0 WHERE id = ?').bind(staged.id).run()
    expect(await aside(organisation)).toBe(0)
    await enter(staged.id, 1)
    await drawOnTime(staged)
    expect(await purse(organisation)).toMatchObject({ balance: 0, setAside: 0 })
  })
})

describe('the terms of a published raffle', () => {
  async function stagePublished(funds: number) {
    const organisation = await stageFunded(funds)
    const staged = await draft(organisation)
    expect((await publish(staged)).status).toBe(200)
    return { organisation, staged }
  }

  it('change only if the organisation can cover them', async () => {
    const { organisation, staged } = await stagePublished(PRIZE + 999)
    const refused = await update(staged, { prizes: [cash(PRIZE + 1_000)] })
    expect(refused.body).toMatchObject({ code: 'invalid_state', errors: [{ path: 'guaranteed' }] })
    expect(refused.body.detail).toContain('KES 0.01 of that is missing')
    expect(await aside(organisation)).toBe(PRIZE)
    expect((await update(staged, { prizes: [cash(PRIZE + 999)] })).status).toBe(200)
    expect(await aside(organisation)).toBe(PRIZE + 999)
    expect((await update(staged, { prizes: [cash(5)] })).status).toBe(200)
    expect(await aside(organisation)).toBe(5)
    expect(
      (await update(staged, { guaranteed: false, prizes: [{ title: 'A pen', quantity: 1 }] })).status,
    ).toBe(200)
    expect(await aside(organisation)).toBe(0)
  })

  it('may become no worse although the money is gone', async () => {
    const { organisation, staged } = await stagePublished(PRIZE)
    const [loss] = [`loss:${organisation.id}:refund_x`]
    await env.DB.prepare(
      `INSERT INTO transfers (transaction_id, part, debit, credit, currency, amount, at)
       VALUES (?, 0, ?, 'disputes', 'KES', 100, ?)`,
    )
      .bind(loss, `organiser:${organisation.id}`, NOW)
      .run()
    expect((await update(staged, { title: 'Another title' })).status).toBe(200)
    expect(await purse(organisation)).toMatchObject({ balance: PRIZE - 100, setAside: PRIZE })
    expect((await update(staged, { prizes: [cash(PRIZE + 1)] })).body.detail).toContain('KES 1.01 of that')
  })

  it('keep their currency, because the money is set aside in it', async () => {
    const { staged } = await stagePublished(PRIZE)
    const prizes = [{ ...cash(1), value: { amount: 1, currency: 'USD' } }]
    const refused = await update(staged, { ticketPrice: { amount: 0, currency: 'USD' }, prizes })
    expect(refused.body.detail).toBe(
      'A published raffle keeps its money in KES set aside. Cancel it and publish another one in USD.',
    )
  })

  it('that the pool refuses release what was set aside for them', async () => {
    const { organisation, staged } = await stagePublished(3 * PRIZE)
    // The projection is late, so only the pool knows of the ticket.
    const before = await env.DB.prepare('SELECT log_size, held FROM pools WHERE raffle_id = ?')
      .bind(staged.id)
      .first()
    await buy(await registerPlayer(), staged.id)
    await env.DB.prepare('UPDATE pools SET log_size = ?, held = ? WHERE raffle_id = ?')
      .bind(before!.log_size, before!.held, staged.id)
      .run()
    const refused = await update(staged, { prizes: [cash(2 * PRIZE)] })
    expect(refused.body.detail).toContain('These fields can no longer change: prizes')
    expect(await aside(organisation)).toBe(2 * PRIZE)
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(await aside(organisation)).toBe(PRIZE)
  })
})

describe('wherever the process dies', () => {
  it('a publication sets the cover aside once, and a draft has none', async () => {
    expectLogged('unexpected error')
    const organisation = await stageFunded(PRIZE)
    for (const end of ['repeat', 'sweep'] as const) {
      await everyDeath(async (death, place) => {
        at(NOW)
        const where = `${end}, ${place}`
        const staged = await draft(organisation)
        const dying = crashableProcess(death)
        await publish(staged, dying.bindings).catch((error) => expect(error).toBeInstanceOf(Crash))
        await dying.settled()
        if (end === 'repeat') expect((await publish(staged)).status, where).toSatisfy(isFineRepeat)
        if (end === 'sweep') at(NOW + 2 * MINUTE)
        if (end === 'sweep') await sweep()
        const isDraft = (await as(staged.operator, 'GET', `/raffles/${staged.id}`)).body.status === 'draft'
        expect(await aside(organisation), where).toBe(isDraft ? 0 : PRIZE)
        if (isDraft) await as(staged.operator, 'DELETE', `/raffles/${staged.id}`)
        else await cancel(staged)
        expect(await aside(organisation), where).toBe(0)
        return dying.isDead()
      })
    }
  }, 120_000)

  it('a change sets aside what the accepted terms need', async () => {
    expectLogged('unexpected error')
    const organisation = await stageFunded(3 * PRIZE)
    for (const prize of [2 * PRIZE, 1]) {
      await everyDeath(async (death, where) => {
        at(NOW)
        const staged = await draft(organisation)
        expect((await publish(staged)).status).toBe(200)
        const dying = crashableProcess(death)
        const change = { prizes: [cash(prize)] }
        await update(staged, change, dying.bindings).catch((error) => expect(error).toBeInstanceOf(Crash))
        await dying.settled()
        const promised = async () =>
          (await as(staged.operator, 'GET', `/raffles/${staged.id}`)).body.prizes[0].value.amount
        expect(await aside(organisation), where).toBeGreaterThanOrEqual(await promised())
        at(NOW + 2 * MINUTE)
        await sweep()
        expect(await aside(organisation), where).toBe(await promised())
        await cancel(staged)
        return dying.isDead()
      })
    }
  }, 120_000)
})

/** A repeat publishes, or conflicts because the raffle is already published. */
const isFineRepeat = (status: number): boolean => status === 200 || status === 409
