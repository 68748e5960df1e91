// Money that a provider takes back after it arrived. Before the commitment its tickets are voided. After it they stay, and
// their organisation bears the price. The ledger stays correct, however often and late the reversal is reported.
import { env } from 'cloudflare:workers'
import { eq, sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { payments } from '../../src/money/schema.ts'
import { reconcilePayment } from '../../src/payments/reconcile-payment.ts'
import { isLossOf } from '../../src/payments/record-won-dispute.ts'
import { stageProduct, stockOf } from '../catalog/shelf.ts'
import { BOOK_PRICE, bought } from '../checkout/cart.ts'
import {
  buyOf,
  historyOf,
  orderOf,
  PRICE,
  press,
  refund,
  reserve,
  soldOf,
  stagePriced,
} from '../checkout/checkout.ts'
import { disqualify } from '../draws/prizes.ts'
import { expectLogged } from '../harness/log.ts'
import { type Person, registerPlayer, signedInAdmin, testContext } from '../harness/people.ts'
import { approve, request } from '../payouts/payout-stage.ts'
import {
  as,
  at,
  CLOSES_AT,
  HOUR,
  holderOf,
  KES,
  MINUTE,
  NOW,
  ringAlarm,
  type Staged,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'

useClock()

/** The balance of each account from the transfers of an order: debits less credits. Zero balances are left out. */
async function balances(orderId: string): Promise<Record<string, number>> {
  const { results } = await env.DB.prepare(
    `SELECT account, sum(amount) AS sum FROM (
       SELECT debit AS account, amount FROM transfers WHERE order_id = ?1
       UNION ALL SELECT credit, -amount FROM transfers WHERE order_id = ?1) GROUP BY account HAVING sum <> 0`,
  )
    .bind(orderId)
    .all<{ account: string; sum: number }>()
  return Object.fromEntries(
    results.map(({ account, sum }) => [account.replace(/:(raffle|org)_\w+/, ''), sum]),
  )
}

const refundsOf = async (player: Person, orderId: string) =>
  (await as(player, 'GET', `/orders/${orderId}/refunds`)).body.data

const paymentOf = (orderId: string) =>
  env.DB.prepare('SELECT id, attention FROM payments WHERE order_id = ?')
    .bind(orderId)
    .first<{ id: string; attention: string | null }>()

const attentionOf = async (orderId: string) => (await paymentOf(orderId))!.attention

const reconcile = (person: Person, paymentId: string) =>
  as(person, 'POST', `/payments/${paymentId}/reconcile`)

const expectSound = async (settled: boolean, ...raffles: string[]) =>
  expect(await audit(env, { raffles, settled })).toEqual([])

const freeze = async ({ pool }: Staged) => {
  at(CLOSES_AT + 30 * MINUTE)
  await ringAlarm(pool)
}

describe('a dispute before the commitment', () => {
  it('voids the tickets, makes a refund that the bank has paid, and records both in the history', async () => {
    const staged = await stagePriced()
    const { player, id, checkoutUrl } = await buyOf(staged, 3)
    await press(checkoutUrl, 'dispute')
    const order = await orderOf(player, id)
    expect(order).toMatchObject({
      status: 'refunded',
      refunded: { amount: 3 * PRICE },
      lines: [{ state: 'refunded', refundedQuantity: 3 }],
    })
    expect(historyOf(order)).toMatch(
      /Your bank took KES 15\.00 back\.\nNo longer yours: tickets 1, 2 and 3\.\nYour bank has already returned KES 15\.00 to you\./,
    )
    expect(await soldOf(staged.id)).toBe(0)
    expect(await balances(id)).toEqual({})
    const [refunded] = await refundsOf(player, id)
    expect(refunded).toMatchObject({ status: 'paid', amount: KES(3 * PRICE), reference: null })
    const sent = env.DB.prepare('SELECT count(*) AS count FROM sandbox_transfers WHERE id >= ?1 AND id < ?2')
    expect(await sent.bind(refunded.id, `${refunded.id}~`).first('count')).toBe(0)
    const { body } = await as(staged.operator, 'GET', `/ledger/trial-balance?raffleId=${staged.id}`)
    const takings = body.data.find(({ account }: { account: string }) => account === `takings:${staged.id}`)
    expect(takings).toMatchObject({ debit: 3 * PRICE, credit: 3 * PRICE })
    await sweep()
    await expectSound(true, staged.id)
    // The numbers are for sale again.
    at(NOW + MINUTE)
    expect((await buyOf(staged, 1)).order.lines[0].tickets).toHaveLength(1)
  })

  it('needs attention until an operator dismisses it', async () => {
    const staged = await stagePriced()
    const { id, checkoutUrl } = await buyOf(staged, 1)
    await press(checkoutUrl, 'dispute')
    const list = async () => (await as(staged.operator, 'GET', '/payments?needs=attention')).body.data
    expect(await list()).toMatchObject([
      {
        orderId: id,
        attention: expect.stringMatching(/^sandbox took KES 5\.00 back \(pay_\w+-1-disputed\)\.$/),
      },
    ])
    const [{ id: paymentId }] = await list()
    expect((await reconcile(staged.operator, paymentId)).body.attention).toMatch(/took KES 5\.00 back/)
    const dismissed = await as(staged.operator, 'POST', `/payments/${paymentId}/dismiss`, {
      reason: 'The buyer wanted that.',
    })
    expect(dismissed.body, JSON.stringify(dismissed.body)).toMatchObject({ attention: null })
    await reconcile(staged.operator, paymentId)
    expect(await list()).toEqual([])
  })

  it('takes effect once, even if it is reported five times, at once and late', async () => {
    const staged = await stagePriced()
    const { player, id, checkoutUrl } = await buyOf(staged, 2)
    await press(checkoutUrl, 'dispute')
    const before = await refundsOf(player, id)
    const { id: paymentId } = (await paymentOf(id))!
    const replay = `/payments/webhooks/sandbox/evt-${paymentId}-disputed/replay`
    const admin = await signedInAdmin()
    await Promise.all([1, 2, 3].map(() => as(admin, 'POST', replay)))
    await press(checkoutUrl, 'dispute')
    await reconcile(staged.operator, paymentId)
    expect(await refundsOf(player, id)).toEqual(before)
    expect(historyOf(await orderOf(player, id)).match(/Your bank took/g)).toHaveLength(1)
    await expectSound(false, staged.id)
  })

  it('takes effect if an operator’s reconcile finds it first', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 2)
    const { id: paymentId } = (await paymentOf(id))!
    await env.DB.prepare('UPDATE sandbox_charges SET disputed_at = 1 WHERE id = ?').bind(paymentId).run()
    const answer = await reconcile(staged.operator, paymentId)
    expect(answer.body.attention).toMatch(/took KES 10\.00 back/)
    expect((await orderOf(player, id)).status).toBe('refunded')
  })

  it('settles the order first if it is reported together with the money', async () => {
    const staged = await stagePriced()
    const player = await registerPlayer()
    const { id } = await reserve(player, staged.id, 2)
    const { id: paymentId } = (await paymentOf(id))!
    await env.DB.prepare(
      `UPDATE sandbox_charges SET status = 'approved', captures = 1, disputed_at = 1 WHERE id = ?`,
    )
      .bind(paymentId)
      .run()
    await reconcile(staged.operator, paymentId)
    const order = await orderOf(player, id)
    expect(order.status).toBe('refunded')
    expect(historyOf(order)).toMatch(/Paid\. 2 tickets issued\.\nYour bank took/)
    expect(await balances(id)).toEqual({})
    await expectSound(false, staged.id)
  })

  it('takes back goods, tickets and the entries that they earned', async () => {
    const staged = await stagePriced()
    const book = await stageProduct({}, staged.organisation)
    const earned = await stagePriced(
      {
        ticketPrice: KES(0),
        providers: [],
        entry: 'order',
        earning: { per: 'order', oncePerPerson: false },
      },
      staged,
    )
    const player = await registerPlayer()
    const { id } = await bought(player, [
      { raffleId: staged.id, quantity: 2 },
      { productId: book.id, quantity: 1 },
    ])
    expect(await soldOf(earned.id)).toBe(1)
    const stock = await stockOf(book.id)
    const { id: paymentId } = (await paymentOf(id))!
    await env.DB.prepare('UPDATE sandbox_charges SET disputed_at = 1 WHERE id = ?').bind(paymentId).run()
    await reconcile(staged.operator, paymentId)
    const order = await orderOf(player, id)
    expect(order).toMatchObject({
      status: 'refunded',
      refunded: { amount: 2 * PRICE + BOOK_PRICE },
      lines: [{ state: 'refunded' }, { state: 'refunded' }],
    })
    expect(historyOf(order)).toContain('No longer yours: tickets 1 and 2, 1 × Things Fall Apart.')
    expect(await stockOf(book.id)).toBe(stock + 1)
    expect(await soldOf(earned.id)).toBe(0)
    expect(await balances(id)).toEqual({})
    await expectSound(false, staged.id, earned.id, book.id)
  })
})

