// Payout methods: bank accounts, phones that are proved, the day that a new one waits, and what its owner is told.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/accounts/password.ts'
import { newId } from '../../src/core/ids.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { orderOf, press, withKey } from '../checkout/checkout.ts'
import type { Won } from '../draws/prizes.ts'
import type { Answer } from '../harness/client.ts'
import { type Person, registerPlayer, signedInAdmin } from '../harness/people.ts'
import {
  as,
  at,
  DAY,
  DRAW_AT,
  HOUR,
  iso,
  MINUTE,
  NOW,
  newKey,
  type Staged,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import {
  approve,
  BANK,
  balances,
  cash,
  claimCash,
  methodOf,
  methodTo,
  newMethodOf,
  payoutsOf,
  stageDrawn,
} from './payout-stage.ts'

useClock()

/** For the sandbox a destination of this form is a phone. */
const PHONE = '+254700000112'
const TO_PHONE = { provider: 'sandbox', destination: PHONE }

const methodsOf = async (person: { id: string }): Promise<Answer['body'][]> =>
  (await as(person, 'GET', '/users/me/payout-methods')).body.data
const remove = (person: { id: string }, id: string) => as(person, 'DELETE', `/users/me/payout-methods/${id}`)
const prove = (person: { id: string }, id: string) =>
  as(person, 'POST', `/users/me/payout-methods/${id}/proof`)
const claim = ({ id, holder }: Won, payoutMethodId: string) =>
  as(holder, 'POST', `/winners/${id}/claim`, { payoutMethodId })
const markPaid = (person: { id: string }, id: string) =>
  as(person, 'POST', `/payouts/${id}/mark-paid`, { reference: 'FT-1' })

const mailsTo = async ({ id }: { id: string }) =>
  (
    await env.DB.prepare(
      `SELECT kind, data FROM mails WHERE user_id = ? AND kind LIKE 'payout_method%' ORDER BY created_at, kind`,
    )
      .bind(id)
      .all<{ kind: string; data: string }>()
  ).results.map(({ kind, data }) => ({ kind, ...JSON.parse(data) }))

const transfersOf = async (orderId: string) =>
  (
    await env.DB.prepare(
      'SELECT debit, credit, amount, currency FROM transfers WHERE order_id = ? ORDER BY debit',
    )
      .bind(orderId)
      .all()
  ).results

/** The person pays for a book from this phone. */
async function paysFrom(person: Person, phone: string): Promise<void> {
  const { id: productId } = await stageProduct()
  const payment = { provider: 'sandbox', phone }
  const lines = [{ productId, quantity: 1 }]
  const { status, body } = await as(
    person,
    'POST',
    '/orders',
    { lines, payment, pickup: true },
    withKey(newKey()),
  )
  expect(status, JSON.stringify(body)).toBe(201)
  await press(body.payment.checkoutUrl, 'approve')
  expect((await orderOf(person, body.id)).status).toBe('paid')
}

async function stageWon(): Promise<{ staged: Staged; won: Won }> {
  const staged = await stageDrawn({ prizes: [cash(500)] })
  return { staged, won: staged.won[0]! }
}

describe('a bank account', () => {
  it('is stored whole, and shown without all but the end of its number', async () => {
    const person = await registerPlayer()
    const id = await newMethodOf(person, { provider: 'manual', bank: BANK })
    expect(await methodsOf(person)).toEqual([
      {
        id,
        provider: 'manual',
        destination: '••••0112',
        bank: { holder: BANK.holder, bank: BANK.bank },
        proof: 'not_needed',
        payableFrom: iso(NOW + DAY),
        createdAt: iso(NOW),
      },
    ])
  })

  it('has an IBAN in any spelling, which must be right', async () => {
    const person = await registerPlayer()
    const bank = { holder: 'Amina', bank: 'Commerzbank', iban: 'de89 3704-0044 0532 0130 00' }
    await newMethodOf(person, { provider: 'manual', bank })
    expect((await methodsOf(person))[0].destination).toBe('••••3000')
    const wrong = { ...bank, iban: 'DE89370400440532013001' }
    const { body } = await as(person, 'POST', '/users/me/payout-methods', { provider: 'manual', bank: wrong })
    expect(body.errors).toEqual([
      { path: 'bank.iban', message: 'is not a valid IBAN: compare it with your bank’s' },
    ])
  })

  it('is shown whole to those who pay the prize by hand', async () => {
    const { staged, won } = await stageWon()
    expect((await claimCash(won, 'manual')).status).toBe(200)
    expect((await payoutsOf(staged))[0].destination).toBe('Amina Wanjiru, KCB, Moi Avenue, 1180230112')
  })
})

describe('a phone', () => {
  it('cannot be claimed to until it is proved, and the refusal says how', async () => {
    const { staged, won } = await stageWon()
    const id = await newMethodOf(won.holder, TO_PHONE)
    expect((await methodsOf(won.holder))[0].proof).toBe('missing')
    const { status, body } = await claim(won, id)
    expect(status).toBe(422)
    expect(body.errors[0]).toMatchObject({ path: 'payoutMethodId' })
    expect(body.errors[0].message).toContain(`POST /users/me/payout-methods/${id}/proof`)
    expect(await payoutsOf(staged)).toEqual([])
  })

  it('is proved by having paid from it, by the same provider and from that number only', async () => {
    const person = await registerPlayer()
    await paysFrom(person, PHONE)
    await newMethodOf(person, TO_PHONE)
    await newMethodOf(person, { ...TO_PHONE, destination: '+254700000113' })
    const stranger = await registerPlayer()
    await newMethodOf(stranger, TO_PHONE)
    expect((await methodsOf(person)).map(({ proof }) => proof)).toEqual(['proved', 'missing'])
    expect((await methodsOf(stranger)).map(({ proof }) => proof)).toEqual(['missing'])
  })

  it('is proved by a payment of one shilling, which goes back: the ledger has both', async () => {
    const { won } = await stageWon()
    const person = won.holder
    const id = await newMethodOf(person, TO_PHONE)
    const asked = await prove(person, id)
    expect(asked.status, JSON.stringify(asked.body)).toBe(200)
    const { payment, method } = asked.body
    expect(method).toMatchObject({ id, proof: 'missing' })
    expect(payment).toMatchObject({ amount: { amount: 100, currency: 'KES' }, next: 'check_phone' })
    await press(payment.checkoutUrl, 'approve')
    expect((await methodsOf(person))[0].proof).toBe('proved')
    const own = (await as(person, 'GET', '/payments?mine=true')).body.data
    const { orderId } = own.find((each: { id: string }) => each.id === payment.id)
    await sweep()
    expect(await transfersOf(orderId)).toEqual([
      { debit: 'cash:sandbox', credit: 'deposits', amount: 100, currency: 'KES' },
      { debit: 'deposits', credit: 'refunds', amount: 100, currency: 'KES' },
      { debit: 'refunds', credit: 'cash:sandbox', amount: 100, currency: 'KES' },
    ])
    const admin = await signedInAdmin()
    expect((await as(admin, 'GET', '/ledger/trial-balance')).body.balanced).toBe(true)
    expect((await claim(won, id)).status).toBe(200)
    expect((await prove(person, id)).body).toMatchObject({ method: { proof: 'proved' }, payment: null })
    const { history, status, payment: shown } = await orderOf(person as Person, orderId)
    expect(history.map(({ text }: { text: string }) => text)).toEqual([
      'A payment of KES 1.00 proves that the phone number is yours. It goes back to you.',
      'Received KES 1.00 by sandbox.',
      'It proves that the phone number is yours. KES 1.00 will be refunded to you.',
      'KES 1.00 was refunded to you by sandbox.',
    ])
    expect(shown.message).toMatch(/^This phone number is yours\. KES 1\.00 goes back/)
    at(DRAW_AT + HOUR)
    await sweep()
    expect(['pending', 'expired']).toContain(status)
    expect((await orderOf(person as Person, orderId)).history).toHaveLength(4)
    expect((await as(person, 'GET', '/orders')).body.data).toEqual([])
  })

  it('is asked once by two requests at the same time, and again after a refusal', async () => {
    const person = await registerPlayer()
    const id = await newMethodOf(person, TO_PHONE)
    const both = await Promise.all([prove(person, id), prove(person, id), prove(person, id)])
    expect(both.map(({ status }) => status)).toEqual([200, 200, 200])
    const [first] = new Set(both.map(({ body }) => body.payment.id))
    expect(new Set(both.map(({ body }) => body.payment.id)).size).toBe(1)
    await press(both[0]!.body.payment.checkoutUrl, 'decline')
    const again = await prove(person, id)
    expect(again.body.payment.id).not.toBe(first)
    await press(again.body.payment.checkoutUrl, 'approve')
    expect((await methodsOf(person))[0].proof).toBe('proved')
  })

  it('is asked again once the time for the first payment is over', async () => {
    const person = await registerPlayer()
    const id = await newMethodOf(person, TO_PHONE)
    const { payment } = (await prove(person, id)).body
    at(Date.parse(payment.until))
    await sweep()
    expect((await prove(person, id)).body.payment.id).not.toBe(payment.id)
  })

  it('is asked at most five times a day, for all methods together and also at once', async () => {
    const person = await registerPlayer()
    const ids: string[] = []
    for (const end of [1, 2, 3, 4, 5, 6, 7])
      ids.push(await newMethodOf(person, { ...TO_PHONE, destination: `+25470000020${end}` }))
    const answers = await Promise.all(ids.map((id) => prove(person, id)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5)
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.map(({ body }) => body.code)).toEqual(['limit_reached', 'limit_reached'])
    at(NOW + DAY + MINUTE)
    const late = ids[answers.findIndex(({ status }) => status !== 200)]!
    expect((await prove(person, late)).status).toBe(200)
  })

  it('of another user is not found, and a method without a phone needs no proof', async () => {
    const person = await registerPlayer()
    const id = await newMethodOf(person, TO_PHONE)
    const theirs = await prove(await registerPlayer(), id)
    const unknown = await prove(person, newId('payoutMethod'))
    expect([theirs.status, unknown.status]).toEqual([404, 404])
    expect({ ...theirs.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' })
    const account = await newMethodOf(person)
    expect((await prove(person, account)).body.code).toBe('invalid_state')
  })

  it('is proved by a payment that nobody but an administrator manages, and that cannot be paid another way', async () => {
    const { staged, won } = await stageWon()
    const id = await newMethodOf(won.holder, TO_PHONE)
    const { payment } = (await prove(won.holder, id)).body
    const own = (await as(won.holder, 'GET', '/payments?mine=true')).body.data
    const { orderId } = own.find((each: { id: string }) => each.id === payment.id)
    const reconcile = (person: { id: string }) => as(person, 'POST', `/payments/${payment.id}/reconcile`)
    expect((await reconcile(staged.operator)).status).toBe(404)
    expect((await reconcile(await registerPlayer())).status).toBe(404)
    expect((await reconcile(await signedInAdmin())).status).toBe(200)
    await press(payment.checkoutUrl, 'approve')
    const refund = await env.DB.prepare('SELECT id FROM refunds WHERE order_id = ?')
      .bind(orderId)
      .first<string>('id')
    const refundIt = { reason: 'Please.', lines: [{ line: 0, quantity: 1 }] }
    for (const person of [staged.operator, await registerPlayer()]) {
      const mark = { reference: 'FT-1' }
      expect((await as(person, 'POST', `/refunds/${refund}/mark-paid`, mark)).status).toBe(404)
      const asked = await as(person, 'POST', `/orders/${orderId}/refunds`, refundIt, withKey(newKey()))
      expect([404, 422]).toContain(asked.status)
      expect((await as(person, 'GET', `/orders/${orderId}/refunds`)).status).toBe(404)
      expect((await as(person, 'GET', `/orders/${orderId}`)).status).toBe(404)
    }
    const pay = { provider: 'sandbox' }
    expect((await as(won.holder, 'POST', `/orders/${orderId}/pay`, pay, withKey(newKey()))).status).toBe(404)
  })
})

describe('a new payout method', () => {
  it('waits a day for money: the payout is approved and sent then', async () => {
    const { staged, won } = await stageWon()
    const id = await newMethodOf(won.holder)
    const payableFrom = iso(DRAW_AT + DAY)
    expect((await claim(won, id)).body).toMatchObject({ winner: { status: 'claimed' }, payableFrom })
    const [payout] = await payoutsOf(staged)
    expect(payout).toMatchObject({ status: 'requested', payableFrom })
    expect((await approve(staged.operator, payout.id)).body).toMatchObject({
      status: 'approved',
      payableFrom,
      attention: null,
    })
    at(DRAW_AT + DAY - MINUTE)
    await sweep()
    expect((await payoutsOf(staged))[0].status).toBe('approved')
    at(DRAW_AT + DAY)
    await sweep()
    expect((await payoutsOf(staged))[0].status).toBe('paid')
    expect((await balances(staged)).prizes).toBeUndefined()
  })

  it('is not paid by hand before, either', async () => {
    const { staged, won } = await stageWon()
    await claim(won, await newMethodOf(won.holder, methodTo('manual')))
    const [{ id }] = await payoutsOf(staged)
    expect((await approve(staged.operator, id)).body.status).toBe('approved')
    const early = await markPaid(staged.operator, id)
    expect(early.body).toMatchObject({
      code: 'invalid_state',
      detail: `Its payout method is new: nothing may be paid there before ${iso(DRAW_AT + DAY)}.`,
    })
    at(DRAW_AT + DAY)
    await sweep()
    expect((await markPaid(staged.operator, id)).body.status).toBe('paid')
  })

  it('waits even if it is the first, but not if its owner paid from this phone a day before', async () => {
    const person = await registerPlayer()
    await paysFrom(person, PHONE)
    at(NOW + DAY - MINUTE)
    await newMethodOf(person, TO_PHONE)
    at(NOW + DAY)
    await newMethodOf(person, TO_PHONE)
    await newMethodOf(person)
    expect((await methodsOf(person)).map(({ payableFrom }) => payableFrom)).toEqual([
      iso(NOW + 2 * DAY - MINUTE),
      iso(NOW + DAY),
      iso(NOW + 2 * DAY),
    ])
  })

  it('is told by mail, with the time from which it is paid', async () => {
    const person = await registerPlayer()
    await newMethodOf(person, methodTo('manual'))
    await newMethodOf(person, TO_PHONE)
    const payableFrom = NOW + DAY
    expect(await mailsTo(person)).toEqual([
      { kind: 'payout_method_added', what: 'bank', payableFrom, isPayable: false },
      { kind: 'payout_method_added', what: 'phone', payableFrom, isPayable: false },
    ])
    await sweep()
    const mail = await env.DB.prepare(
      `SELECT text FROM dev_mails WHERE id IN (SELECT id FROM mails WHERE user_id = ?) AND text LIKE '%bank account%'`,
    )
      .bind(person.id)
      .first<string>('text')
    expect(mail).toContain('No money goes there before')
    expect(mail).not.toContain('0112')
  })

  it('that exceeds the limit is told by no mail', async () => {
    const person = await registerPlayer()
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => as(person, 'POST', '/users/me/payout-methods', methodTo())),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
    expect(await mailsTo(person)).toHaveLength(10)
  })

  it('of a stranger in the account loses the prize to another claim of its owner, even once approved', async () => {
    const { staged, won } = await stageWon()
    const own = await methodOf(won.holder, 'sandbox', 'own account')
    await claim(won, await newMethodOf(won.holder, methodTo('sandbox', 'a stranger’s')))
    const [{ id }] = await payoutsOf(staged)
    expect((await approve(staged.operator, id)).body.status).toBe('approved')
    expect((await claim(won, own)).status).toBe(200)
    expect(await payoutsOf(staged)).toMatchObject([{ status: 'requested', approvedBy: null }])
    at(DRAW_AT + 2 * DAY)
    await sweep()
    expect((await payoutsOf(staged))[0].status).toBe('requested')
    expect((await approve(staged.operator, id)).body).toMatchObject({
      status: 'paid',
      destination: '••••ount',
    })
  })
})

describe('a payout method that is removed', () => {
  it('is told by mail, and its payouts that were not sent wait for another claim', async () => {
    const { staged, won } = await stageWon()
    const id = await newMethodOf(won.holder)
    await claim(won, id)
    const [payout] = await payoutsOf(staged)
    await approve(staged.operator, payout.id)
    expect((await remove(won.holder, id)).status).toBe(204)
    expect((await mailsTo(won.holder)).at(-1)).toEqual({
      kind: 'payout_method_removed',
      what: 'account',
      why: 'owner',
    })
    const stopped =
      'The winner removed this payout method. It waits until the winner claims again with another one.'
    expect(await payoutsOf(staged)).toMatchObject([
      { status: 'requested', approvedBy: null, attention: stopped },
    ])
    at(DRAW_AT + 2 * DAY)
    await sweep()
    expect((await approve(staged.operator, payout.id)).body).toMatchObject({
      code: 'invalid_state',
      detail: stopped,
    })
    // To the same place: another method, which waits again.
    const again = await newMethodOf(won.holder)
    expect((await claim(won, again)).status).toBe(200)
    expect((await approve(staged.operator, payout.id)).body.status).toBe('approved')
    at(DRAW_AT + 3 * DAY)
    await sweep()
    expect((await payoutsOf(staged))[0]).toMatchObject({ status: 'paid', attention: null })
  })

  it('while a claim names it gets nothing: of the two, one is first', async () => {
    const { staged, won } = await stageWon()
    const id = await methodOf(won.holder)
    const [claimed] = await Promise.all([claim(won, id), remove(won.holder, id)])
    const [payout] = await payoutsOf(staged)
    if (claimed.status === 200) {
      expect(payout.attention).toMatch(/removed this payout method/)
      expect((await approve(staged.operator, payout.id)).body.code).toBe('invalid_state')
    } else {
      expect([409, 422]).toContain(claimed.status)
      expect(payout).toBeUndefined()
      expect((await winnersOf(staged.id))[0].status).toBe('announced')
    }
    const other = await methodOf(won.holder)
    expect((await claim(won, other)).status).toBe(200)
    const [{ id: payoutId }] = await payoutsOf(staged)
    expect((await approve(staged.operator, payoutId)).body.status).toBe('paid')
  })

  it('leaves a payout that is with its provider as it is', async () => {
    const { staged, won } = await stageWonLate()
    const id = await methodOf(won.holder)
    await claim(won, id)
    const [payout] = await payoutsOf(staged)
    expect((await approve(staged.operator, payout.id)).body.status).toBe('sent')
    await remove(won.holder, id)
    expect((await payoutsOf(staged))[0]).toMatchObject({ status: 'sent', attention: null })
    at(DRAW_AT + 2 * MINUTE)
    await sweep()
    expect((await payoutsOf(staged))[0].status).toBe('paid')
  })
})

describe('a phone that its owner removed', () => {
  it('waits and needs a proof when it is added again: what came from it before counts no more', async () => {
    const person = await registerPlayer()
    await paysFrom(person, PHONE)
    at(NOW + DAY)
    const id = await newMethodOf(person, TO_PHONE)
    expect(await methodsOf(person)).toMatchObject([{ proof: 'proved', payableFrom: iso(NOW + DAY) }])
    expect((await remove(person, id)).status).toBe(204)
    at(NOW + DAY + HOUR)
    await newMethodOf(person, TO_PHONE)
    const waits = { payableFrom: iso(NOW + 2 * DAY + HOUR) }
    expect(await methodsOf(person)).toMatchObject([{ ...waits, proof: 'missing' }])
    at(NOW + DAY + 2 * HOUR)
    await paysFrom(person, PHONE)
    expect(await methodsOf(person)).toMatchObject([{ ...waits, proof: 'proved' }])
  })
})

describe('an approval', () => {
  it('of the payout as its approver saw it is refused once it goes elsewhere', async () => {
    const { staged, won } = await stageWon()
    await claim(won, await methodOf(won.holder, 'sandbox', 'own account'))
    const [seen] = await payoutsOf(staged)
    at(DRAW_AT + MINUTE)
    const other = await methodOf(won.holder, 'sandbox', 'another place')
    expect((await claim(won, other)).status).toBe(200)
    const approveAs = (updatedAt: string) =>
      as(staged.operator, 'POST', `/payouts/${seen.id}/approve?updatedAt=${updatedAt}`)
    expect((await approveAs(seen.updatedAt)).body.code).toBe('conflict')
    const [now] = await payoutsOf(staged)
    expect(now).toMatchObject({ status: 'requested', destination: '••••lace' })
    expect((await approveAs(now.updatedAt)).body.status).toBe('paid')
  })
})

describe('a payout by hand', () => {
  it('is not recorded as paid to a payout method that was removed before', async () => {
    const { staged, won } = await stageWon()
    const id = await methodOf(won.holder, 'manual')
    await claim(won, id)
    const [payout] = await payoutsOf(staged)
    expect((await approve(staged.operator, payout.id)).body).toMatchObject({
      status: 'sent',
      attention: expect.stringContaining('by hand'),
    })
    await remove(won.holder, id)
    const stopped = expect.stringContaining('The winner removed this payout method')
    expect(await payoutsOf(staged)).toMatchObject([
      { status: 'requested', approvedBy: null, attention: stopped },
    ])
    expect((await markPaid(staged.operator, payout.id)).body).toMatchObject({
      code: 'invalid_state',
      detail: stopped,
    })
    await claim(won, await methodOf(won.holder, 'manual'))
    expect((await approve(staged.operator, payout.id)).body.status).toBe('sent')
    expect((await markPaid(staged.operator, payout.id)).body.status).toBe('paid')
  })
})

/** The sandbox pays a sum with this ending a minute later. */
async function stageWonLate() {
  const staged = await stageDrawn({ prizes: [cash(517)] })
  return { staged, won: staged.won[0]! }
}

const PASSWORD = 'an old boat at dusk 44'

const givePassword = async ({ id }: { id: string }) =>
  env.DB.prepare('UPDATE users SET password_hash = ? WHERE id = ?')
    .bind(await hashPassword(PASSWORD), id)
    .run()

describe('a new password', () => {
  it('removes the methods that still wait, tells so, and stops their payouts; older ones stay', async () => {
    const { staged, won } = await stageWon()
    const person = won.holder
    await givePassword(person)
    const old = await methodOf(person, 'sandbox', 'own account')
    await claim(won, await newMethodOf(person, methodTo('sandbox', 'a stranger’s')))
    const newPassword = 'a quiet lake at dawn 71'
    const { status } = await as(person, 'POST', '/auth/password', { currentPassword: PASSWORD, newPassword })
    expect(status).toBe(204)
    expect((await methodsOf(person)).map(({ id }) => id)).toEqual([old])
    expect((await mailsTo(person)).at(-1)).toEqual({
      kind: 'payout_method_removed',
      what: 'several',
      why: 'password',
    })
    const [payout] = await payoutsOf(staged)
    expect((await approve(staged.operator, payout.id)).body.code).toBe('invalid_state')
    expect((await claim(won, old)).status).toBe(200)
    expect((await approve(staged.operator, payout.id)).body).toMatchObject({ status: 'paid' })
  })

  it('removes a new method that need not wait, too', async () => {
    const person = await registerPlayer()
    await givePassword(person)
    await paysFrom(person, PHONE)
    at(NOW + DAY + HOUR)
    await newMethodOf(person, TO_PHONE)
    const change = { currentPassword: PASSWORD, newPassword: 'a quiet lake at dawn 71' }
    expect((await as(person, 'POST', '/auth/password', change)).status).toBe(204)
    expect(await methodsOf(person)).toEqual([])
  })

  it('that is refused removes nothing', async () => {
    const person = await registerPlayer()
    await givePassword(person)
    await newMethodOf(person)
    const wrong = { currentPassword: 'not my password', newPassword: 'a quiet lake at dawn 71' }
    expect((await as(person, 'POST', '/auth/password', wrong)).status).toBe(422)
    expect(await methodsOf(person)).toHaveLength(1)
  })
})
