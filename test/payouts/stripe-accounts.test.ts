// Money out by Stripe: accounts that their owners open there, prizes and payouts to them, and transfers that come back.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/accounts/password.ts'
import { withKey } from '../checkout/checkout.ts'
import { decline, wonIn } from '../draws/prizes.ts'
import { call } from '../harness/client.ts'
import { inviteAndJoin } from '../harness/invitations.ts'
import { allowLogged, expectLogged } from '../harness/log.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
} from '../harness/people.ts'
import { withShortTimers } from '../harness/short-timers.ts'
import { all, boughtBy, post, postAll, stageSale, till, USD, useStripe } from '../payments/stripe-stage.ts'
import {
  as,
  at,
  CLOSES_AT,
  DAY,
  HOUR,
  interrupted,
  iso,
  MINUTE,
  NOW,
  newKey,
  ringAlarm,
  SECOND,
  type Staged,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { agePayoutMethods, approve } from './payout-stage.ts'

useClock()
const network = useStripe()

let tillBefore: number
beforeEach(async () => {
  tillBefore = await till()
})

const expectSameBooks = async () =>
  expect((await till()) - tillBefore).toBe(network.stripe.books.balanceOf('usd'))

const open = (person: Pick<Person, 'id'>, body: object = { country: 'KE' }) =>
  as(person, 'POST', '/users/me/stripe-account', body)
const addMethod = (person: Pick<Person, 'id'>, destination: string) =>
  as(person, 'POST', '/users/me/payout-methods', { provider: 'stripe', destination })

/** An account that can receive money. */
async function accountOf(person: Pick<Person, 'id'>): Promise<string> {
  const { accountId } = (await open(person)).body
  network.stripe.outside.finishSetUp(accountId)
  await postAll(network.stripe)
  return accountId
}

describe('an account at Stripe', () => {
  it('is opened once, and its owner goes on where it stopped until it can receive money', async () => {
    const person = await registerPlayer()
    const first = await open(person, { country: 'KE', returnUrl: 'http://localhost:5173/prizes' })
    expect(first).toMatchObject({ status: 200, body: { country: 'KE', isReady: false, problem: null } })
    const { accountId, onboarding } = first.body
    expect(onboarding).toEqual({
      url: `https://checkout.stripe.com/setup/${accountId}`,
      expiresAt: iso(NOW + 5 * MINUTE),
    })
    expect((await open(person)).body.accountId).toBe(accountId)
    expect((await as(person, 'GET', '/users/me/stripe-account')).body).toMatchObject({ isReady: false })
    network.stripe.outside.finishSetUp(accountId)
    expect((await as(person, 'GET', '/users/me/stripe-account')).body).toMatchObject({ isReady: true })
    expect((await open(person)).body).toMatchObject({ accountId, isReady: true, onboarding: null })
    const { capabilities, controller, metadata } = network.stripe.requests[0]!.fields
    expect({ capabilities, controller, metadata }).toEqual({
      capabilities: { transfers: { requested: 'true' } },
      controller: {
        stripe_dashboard: { type: 'express' },
        fees: { payer: 'application' },
        losses: { payments: 'application' },
      },
      metadata: { ownerId: person.id },
    })
  })

  it('is found again if the answer of its opening was lost', async () => {
    const person = await registerPlayer()
    network.stripe.misbehave('POST /v1/accounts', 'lost')
    expect((await open(person)).body.code).toBe('unavailable')
    expect((await open(person)).status).toBe(200)
    expect(network.stripe.books.all('account')).toHaveLength(1)
  })

  it('keeps its country, and needs one where Stripe opens accounts', async () => {
    const person = await registerPlayer()
    expect((await open(person, { country: 'KP' })).body).toMatchObject({ code: 'invalid_state' })
    expect((await open(person)).status).toBe(200)
    expect((await open(person, { country: 'TZ' })).body.errors).toEqual([
      { path: 'country', message: 'is KE for this account, for good' },
    ])
    const elsewhere = { country: 'KE', returnUrl: 'https://elsewhere.example/' }
    expect((await open(person, elsewhere)).body.errors).toMatchObject([{ path: 'returnUrl' }])
  })

  it('follows Stripe’s events, in any order: they are only hints', async () => {
    const person = await registerPlayer()
    const accountId = await accountOf(person)
    const isReady = async () =>
      (await all('SELECT is_ready FROM stripe_accounts WHERE id = ?', accountId))[0].is_ready
    expect(await isReady()).toBe(1)
    network.stripe.outside.finishSetUp(accountId, 'inactive')
    const [late] = network.stripe.events
    await postAll(network.stripe)
    expect(await isReady()).toBe(0)
    network.stripe.outside.finishSetUp(accountId)
    await postAll(network.stripe)
    await post(late!)
    expect(await isReady()).toBe(1)
    const account = network.stripe.books.find(accountId, 'account')!
    network.stripe.outside.tell('account.application.deauthorized', account, accountId)
    await postAll(network.stripe)
    expect(await isReady()).toBe(0)
  })

  it('takes events by its own secret alone', async () => {
    const { accountId } = (await open(await registerPlayer())).body
    network.stripe.outside.finishSetUp(accountId)
    const [event] = network.stripe.events
    expect((await post(event!, { secret: 'whsec_thesecretofthefakeforpayments' })).status).toBe(403)
    expect((await post(event!)).status).toBe(200)
  })

  it('belongs to its owner: nobody else is paid to it, and nobody before it is ready', async () => {
    const person = await registerPlayer()
    const { accountId } = (await open(person)).body
    expect((await addMethod(person, accountId)).body.errors).toEqual([
      {
        path: 'destination',
        message: 'is an account at Stripe that cannot receive money yet: finish its set-up there',
      },
    ])
    network.stripe.outside.finishSetUp(accountId)
    expect((await addMethod(person, accountId)).status).toBe(201)
    const notMine = [{ path: 'destination', message: 'is not your account at Stripe: open one first' }]
    expect((await addMethod(await registerPlayer(), accountId)).body.errors).toEqual(notMine)
    expect((await addMethod(person, 'acct_1234567890')).body.errors).toEqual(notMine)
    expect((await addMethod(person, '0112 4455 778')).body.errors).toEqual([
      { path: 'destination', message: 'must be an account at Stripe, which you open there first' },
    ])
  })

  it('is told by mail, and can be removed with its methods: the next one is another', async () => {
    const person = await registerPlayer()
    const accountId = await accountOf(person)
    const mails = async () =>
      (await all('SELECT kind FROM mails WHERE user_id = ?', person.id)).map(({ kind }) => kind)
    expect(await mails()).toContain('stripe_account_opened')
    expect((await addMethod(person, accountId)).status).toBe(201)
    const remove = () => as(person, 'DELETE', '/users/me/stripe-account')
    expect((await remove()).status).toBe(204)
    expect(await mails()).toContain('payout_method_removed')
    expect((await as(person, 'GET', '/users/me/payout-methods')).body.data).toEqual([])
    expect((await remove()).status).toBe(404)
    expect((await as(null, 'DELETE', '/users/me/stripe-account')).status).toBe(401)
    const next = await open(person)
    expect(next.body.accountId).not.toBe(accountId)
    expect((await addMethod(person, accountId)).status).toBe(422)
  })

  it('that is new is removed by a new password, and an older one is not', async () => {
    for (const [age, status] of [
      [DAY - MINUTE, 404],
      [DAY, 200],
    ] as const) {
      const person = await registerPlayer()
      await env.DB.prepare('UPDATE users SET password_hash = ? WHERE id = ?')
        .bind(await hashPassword('an old boat at dusk 44'), person.id)
        .run()
      at(NOW)
      await accountOf(person)
      at(NOW + age)
      const change = { currentPassword: 'an old boat at dusk 44', newPassword: 'a quiet lake at dawn 71' }
      expect((await as(person, 'POST', '/auth/password', change)).status).toBe(204)
      expect((await as(person, 'GET', '/users/me/stripe-account')).status).toBe(status)
    }
  })

  it('of an organisation is opened by who may approve its payouts, and hidden from strangers', async () => {
    const { id, operator } = await organisationWithOperator()
    const path = `/organisations/${id}/stripe-account`
    const stranger = await registerPlayer()
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      const body = method === 'POST' ? { country: 'KE' } : undefined
      expect((await as(stranger, method, path, body)).status).toBe(404)
      expect((await as(null, method, path, body)).status).toBe(401)
    }
    expect((await as(operator, 'GET', path)).status).toBe(404)
    const { status, body } = await as(operator, 'POST', path, { country: 'KE' })
    expect([status, body.isReady]).toEqual([200, false])
    expect((await as(operator, 'GET', path)).body.accountId).toBe(body.accountId)
    // The account of a member is another one.
    expect((await open(operator)).body.accountId).not.toBe(body.accountId)
  })
})

