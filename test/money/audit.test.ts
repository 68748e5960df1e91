// The audit sees what it is there to see: of one paid, half refunded order everything is well until a row is changed.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { askPool } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { type Answer, call } from '../harness/client.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import { as, CLOSES_AT, HOUR, iso, newKey, type Staged, stageRaffle, useClock } from '../raffles/scenario.ts'
import { audit } from './audit.ts'

useClock()

interface Sold {
  raffle: Staged
  order: Answer['body']
}

/** Three tickets at 1,000, of which the second is refunded. */
async function stageSold(): Promise<Sold> {
  const raffle = await stageRaffle({
    ticketPrice: { amount: 1_000, currency: 'KES' },
    providers: ['sandbox'],
    drawAt: iso(CLOSES_AT + HOUR),
  })
  const keyed = () => ({ headers: { 'idempotency-key': newKey() } })
  const what = { lines: [{ raffleId: raffle.id, quantity: 3 }], payment: { provider: 'sandbox' } }
  const { body: order } = await as(await registerPlayer(), 'POST', '/orders', what, keyed())
  const { pathname, origin } = new URL(order.payment.checkoutUrl)
  await call('POST', pathname, { form: { action: 'approve' }, headers: { origin } })
  const back = { reason: 'The buyer cannot come.', lines: [{ line: 0, numbers: [2] }] }
  const { status } = await as(raffle.operator, 'POST', `/orders/${order.id}/refunds`, back, keyed())
  expect(status).toBe(201)
  return { raffle, order }
}

const found = ({ raffle }: Sold): Promise<string[]> => audit(env, { settled: true, raffles: [raffle.id] })

const transfer = (id: string, debit: string, credit: string) => `
  INSERT INTO transfers (transaction_id, part, debit, credit, currency, amount, order_id, at)
  VALUES ('${id}', 0, '${debit}', '${credit}', 'KES', 1000, ?1, 1)`

it.each([
  [`UPDATE orders SET status = 'paid' WHERE id = ?1`, /is paid with 1000 of 3000/],
  [`UPDATE orders SET refunded_amount = 0 WHERE id = ?1`, /says that 0 went back/],
  [`UPDATE orders SET settled_at = NULL WHERE id = ?1`, /neither settled nor returned/],
  [`UPDATE orders SET receipt = 'sandbox:other' WHERE id = ?1`, /a receipt that is not there/],
  [`UPDATE orders SET due_at = 1 WHERE id = ?1`, /was due and is left/],
  [`UPDATE order_lines SET state = 'released' WHERE order_id = ?1`, /its line 0 released/],
  [`UPDATE order_lines SET refunded_quantity = 2 WHERE order_id = ?1`, /counts 2 refunded tickets/],
  [`UPDATE order_lines SET quantity = 4 WHERE order_id = ?1`, /are not its 4/],
  [
    `UPDATE refunds SET lines = '[{"line":0,"numbers":[1]}]' WHERE order_id = ?1`,
    /refunded and are still sold/,
  ],
  [`UPDATE refunds SET amount = 3500 WHERE order_id = ?1`, /refunded more than was paid/],
  [`UPDATE refunds SET status = 'due', due_at = NULL WHERE order_id = ?1`, /nobody looks again/],
  [`UPDATE receipts SET amount = 2000 WHERE order_id = ?1`, /cash:sandbox is/],
  [`DELETE FROM receipts WHERE order_id = ?1`, /the sandbox captured 3000 .* and we have 0/],
  [`DELETE FROM order_events WHERE order_id = ?1`, /does not say so/],
  [`UPDATE sandbox_charges SET captures = 2 WHERE id = ?2`, /the sandbox captured 6000 .* and we have 3000/],
  [`UPDATE sandbox_charges SET captures = 0 WHERE id = ?2`, /the sandbox captured 0/],
  [
    `INSERT INTO sandbox_transfers SELECT id || '.1', kind, amount, currency, status, settles_at, created_at
    FROM sandbox_transfers WHERE id IN (SELECT id FROM refunds WHERE order_id = ?1)`,
    /money left 2 times/,
  ],
  [`UPDATE reservations SET state = 'held' WHERE id = ?3`, /sold in its pool and held in D1/],
  [`DELETE FROM order_lines WHERE order_id = ?1`, /no order pays for it/],
  [`UPDATE payments SET status = 'pending', due_at = NULL WHERE id = ?2`, /and nobody looks again/],
  ['UPDATE webhooks SET acted_at = NULL WHERE subject_id = ?2', /never had its effect/],
  [transfer('order:more', 'deposits', 'rake'), /deposits of order/],
  [transfer('order:odd', 'pocket', 'rake'), /names an account that nobody knows/],
])('sees %s', async (change, sentence) => {
  const sold = await stageSold()
  expect(await found(sold)).toEqual([])
  const { id, payment, lines } = sold.order
  const given = [id, payment.id, lines[0].reservationId]
  const count = Math.max(...[...change.matchAll(/\?(\d)/g)].map(([, place]) => Number(place)))
  await env.DB.prepare(change)
    .bind(...given.slice(0, count))
    .run()
  expect((await found(sold)).join('\n')).toMatch(sentence)
})

it('sees a ticket that nobody paid for, and a number that is kept for nobody', async () => {
  const sold = await stageSold()
  const ctx = testContext()
  const hold = (holder: string) =>
    askPool(ctx, sold.raffle.pool, (pool) =>
      pool.reserve({
        raffleId: sold.raffle.id,
        holder,
        key: newKey(),
        request: '',
        quantity: 1,
        numbers: null,
        payment: { holdMs: HOUR, provider: 'sandbox' },
      }),
    )
  const outcome = await hold((await registerPlayer()).id)
  expect((await found(sold)).join('\n')).toMatch(/is held until .* nobody can pay for it/)
  const { id } = (outcome as { reservation: { id: string } }).reservation
  const { seq } = reservationAddress(id)
  await askPool(ctx, sold.raffle.pool, (pool) => pool.confirm(seq, id))
  expect((await found(sold)).join('\n')).toMatch(/is sold, and no order pays for it/)
})