describe('a dispute of refunded money', () => {
  it('that was refunded in part takes the rest back, and loses that part', async () => {
    const staged = await stagePriced()
    const { player, id, checkoutUrl } = await buyOf(staged, 3)
    await refund(staged.operator, id, { lines: [{ line: 0, numbers: [2] }] })
    await press(checkoutUrl, 'dispute')
    expect(await orderOf(player, id)).toMatchObject({ status: 'refunded', refunded: { amount: 3 * PRICE } })
    expect(await balances(id)).toEqual({ 'cash:sandbox': -PRICE, disputes: PRICE })
    expect(await attentionOf(id)).toMatch(
      /took KES 15\.00 back \(.+\), of which KES 5\.00 was already refunded/,
    )
    await expectSound(false, staged.id)
  })

  it('that was refunded in full loses all of it, and needs attention', async () => {
    const staged = await stagePriced()
    const { player, id, checkoutUrl } = await buyOf(staged, 2)
    await refund(staged.operator, id)
    await press(checkoutUrl, 'dispute')
    const order = await orderOf(player, id)
    expect(order).toMatchObject({ status: 'refunded', refunded: { amount: 2 * PRICE } })
    expect(historyOf(order)).toMatch(/Your bank took KES 10\.00 back\.$/)
    expect(await balances(id)).toEqual({ 'cash:sandbox': -2 * PRICE, disputes: 2 * PRICE })
    expect(await attentionOf(id)).toMatch(/, which was already refunded\.$/)
    await sweep()
    await expectSound(true, staged.id)
  })

  it('that was paid twice is recorded for each capture', async () => {
    const staged = await stagePriced()
    const player = await registerPlayer()
    const { id, checkoutUrl } = await reserve(player, staged.id, 1)
    await press(checkoutUrl, 'twice')
    await sweep()
    await press(checkoutUrl, 'dispute')
    expect(await orderOf(player, id)).toMatchObject({ status: 'refunded' })
    expect(await balances(id)).toEqual({ 'cash:sandbox': -PRICE, disputes: PRICE })
    expect(await refundsOf(player, id)).toHaveLength(3)
    await sweep()
    await expectSound(true, staged.id)
  })
})