/** A raffle whose tickets were bought by Stripe, with its cash prize won. */
async function stageWon(
  prize = 3_000,
): Promise<Staged & { winner: Awaited<ReturnType<typeof wonIn>>[number] }> {
  at(NOW)
  const raffle = await stageSale({
    prizes: [{ title: 'Cash', kind: 'cash', quantity: 1, value: USD(prize) }],
    minTickets: 2,
    onUnclaimed: 'keep',
  })
  await boughtBy(network.stripe, raffle)
  await boughtBy(network.stripe, raffle)
  at(CLOSES_AT + 35 * MINUTE)
  await ringAlarm(raffle.pool)
  at(CLOSES_AT + HOUR)
  await sweep()
  const [winner] = await wonIn(raffle.id)
  return { ...raffle, winner: winner! }
}

const payoutOf = async (raffle: Staged) =>
  (await as(raffle.operator, 'GET', `/payouts?raffleId=${raffle.id}`)).body.data[0]

/** The prize is claimed to the winner's account. */
async function claimed(
  raffle: Awaited<ReturnType<typeof stageWon>>,
): Promise<{ id: string; account: string }> {
  const { holder, id } = raffle.winner
  const account = await accountOf(holder)
  const { body: method } = await addMethod(holder, account)
  await agePayoutMethods(method.id)
  const claim = await as(holder, 'POST', `/winners/${id}/claim`, { payoutMethodId: method.id })
  expect(claim.status, JSON.stringify(claim.body)).toBe(200)
  // Money goes to a new method after a day.
  at(Date.now() + DAY + MINUTE)
  return { id: (await payoutOf(raffle)).id, account }
}

