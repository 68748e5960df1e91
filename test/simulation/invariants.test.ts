// The audit finds nothing wrong with a paid, partly refunded order, and finds each change of one of its rows.

import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { askPool } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { ordered } from '../checkout/cart.ts'
import { press, withKey } from '../checkout/checkout.ts'
import type { Answer } from '../harness/client.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  CLOSES_AT,
  HOUR,
  iso,
  newKey,
  type Staged,
  stageRaffle,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { ANYONE } from '../tickets/entrant.ts'
import { audit } from './invariants.ts'

useClock()

interface Sold {
  raffle: Staged
  /** The raffle whose entries orders earn. */
  earned: Staged
  bookId: string
  order: Answer['body']
}

/** Three tickets at 1,000 and two books, which earn an entry. The second ticket is refunded. */
async function stageSold(): Promise<Sold> {
  const times = { closesAt: iso(CLOSES_AT), drawAt: iso(CLOSES_AT + HOUR) }
  const price = { amount: 1_000, currency: 'KES' }
  const raffle = await stageRaffle({ ...times, ticketPrice: price, providers: ['sandbox'] })
  const earning = { per: 'order', oncePerPerson: true }
  const earned = await stageRaffle({ ...times, entry: 'order', earning }, raffle.organisation)
  const { id: bookId } = await stageProduct({ price, stock: 5 }, raffle.organisation)
  const lines = [
    { raffleId: raffle.id, quantity: 3 },
    { productId: bookId, quantity: 2 },
  ]
  const { id, payment } = await ordered(await registerPlayer(), lines)
  await press(payment.checkoutUrl, 'approve')
  const back = { reason: 'The buyer cannot come.', lines: [{ line: 0, numbers: [2] }] }
  const { status } = await as(raffle.operator, 'POST', `/orders/${id}/refunds`, back, withKey(newKey()))
  expect(status).toBe(201)
  await sweep()
  const { body: order } = await as(raffle.operator, 'GET', `/orders/${id}`)
  return { raffle, earned, bookId, order }
}

const found = ({ raffle, earned, bookId }: Sold): Promise<string[]> =>
  audit(env, {
    settled: true,
    raffles: [raffle.id, earned.id, bookId],
    stock: new Map([[bookId, 5]]),
  })

it('finds nothing wrong with an untouched order', async () => {
  expect(await found(await stageSold())).toEqual([])
})

const transfer = (id: string, debit: string, credit: string) => `
  INSERT INTO transfers (transaction_id, part, debit, credit, currency, amount, order_id, at)
  VALUES ('${id}', 0, '${debit}', '${credit}', 'KES', 1000, ?1, 1)`