describe('a dispute after the commitment', () => {
  it('leaves the tickets in the draw: their organisation bears the price, and a winner can be disqualified', async () => {
    const staged = await stagePriced({ prizes: [{ title: 'A book', quantity: 1 }], onUnclaimed: 'keep' })
    const { player, id, checkoutUrl } = await buyOf(staged, 2)
    const { operator, organisation } = staged
    await freeze(staged)
    await press(checkoutUrl, 'dispute')
    const order = await orderOf(player, id)
    expect(order).toMatchObject({
      status: 'paid',
      refunded: { amount: 0 },
      lines: [{ state: 'issued', refundedQuantity: 0 }],
    })
    expect(historyOf(order)).toMatch(
      /Your bank took KES 10\.00 back\.\nStill in the draw, .+: tickets 1 and 2\. A prize that they win may be withheld\.$/,
    )
    expect(await attentionOf(id)).toMatch(/took KES 10\.00 back .+tickets 1 and 2\..+can be disqualified\.$/)
    expect(await balances(id)).toEqual({ takings: -2 * PRICE, organiser: 2 * PRICE })
    expect(await soldOf(staged.id)).toBe(2)
    at(CLOSES_AT + HOUR)
    await sweep()
    const [winner] = await winnersOf(staged.id)
    expect(await holderOf(winner.id)).toMatchObject({ id: player.id })
    const { status, body } = await disqualify(operator, winner.id, 'The bank took the price back')
    expect(status, JSON.stringify(body)).toBe(200)
    for (const minutes of [61, 62]) {
      at(CLOSES_AT + minutes * MINUTE)
      await sweep()
    }
    const balance = async () =>
      (await as(operator, 'GET', `/organisations/${organisation.id}/balance`)).body.data
    // The organisation's share is as large as its loss.
    expect(await balance()).toMatchObject([{ balance: KES(0), left: KES(0) }])
    expect((await request(operator, staged.id)).body).toMatchObject({
      code: 'invalid_state',
      detail: 'This raffle has left nothing to be paid out.',
    })
    await expectSound(true, staged.id)
  })

  it('and after the payout makes the organisation owe the price, until it tops up', async () => {
    const staged = await stagePriced({ onUnclaimed: 'keep' })
    const { operator, organisation } = staged
    const { checkoutUrl } = await buyOf(staged, 2)
    const other = await stagePriced({ onUnclaimed: 'keep' }, staged)
    await buyOf(staged, 1)
    await buyOf(other, 1)
    await freeze(staged)
    await ringAlarm(other.pool)
    at(CLOSES_AT + HOUR)
    await sweep()
    for (const { id } of [staged, other]) {
      const [winner] = await winnersOf(id)
      await as(await holderOf(winner.id), 'POST', `/winners/${winner.id}/decline`)
    }
    await sweep()
    const { body: payout } = await request(operator, staged.id)
    expect(payout.amount).toEqual(KES(3 * PRICE))
    expect((await approve(operator, payout.id)).body.status).toBe('paid')
    await press(checkoutUrl, 'dispute')
    const balance = async () =>
      (await as(operator, 'GET', `/organisations/${organisation.id}/balance`)).body.data
    expect(await balance()).toMatchObject([{ balance: KES(-PRICE), left: KES(-PRICE) }])
    expect((await request(operator, other.id)).body.detail).toMatch(
      /owes KES 10\.00 .+ disputed or refunded payments/,
    )
    const topUp = { reference: 'cash', provider: 'sandbox', amount: KES(2 * PRICE) }
    await as(await signedInAdmin(), 'POST', `/organisations/${organisation.id}/top-ups`, topUp)
    expect((await request(operator, other.id)).body.amount).toEqual(KES(PRICE))
    await expectSound(false, staged.id, other.id)
  })

  it('of a cart takes back the lines of open raffles and of the shop', async () => {
    const frozen = await stagePriced()
    const open = await stagePriced(
      {
        closesAt: new Date(CLOSES_AT + 5 * HOUR).toISOString(),
        drawAt: new Date(CLOSES_AT + 6 * HOUR).toISOString(),
      },
      frozen,
    )
    const book = await stageProduct({}, frozen.organisation)
    const player = await registerPlayer()
    const { id } = await bought(player, [
      { raffleId: frozen.id, quantity: 2 },
      { raffleId: open.id, quantity: 1 },
      { productId: book.id, quantity: 1 },
    ])
    await freeze(frozen)
    const { id: paymentId } = (await paymentOf(id))!
    await env.DB.prepare('UPDATE sandbox_charges SET disputed_at = 1 WHERE id = ?').bind(paymentId).run()
    await reconcile(frozen.operator, paymentId)
    expect(await orderOf(player, id)).toMatchObject({
      status: 'partially_refunded',
      refunded: { amount: PRICE + BOOK_PRICE },
      lines: [{ state: 'issued', refundedQuantity: 0 }, { state: 'refunded' }, { state: 'refunded' }],
    })
    expect(await balances(id)).toEqual({ takings: -2 * PRICE, organiser: 2 * PRICE })
    await expectSound(false, frozen.id, open.id, book.id)
  })

  it('is no loss if the raffle is cancelled, and nobody is paid twice', async () => {
    const staged = await stagePriced({ minTickets: 10 })
    const { player, id, checkoutUrl } = await buyOf(staged, 2)
    const other = await buyOf(staged, 1)
    // Below its minimum, the pool cancels itself at the freeze, before any buyer is refunded.
    at(CLOSES_AT + 30 * MINUTE)
    await ringAlarm(staged.pool)
    await press(checkoutUrl, 'dispute')
    await sweep()
    at(CLOSES_AT + 32 * MINUTE)
    await sweep()
    for (const each of [{ player, id }, other]) {
      expect((await orderOf(each.player, each.id)).status).toBe('refunded')
      expect(await balances(each.id)).toEqual({})
    }
    await expectSound(true, staged.id)
  })

  it('returns the price to the organisation if the raffle is cancelled afterwards', async () => {
    const staged = await stagePriced()
    const { player, id, checkoutUrl } = await buyOf(staged, 2)
    await freeze(staged)
    await press(checkoutUrl, 'dispute')
    expect(await balances(id)).toEqual({ takings: -2 * PRICE, organiser: 2 * PRICE })
    const path = `/raffles/${staged.id}/cancel`
    const { status, body } = await as(await signedInAdmin(), 'POST', path, { reason: 'The venue is closed.' })
    expect(status, JSON.stringify(body)).toBe(200)
    await sweep()
    at(Date.now() + 2 * MINUTE)
    await sweep()
    const order = await orderOf(player, id)
    expect(order.status).toBe('refunded')
    expect(historyOf(order)).toMatch(/Your bank has already returned KES 10\.00 to you\.$/)
    expect(await balances(id)).toEqual({})
    await expectSound(true, staged.id)
  })
})