describe('a prize paid by Stripe', () => {
  it('is one transfer to the winner’s account, and the books equal Stripe’s', async () => {
    const raffle = await stageWon()
    const { id, account } = await claimed(raffle)
    expect((await approve(raffle.operator, id)).body).toMatchObject({ status: 'paid' })
    await sweep()
    const [transfer, ...more] = network.stripe.books.all('transfer')
    expect([transfer, more]).toMatchObject([
      {
        amount: 3_000,
        currency: 'usd',
        destination: account,
        transfer_group: id,
        metadata: { payoutId: id },
      },
      [],
    ])
    expect(await payoutOf(raffle)).toMatchObject({ status: 'paid', reference: transfer!.id })
    expect((await winnersOf(raffle.id))[0].status).toBe('paid')
    await expectSameBooks()
  })

  it('whose answer was lost is found, also after Stripe has forgotten its key', async () => {
    allowLogged('payout not sent')
    for (const later of [2 * MINUTE, 30 * HOUR]) {
      const raffle = await stageWon()
      const { id } = await claimed(raffle)
      network.stripe.misbehave('POST /v1/transfers', 'lost')
      expect((await approve(raffle.operator, id)).body.status).toBe('sent')
      at(Date.now() + later)
      await sweep()
      expect(await payoutOf(raffle)).toMatchObject({ status: 'paid' })
      const transfers = network.stripe.books
        .all('transfer')
        .filter(({ transfer_group: group }) => group === id)
      expect(transfers).toHaveLength(1)
    }
    await expectSameBooks()
  })

  it('that hangs holds the approval for six seconds only, and is sent once', async () => {
    expectLogged('payout not sent')
    const raffle = await stageWon()
    const { id } = await claimed(raffle)
    network.stripe.misbehave('POST /v1/transfers', 'hang')
    const { result, timers } = await withShortTimers(6 * SECOND, () => approve(raffle.operator, id))
    expect(timers).toBeGreaterThan(0)
    expect(result.body.status).toBe('sent')
    at(Date.now() + 2 * MINUTE)
    await sweep()
    expect(await payoutOf(raffle)).toMatchObject({ status: 'paid' })
    expect(network.stripe.books.all('transfer')).toMatchObject([{ transfer_group: id, amount: 3_000 }])
    await expectSameBooks()
  })

  it('whose key Stripe calls in use has not failed: the request before may have paid it', async () => {
    expectLogged('payout not sent')
    const raffle = await stageWon()
    const { id } = await claimed(raffle)
    network.stripe.misbehave('POST /v1/transfers', 'in use')
    expect((await approve(raffle.operator, id)).body.status).toBe('sent')
    at(Date.now() + 2 * MINUTE)
    await sweep()
    expect(await payoutOf(raffle)).toMatchObject({ status: 'paid', attempt: 0 })
    expect(network.stripe.books.all('transfer')).toHaveLength(1)
    await expectSameBooks()
  })

  /** As if another call had got a refusal while the answer of the transfer was under way. */
  const recordAsFailed = (id: string) =>
    all("UPDATE payouts SET status = 'failed', due_at = NULL WHERE id = ?", id)

  it('that was recorded as failed by another call is paid when its answer comes', async () => {
    const raffle = await stageWon()
    const { id } = await claimed(raffle)
    const { DB, done } = interrupted(/^insert into "transfers"/i, () => recordAsFailed(id))
    await as(raffle.operator, 'POST', `/payouts/${id}/approve`, undefined, { bindings: { DB } })
    expect(done()).toBe(true)
    expect(await payoutOf(raffle)).toMatchObject({ status: 'paid', attempt: 0 })
    await expectSameBooks()
  })

  it('that was recorded as failed and has arrived is paid by its event, and a retry sends nothing', async () => {
    allowLogged('payout not sent')
    for (const how of ['event', 'retry'] as const) {
      const raffle = await stageWon()
      const { id } = await claimed(raffle)
      network.stripe.misbehave('POST /v1/transfers', 'lost')
      await approve(raffle.operator, id)
      await recordAsFailed(id)
      if (how === 'event') await postAll(network.stripe)
      else await as(raffle.operator, 'POST', `/payouts/${id}/retry`, undefined, withKey(newKey()))
      const [transfer, ...more] = network.stripe.books
        .all('transfer')
        .filter(({ transfer_group: group }) => group === id)
      expect(more).toEqual([])
      expect(await payoutOf(raffle)).toMatchObject({ status: 'paid', reference: transfer!.id })
    }
    await expectSameBooks()
  })

  it('waits while the balance at Stripe is too low, and has not failed', async () => {
    const raffle = await stageWon()
    const { id } = await claimed(raffle)
    network.stripe.isBalancePending = true
    expect((await approve(raffle.operator, id)).body).toMatchObject({
      status: 'sent',
      attention: expect.stringContaining('the balance at Stripe is too low'),
    })
    network.stripe.isBalancePending = false
    at(Date.now() + 2 * MINUTE)
    await sweep()
    expect(await payoutOf(raffle)).toMatchObject({ status: 'paid', attention: null })
    await expectSameBooks()
  })

  it('that waits at Stripe is never sent once its payout method is removed: it needs another claim', async () => {
    const raffle = await stageWon()
    const { holder, id: winnerId } = raffle.winner
    const { id } = await claimed(raffle)
    network.stripe.isBalancePending = true
    expect((await approve(raffle.operator, id)).body.status).toBe('sent')
    const [method] = (await as(holder, 'GET', '/users/me/payout-methods')).body.data
    expect((await as(holder, 'DELETE', `/users/me/payout-methods/${method.id}`)).status).toBe(204)
    network.stripe.isBalancePending = false
    at(Date.now() + 2 * MINUTE)
    await sweep()
    expect(await payoutOf(raffle)).toMatchObject({
      status: 'failed',
      attention: expect.stringContaining('The winner removed this payout method'),
    })
    const retry = await as(raffle.operator, 'POST', `/payouts/${id}/retry`, undefined, withKey(newKey()))
    expect(retry.body.code).toBe('invalid_state')
    expect(network.stripe.books.all('transfer')).toEqual([])
    const { body: again } = await addMethod(holder, (await open(holder)).body.accountId)
    await agePayoutMethods(again.id)
    const claim = await as(holder, 'POST', `/winners/${winnerId}/claim`, { payoutMethodId: again.id })
    expect(claim.status, JSON.stringify(claim.body)).toBe(200)
    expect((await approve(raffle.operator, id)).body.status).toBe('paid')
    await expectSameBooks()
  })

  it('that Stripe takes back is not sent again to a payout method that was removed meanwhile', async () => {
    const raffle = await stageWon()
    const { id } = await claimed(raffle)
    expect((await approve(raffle.operator, id)).body.status).toBe('paid')
    const { holder } = raffle.winner
    const [method] = (await as(holder, 'GET', '/users/me/payout-methods')).body.data
    expect((await as(holder, 'DELETE', `/users/me/payout-methods/${method.id}`)).status).toBe(204)
    expect(await payoutOf(raffle)).toMatchObject({ status: 'paid', attention: null })
    network.stripe.outside.reverse(network.stripe.books.all('transfer')[0]!.id)
    await postAll(network.stripe)
    const retry = await as(raffle.operator, 'POST', `/payouts/${id}/retry`, undefined, withKey(newKey()))
    expect(retry.body).toMatchObject({ code: 'invalid_state', detail: expect.stringContaining('removed') })
    await expectSameBooks()
  })

  it('waits while the account cannot receive money', async () => {
    const raffle = await stageWon()
    const { id, account } = await claimed(raffle)
    network.stripe.outside.finishSetUp(account, 'inactive')
    expect((await approve(raffle.operator, id)).body).toMatchObject({
      status: 'sent',
      attention: expect.stringContaining('the account at Stripe cannot receive money yet'),
    })
    network.stripe.outside.finishSetUp(account)
    at(Date.now() + 2 * MINUTE)
    await sweep()
    expect(await payoutOf(raffle)).toMatchObject({ status: 'paid' })
  })

  it('that Stripe takes back is owed again, and paid by another transfer', async () => {
    const raffle = await stageWon()
    const { id } = await claimed(raffle)
    await approve(raffle.operator, id)
    network.stripe.outside.reverse(network.stripe.books.all('transfer')[0]!.id)
    const events = [...network.stripe.events]
    await postAll(network.stripe)
    for (const event of events) await post(event)
    expect(await payoutOf(raffle)).toMatchObject({
      status: 'failed',
      attention: 'Stripe has taken the transfer back',
    })
    expect((await winnersOf(raffle.id))[0].status).toBe('claimed')
    await expectSameBooks()
    const again = await as(raffle.operator, 'POST', `/payouts/${id}/retry`, undefined, withKey(newKey()))
    expect(again.body).toMatchObject({ status: 'paid', attempt: 1 })
    await postAll(network.stripe)
    expect((await winnersOf(raffle.id))[0].status).toBe('paid')
    expect(network.stripe.books.all('transfer')).toHaveLength(2)
    await expectSameBooks()
    const balance = await all(
      `SELECT sum(iif(credit LIKE 'prizes:%', amount, -amount)) AS owed FROM transfers
       WHERE raffle_id = ? AND (credit LIKE 'prizes:%' OR debit LIKE 'prizes:%')`,
      raffle.id,
    )
    expect(balance).toEqual([{ owed: 0 }])
  })

  it('that the winner’s bank refuses is shown to operators and its owner, until it is corrected', async () => {
    const raffle = await stageWon()
    const { id, account } = await claimed(raffle)
    await approve(raffle.operator, id)
    network.stripe.outside.payOutToBank(account, 'failed')
    await postAll(network.stripe)
    const refused = expect.stringContaining('Stripe could not pay the money on to the bank')
    expect(await payoutOf(raffle)).toMatchObject({ status: 'paid', attention: refused })
    const mine = () => as(raffle.winner.holder, 'GET', '/users/me/stripe-account')
    expect((await mine()).body.problem).toEqual(refused)
    network.stripe.outside.payOutToBank(account, 'paid')
    await postAll(network.stripe)
    expect(await payoutOf(raffle)).toMatchObject({ attention: null })
    expect((await mine()).body.problem).toBeNull()
  })
})