it.each([
  [`UPDATE orders SET status = 'paid' WHERE id = ?1`, /is paid with 1000 of 5000 refunded/],
  [`UPDATE orders SET refunded_amount = 0 WHERE id = ?1`, /has 0 refunded, but its refunds make 1000/],
  [`UPDATE orders SET settled_at = NULL WHERE id = ?1`, /neither settled nor returned/],
  [`UPDATE orders SET receipt = 'sandbox:other' WHERE id = ?1`, /a receipt that does not exist/],
  [`UPDATE orders SET due_at = 1 WHERE id = ?1`, /is still due/],
  [`UPDATE order_lines SET state = 'released' WHERE order_id = ?1`, /its line 0 released/],
  [
    `UPDATE order_lines SET refunded_quantity = 2 WHERE order_id = ?1 AND line = 0`,
    /counts 2 refunded tickets/,
  ],
  [`UPDATE order_lines SET quantity = 4 WHERE order_id = ?1 AND line = 0`, /do not make 4/],
  [
    `UPDATE refunds SET lines = '[{"line":0,"numbers":[1]}]' WHERE order_id = ?1`,
    /refunded, but are still sold/,
  ],
  [`UPDATE refunds SET amount = 5500 WHERE order_id = ?1`, /refunded more than was paid/],
  [`UPDATE refunds SET status = 'due', due_at = NULL WHERE order_id = ?1`, /nothing retries it/],
  [`UPDATE receipts SET amount = 2000 WHERE order_id = ?1`, /cash:sandbox is/],
  [`DELETE FROM receipts WHERE order_id = ?1`, /the sandbox captured 5000 .* and we recorded 0/],
  [`UPDATE order_lines SET state = 'lost' WHERE order_id = ?1 AND line = 1`, /is lost without an event/],
  [
    `UPDATE sandbox_charges SET captures = 2 WHERE id = ?2`,
    /the sandbox captured 10000 .* and we recorded 5000/,
  ],
  [`UPDATE sandbox_charges SET captures = 0 WHERE id = ?2`, /the sandbox captured 0/],
  [
    `INSERT INTO sandbox_transfers SELECT id || '.1', kind, amount, currency, status, settles_at, created_at
    FROM sandbox_transfers WHERE id IN (SELECT id FROM refunds WHERE order_id = ?1)`,
    /money left 2 times/,
  ],
  [`UPDATE reservations SET state = 'held' WHERE id = ?3`, /sold in its pool and held in D1/],
  [`DELETE FROM order_lines WHERE order_id = ?1`, /no order pays for it/],
  [`UPDATE payments SET status = 'pending', due_at = NULL WHERE id = ?2`, /and nothing retries it/],
  ['UPDATE webhooks SET acted_at = NULL WHERE subject_id = ?2', /never took effect/],
  [`UPDATE products SET stock = stock + 1 WHERE id = ?4`, /has 4 in stock, 0 held and 2 sold of 5/],
  [`UPDATE stock_holds SET state = 'held' WHERE product_id = ?4`, /holds stock for no order/],
  [
    `UPDATE stock_holds SET returned = '[1]' WHERE product_id = ?4`,
    /took 1 units back, but line .* has 0 refunded/,
  ],
  [`UPDATE stock_holds SET fulfilment = 'shipped' WHERE product_id = ?4`, /is issued and shipped/],
  [
    `UPDATE order_lines SET state = 'refunded' WHERE order_id = ?1 AND line = 1`,
    /is sold and line 1 .* refunded/,
  ],
  [
    `UPDATE order_lines SET unit_amount = 900 WHERE order_id = ?1 AND line = 1`,
    /shops took 2000 .* make 1800/,
  ],
  ['DELETE FROM grants WHERE order_ref = ?1', /and has no grant/],
  ['UPDATE grants SET amount = 1 WHERE order_ref = ?1', /for 1, but its payment is 5000/],
  ['UPDATE grants SET entries = 2 WHERE order_ref = ?1', /gives 2 entries, but the rule gives 1/],
  [`UPDATE grants SET status = 'revoked', reason = 'x' WHERE order_ref = ?1`, /its entries were revoked/],
  [`UPDATE grants SET status = 'refused', reason = 'x' WHERE order_ref = ?1`, /no order has earned it/],
  [`UPDATE grants SET status = 'refused' WHERE order_ref = ?1`, /is refused without a reason/],
  [
    `UPDATE grants SET reservation_id = ?3 WHERE order_ref = ?1`,
    /gave 1 entries, but its tickets are undefined/,
  ],
  ['DELETE FROM mails WHERE subject = ?1', /has 0 mails “order_paid”/],

  [`UPDATE refunds SET status = 'sent' WHERE order_id = ?1`, /wrongly says “refund_paid”/],
  ['UPDATE mails SET due_at = 1 WHERE subject = ?1', /\(order_paid\) is still due/],
  ['UPDATE mails SET sent_at = NULL WHERE subject = ?1', /was never sent: no reason/],
  ['DELETE FROM dev_mails', /no provider received it/],
  [transfer('refund:more:due', 'rake', 'refunds'), /refunds owed to order .* for raffle none are 1000/],
  [`UPDATE refunds SET provider = 'mpesa' WHERE order_id = ?1`, /belongs to mpesa and was paid by sandbox/],
  [transfer('order:more', 'deposits', 'rake'), /deposits of order/],
  [transfer('order:other', 'refunds', 'organiser:org_1'), /moves money .* without a payout/],
  [transfer('top-up:org_1:a', 'cash:manual', 'organiser:org_2'), /moves money .* without a payout/],
  [transfer('top-up:org_1:b', 'cash:sandbox', 'organiser:org_1'), /moves money .* without a payout/],
  [transfer('loss:org_1:a', 'organiser:org_2', 'disputes'), /moves money .* without a payout/],
  [
    transfer('dispute:sandbox:a', 'disputes', 'cash:sandbox'),
    /dispute dispute:sandbox:a of 1000 has 0 refunds/,
  ],
  [transfer('refund:odd:paid', 'refunds', 'disputes'), /disputes of order .* are -1000/],
  [`UPDATE refunds SET key = 'dispute:sandbox:b' WHERE order_id = ?1`, /that the ledger lacks/],
  [
    `UPDATE sandbox_charges SET disputed_at = 1 WHERE id = ?2`,
    /took 5000 back from payment .* and we recorded 0/,
  ],
  [transfer('order:odd', 'pocket', 'rake'), /names an unknown account/],
])('finds %s', async (change, sentence) => {
  const sold = await stageSold()
  const { id, payment, lines } = sold.order
  const given = [id, payment.id, lines[0].reservationId, sold.bookId]
  const count = Math.max(0, ...[...change.matchAll(/\?(\d)/g)].map(([, place]) => Number(place)))
  await env.DB.prepare(change)
    .bind(...given.slice(0, count))
    .run()
  expect((await found(sold)).join('\n')).toMatch(sentence)
})

it('finds an unpaid ticket, and a held number that nobody can pay for', async () => {
  const sold = await stageSold()
  const ctx = testContext()
  const hold = (holder: string) =>
    askPool(ctx, sold.raffle.pool, (pool) =>
      pool.reserve({
        itemId: sold.raffle.id,
        holder,
        entrant: ANYONE,
        key: newKey(),
        request: '',
        quantity: 1,
        numbers: null,
        payment: { holdMs: HOUR, provider: 'sandbox' },
      }),
    )
  const outcome = await hold((await registerPlayer()).id)
  expect((await found(sold)).join('\n')).toMatch(/is held until .* but nobody can pay for it/)
  const { id } = (outcome as { reservation: { id: string } }).reservation
  const { seq } = reservationAddress(id)
  await askPool(ctx, sold.raffle.pool, (pool) => pool.confirm(seq, id))
  expect((await found(sold)).join('\n')).toMatch(/is sold, but no order pays for it/)
})