describe('a reversal', () => {
  const report = async (orderId: string, changes: object = {}) => {
    const { id } = (await paymentOf(orderId))!
    const ctx = testContext()
    const payment = await ctx.db.select().from(payments).where(eq(payments.id, id)).get()
    const observed = await sandbox.fetch(ctx, payment!)
    const { reference: capture, ...sum } = observed.captures[0]!
    const takenBack = [{ reference: `dp_${orderId}`, capture, ...sum, ...changes }]
    vi.spyOn(sandbox, 'fetch').mockResolvedValueOnce({ ...observed, takenBack })
    await reconcilePayment(ctx, payment!)
  }

  it('of less than the price of the order takes no ticket back', async () => {
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 3)
    await report(id, { amount: PRICE })
    expect(await orderOf(player, id)).toMatchObject({ status: 'paid', refunded: { amount: 0 } })
    expect(await attentionOf(id)).toBe(
      `sandbox took KES 5.00 back (dp_${id}), less than the price of KES 15.00: the order stays as it is.`,
    )
    expect(await balances(id)).toMatchObject({ disputes: PRICE, 'cash:sandbox': 2 * PRICE })
  })

  it.each([
    ['in another currency', { currency: 'USD' }],
    ['of more than the capture', { amount: 100 * PRICE }],
    ['of an unknown capture', { capture: 'other' }],
  ])('%s changes nothing and needs attention', async (_, changes) => {
    expectLogged('a provider reports money that does not match our records')
    const staged = await stagePriced()
    const { player, id } = await buyOf(staged, 3)
    const before = await balances(id)
    await report(id, changes)
    expect(await attentionOf(id)).toMatch(/took .+ back \(.+\), which does not match our records/)
    expect(await balances(id)).toEqual(before)
    expect((await orderOf(player, id)).status).toBe('paid')
  })

  it('that repeats with another sum or order changes nothing more, and needs attention', async () => {
    expectLogged('a provider reports money that does not match our records')
    const staged = await stagePriced()
    const [{ id }, other] = [await buyOf(staged, 2), await buyOf(staged, 2)]
    await report(id)
    expect(await balances(id)).toEqual({})
    await report(id, { amount: PRICE })
    expect(await balances(id)).toEqual({})
    expect(await attentionOf(id)).toMatch(/does not match our records/)
    await report(other.id, { reference: `dp_${id}` })
    expect((await orderOf(other.player, other.id)).status).toBe('paid')
    expect(await attentionOf(other.id)).toMatch(/does not match our records/)
    await expectSound(false, staged.id)
  })
})

it('finds the losses that a won dispute returns by their keys, without reading other transfers', async () => {
  const plan = await testContext().db.all<{ detail: string }>(
    sql`EXPLAIN QUERY PLAN SELECT 1 FROM transfers AS loss WHERE ${isLossOf({ id: 'refund_1', orderId: 'order_1' })}`,
  )
  const steps = plan.map(({ detail }) => detail)
  expect(steps.filter((step) => /SEARCH (loss|back) USING/.test(step))).toHaveLength(2)
  expect(steps.filter((step) => step.startsWith('SCAN'))).toEqual([])
})