describe('an organisation’s payout by Stripe', () => {
  it('goes to its own account alone', async () => {
    const raffle = await stageWon()
    const { organisation, operator } = raffle
    const { body } = await as(operator, 'POST', `/organisations/${organisation.id}/stripe-account`, {
      country: 'KE',
    })
    const ask = (destination: string) =>
      as(
        operator,
        'POST',
        '/payouts',
        { raffleId: raffle.id, provider: 'stripe', destination },
        withKey(newKey()),
      )
    expect((await ask(await accountOf(operator))).body.errors).toEqual([
      { path: 'destination', message: 'is not your account at Stripe: open one first' },
    ])
    expect((await ask(body.accountId)).body.errors).toMatchObject([{ path: 'destination' }])
    network.stripe.outside.finishSetUp(body.accountId)
    // The raffle is not settled yet, so only the destination is right now.
    expect((await ask(body.accountId)).body.code).toBe('invalid_state')
    await decline(raffle.winner.holder, raffle.winner.id)
    await sweep()
    const { status, body: payout } = await ask(body.accountId)
    expect(status, JSON.stringify(payout)).toBe(201)
    const remove = () => as(operator, 'DELETE', `/organisations/${organisation.id}/stripe-account`)
    expect((await remove()).body.code).toBe('invalid_state')
    // Stripe's fees are the platform's, so it keeps money of its own there.
    network.stripe.outside.topUp(1_000, 'usd')
    expect((await approve(operator, payout.id)).body).toMatchObject({ status: 'paid', amount: USD(10_000) })
    expect(network.stripe.books.all('transfer')).toMatchObject([
      { amount: 10_000, destination: body.accountId },
    ])
    expect((await till()) - tillBefore).toBe(network.stripe.books.balanceOf('usd') - 1_000)
    expect((await remove()).status).toBe(204)
    expect((await remove()).status).toBe(404)
  })
})

