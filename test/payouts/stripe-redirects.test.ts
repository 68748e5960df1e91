// A prize that failed at M-Pesa, was redirected, and arrives at the phone after all: it is booked, and nobody pays it again.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { withKey } from '../checkout/checkout.ts'
import type { Won } from '../draws/prizes.ts'
import { FakeStripe } from '../fakes/stripe/stripe.ts'
import { call } from '../harness/client.ts'
import { expectLogged } from '../harness/log.ts'
import { connect } from '../harness/network.ts'
import { daraja, posting, useMpesa } from '../payments/mpesa-stage.ts'
import { postAll } from '../payments/stripe-stage.ts'
import {
  as,
  at,
  DAY,
  DRAW_AT,
  interrupted,
  MINUTE,
  newKey,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import { agePayoutMethods, approve, methodOf, payIn } from './payout-stage.ts'
import { PRIZE, report, stageSent } from './phone-stage.ts'

useClock()
useMpesa()
let stripe: FakeStripe
beforeEach(() => {
  daraja.till = 1_000_000
  stripe = new FakeStripe()
  connect(daraja, stripe)
})

type Sent = Awaited<ReturnType<typeof stageSent>>

/** The payout has failed at M-Pesa. */
async function stageFailed(): Promise<Sent & { winner: Won }> {
  const sent = await stageSent()
  await report(1)
  expect(await sent.payout()).toMatchObject({ status: 'failed', provider: 'mpesa' })
  return { ...sent, winner: sent.staged.won[0]! }
}

const claimTo = ({ id, holder }: Won, payoutMethodId: string) =>
  as(holder, 'POST', `/winners/${id}/claim`, { payoutMethodId })

/** Its winner wants it at a bank, or from the sandbox. */
async function redirect(
  { winner }: { winner: Won },
  provider: 'manual' | 'sandbox' = 'manual',
): Promise<void> {
  expect((await claimTo(winner, await methodOf(winner.holder, provider))).status).toBe(200)
}

/** The same by Stripe, whose balance is empty; it is approved there. */
async function redirectToStripe({ winner, staged, id }: Sent & { winner: Won }): Promise<void> {
  await payIn(staged.organisation.id, 'stripe', PRIZE)
  const { accountId } = (await as(winner.holder, 'POST', '/users/me/stripe-account', { country: 'KE' })).body
  stripe.outside.finishSetUp(accountId)
  await postAll(stripe)
  const to = { provider: 'stripe', destination: accountId }
  const { body: method } = await as(winner.holder, 'POST', '/users/me/payout-methods', to)
  await agePayoutMethods(method.id)
  expect((await claimTo(winner, method.id)).status).toBe(200)
  expect((await approve(staged.operator, id)).body).toMatchObject({
    status: 'sent',
    provider: 'stripe',
    attention: expect.stringContaining('balance'),
  })
}

/** The attempt that had failed at M-Pesa arrives. Returns its transaction id. */
async function arrives(): Promise<string> {
  const [transfer] = daraja.transfers
  transfer!.code = null
  daraja.settle(transfer!)
  await daraja.reportTransfer(transfer!)
  await sweep()
  return transfer!.transactionId!
}

const booked = async (id: string) =>
  (
    await env.DB.prepare(
      "SELECT debit, credit, amount FROM transfers WHERE transaction_id LIKE 'payout:' || ? || ':%' ORDER BY length(replace(transaction_id, ':paid', ''))",
    )
      .bind(id)
      .all<Record<string, string | number>>()
  ).results.map((each) =>
    Object.values(each)
      .join(' ')
      .replaceAll(/:(raffle|org)_\w+/g, ''),
  )

/** What the audit says of the raffle. It has no orders, so sentences about receipts and tickets do not count. */
const wrongIn = async ({ id }: Sent['staged']) =>
  (await audit(env, { settled: false, raffles: [id] })).filter(
    (each) => !/^(takings|cash|reservation)/.test(each),
  )

const retry = (person: { id: string }, id: string) =>
  as(person, 'POST', `/payouts/${id}/retry`, undefined, withKey(newKey()))

/** Paid once, by M-Pesa, and nothing more can be done with it. */
async function expectPaidByMpesa({ staged, id, payout, winner }: Sent & { winner: Won }, reference: string) {
  expect(await payout()).toMatchObject({ status: 'paid', provider: 'mpesa', reference })
  expect(await booked(id)).toEqual([`prizes cash:mpesa ${PRIZE}`])
  expect((await winnersOf(staged.id))[0].status).toBe('paid')
  expect((await claimTo(winner, await methodOf(winner.holder, 'manual'))).body.code).toBe('invalid_state')
  expect((await approve(staged.operator, id)).body.code).toBe('invalid_state')
  expect((await retry(staged.operator, id)).body.code).toBe('invalid_state')
  expect(await wrongIn(staged)).toEqual([])
}

describe('a redirected prize that arrives by the first provider', () => {
  it.each(['manual', 'sandbox'] as const)(
    'is paid, if it waits for an approval to pay it by %s',
    async (to) => {
      const failed = await stageFailed()
      await redirect(failed, to)
      expect(await failed.payout()).toMatchObject({ status: 'requested', provider: to })
      const reference = await arrives()
      expect(await failed.payout()).toMatchObject({ attention: null })
      await expectPaidByMpesa(failed, reference)
      // A repeated report changes nothing.
      await arrives()
      await expectPaidByMpesa(failed, reference)
    },
  )

  it('is paid, if it was redirected to another phone', async () => {
    const failed = await stageFailed()
    await env.DB.prepare(
      "UPDATE payouts SET status = 'requested', attempt = 1, destination = '+254700000009', attention = NULL WHERE id = ?",
    )
      .bind(failed.id)
      .run()
    await expectPaidByMpesa(failed, await arrives())
  })

  it('with another sum is for a person, and another claim of the winner does not hide it', async () => {
    const failed = await stageFailed()
    await redirect(failed, 'sandbox')
    const transfer = daraja.transfers[0]!
    Object.assign(transfer, { code: null, amount: 11 })
    daraja.settle(transfer)
    await daraja.reportTransfer(transfer)
    await sweep()
    const attention = 'Compare it with the statement of mpesa: M-Pesa says that KES 11.00 was sent.'
    expect(await failed.payout()).toMatchObject({ status: 'requested', provider: 'sandbox', attention })
    await redirect(failed)
    expect(await failed.payout()).toMatchObject({ status: 'requested', provider: 'manual', attention })
  })

  it('is paid, and the person who was to pay it by hand is told', async () => {
    const failed = await stageFailed()
    await redirect(failed)
    expect((await approve(failed.staged.operator, failed.id)).body.status).toBe('sent')
    const reference = await arrives()
    expect((await failed.payout()).attention).toBe(
      `mpesa has paid an earlier attempt at it after all (${reference}): do not pay it by hand too.`,
    )
    await expectPaidByMpesa(failed, reference)
    const mark = { reference: 'FT-1' }
    const marked = await as(failed.staged.operator, 'POST', `/payouts/${failed.id}/mark-paid`, mark)
    expect(marked.body.code).toBe('invalid_state')
  })

  it('is not sent by the second, where it waits for a balance', async () => {
    expectLogged('a webhook was stored and not acted on', 'sweep: a row was not done')
    const failed = await stageFailed()
    await redirectToStripe(failed)
    const reference = await arrives()
    stripe.books.balance.set('kes', 10 * PRIZE)
    for (const minutes of [2, 3]) {
      at(DRAW_AT + minutes * MINUTE)
      await sweep()
    }
    at(DRAW_AT + 4 * MINUTE)
    await sweep()
    await expectPaidByMpesa(failed, reference)
    expect(stripe.books.all('transfer')).toEqual([])
  })

  it('is borne by the organisation, if the second has sent it at that moment, until it comes back', async () => {
    const failed = await stageFailed()
    await redirect(failed)
    const reference = await arrives()
    await expectPaidByMpesa(failed, reference)
    const { id } = failed
    // As if a call to Stripe had been under way.
    const group = { transfer_group: id, metadata: { payoutId: `${id}_1` } }
    const sum = { amount: PRIZE, currency: 'kes', destination: 'acct_1234567890' }
    const fields = { ...sum, ...group, reversed: false, amount_reversed: 0 }
    const transfer = stripe.books.make('transfer', fields, Date.now())
    stripe.outside.tell('transfer.created', transfer)
    await postAll(stripe)
    const twice = [`prizes cash:mpesa ${PRIZE}`, `organiser cash:stripe ${PRIZE}`]
    expect(await booked(id)).toEqual(twice)
    expect((await failed.payout()).attention).toContain('stripe has paid an earlier attempt at it too')
    stripe.outside.reverse(transfer.id)
    await postAll(stripe)
    expect(await booked(id)).toEqual([...twice, `cash:stripe organiser ${PRIZE}`])
    expect(await wrongIn(failed.staged)).toEqual([])
  })

  it('is borne by the organisation, and shown to it, if the second has paid it', async () => {
    const failed = await stageFailed()
    const { staged, id, payout } = failed
    await redirectToStripe(failed)
    stripe.books.balance.set('kes', 10 * PRIZE)
    at(DRAW_AT + 2 * MINUTE)
    await sweep()
    expect(await payout()).toMatchObject({ status: 'paid', provider: 'stripe', attention: null })
    const reference = await arrives()
    const attention = `mpesa has paid an earlier attempt at it too (${reference}). The organisation bears that, unless the receiver gives it back.`
    expect(await payout()).toMatchObject({ status: 'paid', provider: 'stripe', attention })
    await arrives()
    expect(await booked(id)).toEqual([`prizes cash:stripe ${PRIZE}`, `organiser cash:mpesa ${PRIZE}`])
    expect(await wrongIn(staged)).toEqual([])
    const actions = await env.DB.prepare('SELECT action, actor FROM audit WHERE subject_id = ? ORDER BY id')
      .bind(id)
      .all()
    expect(actions.results.at(-1)).toEqual({ action: 'payout.paid_twice', actor: 'system' })
    // The second one comes back: the prize stays paid by the first, and is on nobody's account but its own.
    stripe.outside.reverse(stripe.books.all('transfer')[0]!.id)
    await postAll(stripe)
    await postAll(stripe)
    expect(await payout()).toMatchObject({ status: 'paid', attention: null })
    expect(await booked(id)).toEqual([
      `prizes cash:stripe ${PRIZE}`,
      `organiser cash:mpesa ${PRIZE}`,
      `cash:stripe organiser ${PRIZE}`,
    ])
    const winner = env.DB.prepare('SELECT status FROM winners WHERE id = ?').bind(failed.winner.id)
    expect(await winner.first('status')).toBe('paid')
    at(DRAW_AT + 60 * DAY)
    await sweep()
    expect(await wrongIn(staged)).toEqual([])
  })

  it('is booked, though its winner redirects it at this moment', async () => {
    const failed = await stageFailed()
    await redirect(failed)
    const { DB, done } = interrupted(/^insert into "transfers"/i, () => redirect(failed, 'sandbox'))
    posting.post = async (url, body) => {
      const how = { raw: JSON.stringify(body), bindings: { DB } }
      expect((await call('POST', new URL(url).pathname, how)).status).toBe(200)
    }
    const reference = await arrives()
    expect(done()).toBe(true)
    await expectPaidByMpesa(failed, reference)
  })
})
