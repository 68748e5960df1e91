// The audit finds nothing wrong with a settled raffle, and finds each change of its prizes' and payouts' rows.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { stageProduct } from '../catalog/shelf.ts'
import { withKey } from '../checkout/checkout.ts'
import { organisationWithOperator } from '../harness/people.ts'
import { allowGuarantees, cash, claimCash, payoutsOf, share, stageDrawn } from '../payouts/payout-stage.ts'
import { as, newKey, sweep, useClock } from '../raffles/scenario.ts'
import { audit } from './invariants.ts'

useClock()

const ADDRESS = { name: 'Amina', lines: ['1 Road'], city: 'Nairobi', country: 'KE' }
const CASH = 1_500

interface Settled {
  raffleId: string
  organisationId: string
  bookId: string
  winnerId: string
}

/** Five tickets at 1,000. Winners got 1,500, a share of 10 % and a book out of stock. The organiser was paid the rest. */
async function stageSettled(): Promise<Settled> {
  const organisation = await organisationWithOperator()
  const { id: bookId } = await stageProduct({ stock: 1 }, organisation)
  const prizes = [cash(CASH), share(1_000), { title: 'A book', quantity: 1, productId: bookId }]
  await allowGuarantees(organisation.id, CASH)
  const staged = await stageDrawn({ prizes }, 5, organisation)
  const { operator } = organisation
  for (const won of staged.won) {
    if (won.amount !== null) await claimCash(won)
    else {
      await as(won.holder, 'POST', `/winners/${won.id}/claim`, { deliveryAddress: ADDRESS })
      await as(operator, 'POST', `/winners/${won.id}/deliver`)
    }
  }
  for (const { id } of await payoutsOf(staged)) await as(operator, 'POST', `/payouts/${id}/approve`)
  await sweep()
  const rest = { raffleId: staged.id, provider: 'sandbox', destination: 'account 0113' }
  const { body: payout } = await as(operator, 'POST', '/payouts', rest, withKey(newKey()))
  await as(operator, 'POST', `/payouts/${payout.id}/approve`)
  const winnerId = staged.won.find(({ amount }) => amount === CASH)!.id
  return { raffleId: staged.id, organisationId: organisation.id, bookId, winnerId }
}

/** The staged raffle has no orders, so the audit's sentences about receipts and tickets do not count. */
async function found({ raffleId, bookId }: Settled): Promise<string[]> {
  const wrong = await audit(env, { settled: true, raffles: [raffleId, bookId] })
  return wrong.filter((each) => !/^(takings|cash|reservation)/.test(each))
}

const transfer = (debit: string, credit: string) => `
  INSERT INTO transfers (transaction_id, part, debit, credit, currency, amount, raffle_id, at)
  VALUES ('odd:' || ?1, 0, ${debit}, ${credit}, 'KES', 7, ?1, 1)`

it('finds nothing wrong with a settled and paid raffle', async () => {
  expect(await found(await stageSettled())).toEqual([])
})

it.each<[string, RegExp]>([
  [`UPDATE winners SET status = 'disqualified' WHERE id = ?4`, /is paid and its winner disqualified/],
  [`UPDATE winners SET status = 'disqualified' WHERE id = ?4`, /is disqualified, but not by two people/],
  [`UPDATE winners SET status = 'announced' WHERE id = ?4`, /is settled and winner .* announced/],
  [`UPDATE winners SET user_id = 'user_x' WHERE id = ?4`, /pays user .* the prize of user_x/],
  [
    `INSERT INTO disqualifications SELECT ?4, 'user_x', 'x', 'proposed', updated_at - 1, updated_at + 1, NULL, NULL
     FROM payouts WHERE subject = ?4`,
    /was paid while a proposal to disqualify waited/,
  ],
  ['DELETE FROM payouts WHERE subject = ?4', /is paid and has no payout/],
  ['UPDATE payouts SET amount = 1501 WHERE subject = ?4', /of unit 1#1 is 1501, but the prize is 1500/],
  ['UPDATE payouts SET amount = 502 WHERE raffle_id = ?1 AND amount = 500', /is 502, but the prize is 500/],
  [
    `UPDATE payouts SET status = 'cancelled' WHERE kind = 'organiser' AND raffle_id = ?1`,
    /is cancelled, but the sandbox sends/,
  ],
  [
    `UPDATE payouts SET amount = 1 WHERE kind = 'organiser' AND raffle_id = ?1`,
    /is 1, but raffle .* leaves 3000/,
  ],
  [
    `UPDATE payouts SET kind = 'shop' WHERE kind = 'organiser' AND raffle_id = ?1`,
    /of shop was paid from organiser/,
  ],
  [
    `UPDATE payouts SET kind = 'shop' WHERE kind = 'organiser' AND raffle_id = ?1`,
    /is paid 3000 of the 0 that its shop earned/,
  ],
  [transfer(`'rake'`, `'prizes:' || ?1`), /is settled and keeps 7 of its prizes/],
  [transfer(`'rake'`, `'prizes:' || ?1`), /has a rake of -7, but takings of 5000 make 0/],
  [
    transfer(`'refunds'`, `'organiser:' || ?2`),
    /leaves 7 to its organiser, but takings of 5000, a rake of 0/,
  ],
  [
    'UPDATE attempts SET attempt = 9 WHERE pool IN (SELECT pool FROM raffles WHERE id = ?1)',
    /drawn again 9 times/,
  ],
  [
    'UPDATE attempts SET attempt = 9 WHERE pool IN (SELECT pool FROM raffles WHERE id = ?1)',
    /1#1 was drawn again/,
  ],
  [`UPDATE stock_holds SET returned = '[1]' WHERE product_id = ?3`, /took 1 back and 1 of 1 were given away/],
])('finds %s', async (change, sentence) => {
  const settled = await stageSettled()
  const { raffleId, organisationId, bookId, winnerId } = settled
  const given = [raffleId, organisationId, bookId, winnerId]
  const count = Math.max(...[...change.matchAll(/\?(\d)/g)].map(([, place]) => Number(place)))
  await env.DB.prepare(change)
    .bind(...given.slice(0, count))
    .run()
  expect((await found(settled)).join('\n')).toMatch(sentence)
})