describe('the first payout to an organisation’s account', () => {
  const bindings: object = { PAYOUT_APPROVAL: 'other', PAYOUT_APPROVER_MIN_DAYS: '0' }

  /** A settled raffle, whose operator has set up the account. `requested`: a part of its money, by another member. */
  async function stageAccount() {
    const raffle = await stageWon()
    const { organisation, operator } = raffle
    await decline(raffle.winner.holder, raffle.winner.id)
    await sweep()
    network.stripe.outside.topUp(1_000, 'usd')
    const openPage = (person: Pick<Person, 'id'>) =>
      as(person, 'POST', `/organisations/${organisation.id}/stripe-account`, { country: 'KE' })
    const { accountId: destination } = (await openPage(operator)).body
    network.stripe.outside.finishSetUp(destination)
    await postAll(network.stripe)
    const other = await addOperator(organisation.id)
    const requested = async (amount: number, by: Pick<Person, 'id'> = other): Promise<string> => {
      const body = { raffleId: raffle.id, provider: 'stripe', destination, amount: USD(amount) }
      const answer = await as(by, 'POST', '/payouts', body, withKey(newKey()))
      expect(answer.status, JSON.stringify(answer.body)).toBe(201)
      return answer.body.id
    }
    const approveAs = (person: Pick<Person, 'id'>, id: string) =>
      as(person, 'POST', `/payouts/${id}/approve`, undefined, { bindings })
    return { organisation, operator, other, openPage, destination, requested, approveAs }
  }

  it('is approved by somebody who did not set the account up; later ones by anybody but their requester', async () => {
    const { organisation, operator, requested, approveAs } = await stageAccount()
    const first = await requested(4_000)
    const why = 'somebody else must approve or retry the first payout to it.'
    expect((await approveAs(operator, first)).body).toMatchObject({
      code: 'forbidden',
      detail: `You set up the account at Stripe: ${why}`,
    })
    const friend = await registerPlayer()
    await inviteAndJoin(operator, organisation.id, friend)
    expect((await approveAs(friend, first)).body).toMatchObject({
      code: 'forbidden',
      detail: `The person who set up the account at Stripe invited you to the organisation, or invited who invited you: ${why}`,
    })
    const third = await addOperator(organisation.id)
    expect((await approveAs(third, first)).body).toMatchObject({ status: 'paid', approvedBy: third.id })
    expect((await approveAs(operator, await requested(3_000))).body.status).toBe('paid')
  })

  it('counts anew once somebody was sent to the set-up again, who may have named another bank', async () => {
    const { organisation, operator, other, openPage, destination, requested, approveAs } =
      await stageAccount()
    const third = await addOperator(organisation.id)
    expect((await approveAs(third, await requested(4_000))).body.status).toBe('paid')
    network.stripe.outside.finishSetUp(destination, 'inactive')
    await postAll(network.stripe)
    at(Date.now() + MINUTE)
    expect((await openPage(other)).body.onboarding).not.toBeNull()
    network.stripe.outside.finishSetUp(destination)
    await postAll(network.stripe)
    const next = await requested(3_000, third)
    for (const person of [operator, other])
      expect((await approveAs(person, next)).body.code).toBe('forbidden')
    const fourth = await addOperator(organisation.id)
    expect((await approveAs(fourth, next)).body.status).toBe('paid')
    expect((await approveAs(other, await requested(1_000, third))).body.status).toBe('paid')
  })

  const retryAs = (person: Pick<Person, 'id'>, id: string) =>
    as(person, 'POST', `/payouts/${id}/retry`, undefined, { ...withKey(newKey()), bindings })

  it('can be compared with the bank that Stripe names now', async () => {
    const { organisation, destination, other } = await stageAccount()
    const banks = async () =>
      (await as(other, 'GET', `/organisations/${organisation.id}/stripe-account`)).body.banks
    expect(await banks()).toEqual([{ name: 'STRIPE TEST BANK', last4: '6789', currency: 'USD' }])
    const account = network.stripe.books.find(destination, 'account')!
    const card = { object: 'card', brand: 'Visa', last4: '4242', currency: 'usd' }
    const old = { object: 'bank_account', bank_name: 'Old', last4: '0001', currency: 'usd' }
    account.external_accounts.data = [
      { ...old, default_for_currency: false },
      { ...card, default_for_currency: true },
    ]
    expect(await banks()).toEqual([{ name: 'Visa', last4: '4242', currency: 'USD' }])
    delete account.external_accounts
    expect(await banks()).toEqual([])
  })

  it('is not retried to another bank by the person who named it', async () => {
    const { operator, organisation, openPage, destination, requested, approveAs } = await stageAccount()
    const third = await addOperator(organisation.id)
    const id = await requested(4_000)
    expect((await approveAs(third, id)).body.status).toBe('paid')
    network.stripe.outside.reverse(network.stripe.books.all('transfer')[0]!.id)
    network.stripe.outside.finishSetUp(destination, 'inactive')
    await postAll(network.stripe)
    at(Date.now() + MINUTE)
    await openPage(operator)
    network.stripe.outside.finishSetUp(destination)
    await postAll(network.stripe)
    expect((await retryAs(operator, id)).body).toMatchObject({
      code: 'forbidden',
      detail: 'You set up the account at Stripe: somebody else must approve or retry the first payout to it.',
    })
    expect((await retryAs(third, id)).body.status).toBe('paid')
  })

  it('needs a new approval once the set-up is opened again, approved or waiting at Stripe', async () => {
    const { operator, organisation, openPage, destination, requested, approveAs } = await stageAccount()
    const third = await addOperator(organisation.id)
    const [approved, waiting] = [await requested(4_000), await requested(3_000)]
    const row = async (id: string) => (await all('SELECT * FROM payouts WHERE id = ?', id))[0]
    network.stripe.outside.finishSetUp(destination, 'inactive')
    await postAll(network.stripe)
    expect((await approveAs(third, waiting)).body).toMatchObject({
      status: 'sent',
      attention: expect.stringContaining('cannot receive money yet'),
    })
    await all(
      "UPDATE payouts SET status = 'approved', approved_by = ?, due_at = ? WHERE id = ?",
      third.id,
      NOW,
      approved,
    )
    at(Date.now() + MINUTE)
    await openPage(operator)
    network.stripe.outside.finishSetUp(destination)
    await postAll(network.stripe)
    at(Date.now() + 2 * MINUTE)
    await sweep()
    expect(network.stripe.books.all('transfer')).toEqual([])
    const attention = expect.stringContaining('was set up again, or has another bank')
    expect(await row(approved)).toMatchObject({ status: 'requested', approved_by: null, attention })
    expect(await row(waiting)).toMatchObject({ status: 'failed', attention })
    expect((await approveAs(operator, approved)).body.code).toBe('forbidden')
    expect((await retryAs(operator, waiting)).body.code).toBe('forbidden')
    expect((await retryAs(third, waiting)).body).toMatchObject({ status: 'paid', attention: null })
    expect((await approveAs(third, approved)).body).toMatchObject({ status: 'paid', attention: null })
  })

  it('is not released while its bank changes', async () => {
    const { operator, organisation, openPage, destination, requested } = await stageAccount()
    const third = await addOperator(organisation.id)
    const id = await requested(4_000)
    network.stripe.outside.finishSetUp(destination, 'inactive')
    await postAll(network.stripe)
    at(Date.now() + MINUTE)
    const { DB, done } = interrupted(/^update "payouts"/i, () => openPage(operator))
    const refused = await as(third, 'POST', `/payouts/${id}/approve`, undefined, {
      bindings: { ...bindings, DB },
    })
    expect([done(), refused.body.code]).toEqual([true, 'conflict'])
    expect((await all('SELECT status FROM payouts WHERE id = ?', id))[0].status).toBe('requested')
  })

  it.each(['created', 'updated', 'deleted'])('counts anew once its bank at Stripe is %s', async (what) => {
    const { organisation, operator, destination, requested, approveAs } = await stageAccount()
    const third = await addOperator(organisation.id)
    expect((await approveAs(third, await requested(4_000))).body.status).toBe('paid')
    const before = await requested(1_000)
    at(Date.now() + MINUTE)
    const bank = network.stripe.books.make('bank_account', { account: destination }, Date.now())
    const event = network.stripe.outside.tell(`account.external_account.${what}`, bank, destination)
    await postAll(network.stripe)
    const row = async () => (await all('SELECT * FROM payouts WHERE id = ?', before))[0]
    expect((await row()).attention).toContain('has another bank')
    expect((await approveAs(operator, before)).body.code).toBe('forbidden')
    at(Date.now() + MINUTE)
    const next = await requested(2_000)
    expect((await approveAs(operator, next)).body.code).toBe('forbidden')
    expect((await approveAs(third, next)).body.status).toBe('paid')
    // A repeat is no later change.
    await post(event)
    expect((await approveAs(operator, before)).body.status).toBe('paid')
    const actions = await all(
      "SELECT actor, organisation_id FROM audit WHERE subject_id = ? AND action = 'organisation.stripe_bank_changed'",
      organisation.id,
    )
    expect(actions).toEqual([{ actor: 'system', organisation_id: organisation.id }])
  })
})

it('events of accounts do nothing without an account of ours', async () => {
  const before = (await all('SELECT * FROM stripe_accounts')).length
  const stranger = network.stripe.books.make('account', { capabilities: {} }, NOW)
  network.stripe.outside.tell('account.updated', stranger, stranger.id)
  network.stripe.outside.tell('balance.available', stranger, stranger.id)
  await postAll(network.stripe)
  expect(await all('SELECT * FROM stripe_accounts')).toHaveLength(before)
  const admin = await signedInAdmin()
  expect((await as(admin, 'GET', '/users/me/stripe-account')).status).toBe(404)
  expect((await call('GET', '/pay/account')).body).toContain('You can close this page')
})
