import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { readSettings } from '../../src/core/settings.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { approvePayout } from '../../src/payouts/manage-payout.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { BOOK_PRICE, bought } from '../checkout/cart.ts'
import { withKey } from '../checkout/checkout.ts'
import { disqualify, type Won } from '../draws/prizes.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { type Answer, operations } from '../harness/client.ts'
import { inviteAndJoin } from '../harness/invitations.ts'
import { expectLogged, logged } from '../harness/log.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  strangerFacts,
  testContext,
} from '../harness/people.ts'
import {
  as,
  at,
  crashing,
  DRAW_AT,
  HOUR,
  interrupted,
  iso,
  MINUTE,
  NOW,
  newKey,
  read,
  readAll,
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
  payoutsOf,
  request,
  share,
  stageDrawn,
  stageSettled,
  TO_BANK,
} from './payout-stage.ts'

useClock()

const PAYOUT = newId('payout')
const METHOD = newId('payoutMethod')
const ADDRESS = { name: 'Amina', lines: ['1 Road'], city: 'Nairobi', country: 'KE' }
const KEY = { 'idempotency-key': 'a-key' }

const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/api/v1/users/me/payout-methods' },
  { method: 'POST', path: '/api/v1/users/me/payout-methods', body: TO_BANK },
  { method: 'DELETE', path: `/api/v1/users/me/payout-methods/${METHOD}` },
  { method: 'POST', path: `/api/v1/users/me/payout-methods/${METHOD}/proof` },
  { method: 'GET', path: '/api/v1/payouts' },
  {
    method: 'POST',
    path: '/api/v1/payouts',
    body: { raffleId: newId('raffle'), ...TO_BANK },
    headers: KEY,
  },
  { method: 'POST', path: `/api/v1/payouts/${PAYOUT}/approve` },
  { method: 'POST', path: `/api/v1/payouts/${PAYOUT}/cancel` },
  { method: 'POST', path: `/api/v1/payouts/${PAYOUT}/dismiss` },
  { method: 'POST', path: `/api/v1/payouts/${PAYOUT}/retry`, headers: KEY },
  { method: 'POST', path: `/api/v1/payouts/${PAYOUT}/mark-paid`, body: { reference: 'FT 1' } },
  {
    method: 'POST',
    path: `/api/v1/payouts/${PAYOUT}/mark-failed`,
    body: { reason: 'Not in the statement.' },
  },
]
protectedRoutes(ROUTES)

const retry = (person: { id: string }, id: string, key = newKey()): Promise<Answer> =>
  as(person, 'POST', `/payouts/${id}/retry`, undefined, { headers: { 'idempotency-key': key } })
const markPaid = (person: { id: string }, id: string, reference = 'FT-1'): Promise<Answer> =>
  as(person, 'POST', `/payouts/${id}/mark-paid`, { reference })

const sentBySandbox = async (payoutId: string) =>
  (
    await env.DB.prepare('SELECT id, status, amount FROM sandbox_transfers WHERE id LIKE ? ORDER BY id')
      .bind(`${payoutId}%`)
      .all()
  ).results

/** A drawn raffle whose only prize, `amount` in cash, is claimed. */
async function stageClaimed(
  amount = 500,
  provider = 'sandbox',
): Promise<{ staged: Staged; won: Won; payoutId: string }> {
  const staged = await stageDrawn({ prizes: [cash(amount)] })
  const won = staged.won[0]!
  expect((await claimCash(won, provider)).body).toMatchObject({ winner: { status: 'claimed' } })
  const [payout] = await payoutsOf(staged)
  return { staged, won, payoutId: payout.id }
}

const transfersOf = async (payoutId: string) =>
  (
    await env.DB.prepare('SELECT debit, credit, amount FROM transfers WHERE transaction_id = ?')
      .bind(`payout:${payoutId}:paid`)
      .all()
  ).results

const winnerStatus = async ({ id }: Staged) => (await winnersOf(id))[0].status

describe('the routes of payouts', () => {
  it('are all in this file', () => {
    const known = ROUTES.map(({ method, path }) => `${method} ${path.replace(/(payout|method)_\w+/, ':id')}`)
    const declared = operations
      .filter(({ path }) => /^\/api\/v1\/(payouts|users\/me\/payout)/.test(path))
      .map(({ method, path }) => `${method} ${path}`)
    expect(known.sort()).toEqual([...new Set(declared)].sort())
  })

  it('answer outsiders exactly as for unknown ids', async () => {
    const { staged, payoutId } = await stageClaimed()
    const { operator } = await organisationWithOperator()
    const janitor = await addOperator(staged.organisation.id, 'janitor')
    for (const act of [approve, retry, markPaid] as ((p: Person, id: string) => Promise<Answer>)[]) {
      for (const person of [operator, await registerPlayer()]) {
        const theirs = await act(person, payoutId)
        const unknown = await act(person, PAYOUT)
        expect(theirs.status).toBe(404)
        expect({ ...theirs.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' })
      }
      expect((await act(janitor, payoutId)).body.code).toBe('forbidden')
    }
    expect((await request(operator, staged.id)).body.code).toBe('not_found')
    expect((await request(janitor, staged.id)).body.code).toBe('forbidden')
    for (const person of [operator, janitor, await registerPlayer()]) {
      expect((await as(person, 'GET', `/payouts?raffleId=${staged.id}`)).body.data).toEqual([])
    }
  })

  it('list payouts of the organisation, and all for admins, by status and page', async () => {
    const staged = await stageDrawn({ prizes: [cash(500, 3)] })
    for (const won of staged.won) await claimCash(won)
    const [first] = await payoutsOf(staged)
    await approve(staged.operator, first.id)
    expect((await payoutsOf(staged, '&status=paid')).map(({ id }) => id)).toEqual([first.id])
    expect(await payoutsOf(staged, '&status=requested')).toHaveLength(2)
    const all = await payoutsOf(staged)
    expect(await readAll('/payouts', 2, staged.operator)).toEqual(all)
    expect((await as(await signedInAdmin(), 'GET', `/payouts?raffleId=${staged.id}`)).body.data).toEqual(all)
  })
})

describe('payout methods', () => {
  it('show only the end of their destination, to their owner, who can remove them', async () => {
    const person = await registerPlayer()
    const id = await methodOf(person, 'sandbox', '0700 555 112')
    const short = await methodOf(person, 'sandbox', 'cash!')
    const { data } = (await as(person, 'GET', '/users/me/payout-methods')).body
    expect(data.map(({ destination }: { destination: string }) => destination)).toEqual(['•••• 112', '••••!'])
    const other = await registerPlayer()
    expect((await as(other, 'GET', '/users/me/payout-methods')).body.data).toEqual([])
    expect((await as(other, 'DELETE', `/users/me/payout-methods/${id}`)).status).toBe(404)
    expect((await as(person, 'DELETE', `/users/me/payout-methods/${id}`)).status).toBe(204)
    expect((await as(person, 'DELETE', `/users/me/payout-methods/${id}`)).status).toBe(404)
    expect((await as(person, 'GET', '/users/me/payout-methods')).body.data).toMatchObject([{ id: short }])
  })

  it('are at most ten, even if more are added concurrently', async () => {
    const person = await registerPlayer()
    const add = () => as(person, 'POST', '/users/me/payout-methods', TO_BANK)
    const answers = await Promise.all(Array.from({ length: 12 }, add))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10)
    expect(answers.filter(({ body }) => body.code === 'limit_reached')).toHaveLength(2)
  })

  it.each([
    { provider: 'stripe', destination: '0700 555 112' },
    { provider: 'sandbox', destination: 'x' },
    { provider: 'sandbox', destination: 'a\u0000bcd' },
    { provider: 'sandbox' },
    { provider: 'manual' },
    { provider: 'manual', destination: 'KCB 1180230112' },
    { provider: 'manual', bank: { holder: 'Amina', bank: 'KCB' } },
    {
      provider: 'manual',
      bank: { holder: 'Amina', bank: 'KCB', account: '1180', iban: 'DE89370400440532013000' },
    },
    { provider: 'manual', bank: { holder: 'Amina', bank: 'N26', iban: 'DE89370400440532013001' } },
    { provider: 'manual', bank: { holder: 'Amina', bank: 'KCB', account: '…' } },
    {
      provider: 'sandbox',
      destination: '0700 555 112',
      bank: { holder: 'Amina', bank: 'KCB', account: '1180' },
    },
  ])('must have a valid destination (%#)', async (body) => {
    const { status } = await as(await registerPlayer(), 'POST', '/users/me/payout-methods', body)
    expect(status).toBe(422)
  })
})

describe('claiming cash', () => {
  it('needs a payout method, an item needs an address, and the error names the field', async () => {
    const staged = await stageDrawn({ prizes: [cash(500), { title: 'A book', quantity: 1 }, share(1_000)] })
    const [money, item, part] = staged.won as [Won, Won, Won]
    const claim = (won: Won, body: object) => as(won.holder, 'POST', `/winners/${won.id}/claim`, body)
    for (const won of [money, part]) {
      const payoutMethodId = await methodOf(won.holder)
      for (const [body, path] of [
        [{}, 'payoutMethodId'],
        [{ deliveryAddress: ADDRESS }, 'deliveryAddress'],
        [{ deliveryAddress: ADDRESS, payoutMethodId }, 'deliveryAddress'],
        [{ payoutMethodId: await methodOf(item.holder) }, 'payoutMethodId'],
      ] as const) {
        const { status, body: answer } = await claim(won, body)
        expect(status).toBe(422)
        expect(answer.errors[0].path).toBe(path)
      }
      expect((await claim(won, { payoutMethodId })).body.winner.status).toBe('claimed')
    }
    const wrong = await claim(item, { payoutMethodId: await methodOf(item.holder) })
    expect(wrong.body.errors[0].path).toBe('payoutMethodId')
    expect((await claim(item, {})).body.errors[0].path).toBe('deliveryAddress')
    expect((await claim(item, { deliveryAddress: ADDRESS })).status).toBe(200)
    const requested = await payoutsOf(staged)
    expect(requested.map(({ winnerId, amount }) => [winnerId, amount.amount]).sort()).toEqual(
      [
        [money.id, 500],
        [part.id, 500],
      ].sort(),
    )
    expect(requested[0]).toMatchObject({ status: 'requested', kind: 'prize', destination: '•••• 112' })
  })

  it('twice concurrently is one claim and one payout', async () => {
    const staged = await stageDrawn({ prizes: [cash(500)] })
    const [won] = staged.won as [Won]
    const answers = await Promise.all([claimCash(won), claimCash(won), claimCash(won)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await payoutsOf(staged)).toMatchObject([{ status: 'requested', provider: 'sandbox' }])
  })

  it('again redirects it until it is sent, and needs a new approval', async () => {
    const { staged, won, payoutId } = await stageClaimed(513)
    const [{ claimedAt }] = await winnersOf(staged.id)
    at(DRAW_AT + MINUTE)
    expect((await claimCash(won, 'manual')).status).toBe(200)
    expect(await payoutsOf(staged)).toMatchObject([{ id: payoutId, provider: 'manual', status: 'requested' }])
    expect((await winnersOf(staged.id))[0].claimedAt).toBe(claimedAt)
    expect((await claimCash(won)).status).toBe(200)
    expect((await approve(staged.operator, payoutId)).body.status).toBe('failed')
    expect((await claimCash(won, 'manual')).status).toBe(200)
    expect(await payoutsOf(staged)).toMatchObject([
      { provider: 'manual', status: 'requested', attempt: 1, approvedBy: null, attention: null },
    ])
    expect((await retry(staged.operator, payoutId)).body.code).toBe('invalid_state')
    expect((await approve(staged.operator, payoutId)).body.status).toBe('sent')
    const late = await claimCash(won)
    expect(late.body).toMatchObject({
      code: 'invalid_state',
      detail: 'This prize is already on its way to the earlier payout method.',
    })
    expect((await claimCash(won, 'manual')).status).toBe(200)
    expect((await markPaid(staged.operator, payoutId)).body.status).toBe('paid')
    expect((await claimCash(won)).body.code).toBe('invalid_state')
    expect((await balances(staged)).prizes).toBeUndefined()
  })

  it('after declining makes no payout, and cash is not delivered', async () => {
    const staged = await stageDrawn({ prizes: [cash(500, 2)] })
    const [declined, claimed] = staged.won as [Won, Won]
    await as(declined.holder, 'POST', `/winners/${declined.id}/decline`)
    expect((await claimCash(declined)).body.code).toBe('invalid_state')
    expect(await payoutsOf(staged)).toEqual([])
    await claimCash(claimed)
    const { body } = await as(staged.operator, 'POST', `/winners/${claimed.id}/deliver`)
    expect(body.code).toBe('invalid_state')
  })

  it('of a share of zero is paid at once', async () => {
    const free = { ticketPrice: { amount: 0, currency: 'KES' }, guaranteed: false }
    const staged = await stageDrawn({ ...free, prizes: [share(1_000)] }, 3)
    expect((await claimCash(staged.won[0]!)).body.winner).toMatchObject({
      status: 'paid',
      prize: { amount: { amount: 0, currency: 'KES' } },
    })
    expect(await payoutsOf(staged)).toEqual([])
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
  })
})

describe('a payout', () => {
  it('that is approved is sent and paid, and settles the raffle', async () => {
    const { staged, payoutId } = await stageClaimed()
    const { status, body } = await approve(staged.operator, payoutId)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'paid', approvedBy: staged.operator.id, reference: payoutId })
    expect(await winnerStatus(staged)).toBe('paid')
    expect((await approve(staged.operator, payoutId)).body.code).toBe('invalid_state')
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
    expect(await balances(staged)).toEqual({ 'cash:sandbox': -4_500, organiser: 4_500 })
    expect(await sentBySandbox(payoutId)).toHaveLength(1)
  })

  it('that is approved twice concurrently is sent once', async () => {
    const { staged, payoutId } = await stageClaimed()
    const answers = await Promise.all([1, 2, 3].map(() => approve(staged.operator, payoutId)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await sentBySandbox(payoutId)).toHaveLength(1)
    expect((await balances(staged)).prizes).toBeUndefined()
  })

  it('that arrives later is polled until it has arrived', async () => {
    const { staged, payoutId } = await stageClaimed(517)
    expect((await approve(staged.operator, payoutId)).body.status).toBe('sent')
    at(DRAW_AT + 30_000)
    await sweep()
    expect((await payoutsOf(staged))[0].status).toBe('sent')
    expect((await read(staged.id)).status).toBe('drawn')
    at(DRAW_AT + 2 * MINUTE)
    await Promise.all([sweep(), sweep()])
    expect((await payoutsOf(staged))[0]).toMatchObject({ status: 'paid', attention: null })
    expect(await winnerStatus(staged)).toBe('paid')
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
  })

  it('that failed is retried once under a new key, however many retries come', async () => {
    const { staged, payoutId } = await stageClaimed(513)
    expect((await approve(staged.operator, payoutId)).body).toMatchObject({
      status: 'failed',
      attention: 'the sandbox declined it',
    })
    expect(await winnerStatus(staged)).toBe('claimed')
    at(DRAW_AT + HOUR)
    await sweep()
    expect(await sentBySandbox(payoutId)).toHaveLength(1)
    expect((await read(staged.id)).status).toBe('drawn')
    const [first, second] = await Promise.all([
      retry(staged.operator, payoutId, 'one'),
      retry(staged.operator, payoutId, 'two'),
      retry(staged.operator, payoutId, 'one'),
    ])
    expect([first!.status, second!.status].sort()).toEqual([200, 409])
    expect(await sentBySandbox(payoutId)).toMatchObject([{ status: 'failed' }, { status: 'succeeded' }])
    expect((await payoutsOf(staged))[0]).toMatchObject({ status: 'paid', attempt: 1 })
    const won = first!.status === 200 ? 'one' : 'two'
    expect((await retry(staged.operator, payoutId, won)).body.status).toBe('paid')
    expect((await retry(staged.operator, payoutId, 'three')).body.code).toBe('invalid_state')
    expect(await balances(staged)).toMatchObject({ 'cash:sandbox': -(5_000 - 513) })
  })

  it('whose outcome is unknown is sent again under the same key', async () => {
    const { staged, payoutId } = await stageClaimed()
    const keys: string[] = []
    const send = sandbox.payout
    const spy = vi.spyOn(sandbox, 'payout').mockImplementation(async (ctx, payout) => {
      keys.push(payout.id)
      await send(ctx, payout)
      return { status: 'unknown', reference: null, reason: 'it did not answer' }
    })
    expect((await approve(staged.operator, payoutId)).body).toMatchObject({
      status: 'sent',
      attention: 'sandbox does not know what became of it: it did not answer.',
    })
    expect((await retry(staged.operator, payoutId)).body.code).toBe('invalid_state')
    at(DRAW_AT + MINUTE)
    await sweep()
    spy.mockRestore()
    at(DRAW_AT + 3 * MINUTE)
    await sweep()
    expect(keys).toEqual([payoutId, payoutId])
    expect((await payoutsOf(staged))[0]).toMatchObject({ status: 'paid', attention: null })
    expect(await sentBySandbox(payoutId)).toHaveLength(1)
  })

  it('whose provider fails is logged without its destination, and sent by the sweep', async () => {
    const { staged, payoutId } = await stageClaimed()
    expectLogged('payout not sent')
    const spy = vi.spyOn(sandbox, 'payout').mockRejectedValue(new Error('connection refused'))
    expect((await approve(staged.operator, payoutId)).body.status).toBe('sent')
    expect(JSON.stringify(logged())).not.toContain('0700 000 112')
    spy.mockRestore()
    at(DRAW_AT + MINUTE)
    await sweep()
    expect((await payoutsOf(staged))[0].status).toBe('paid')
  })

  it('whose provider keeps failing is flagged for attention, and still sent once the provider answers', async () => {
    const { staged, payoutId } = await stageClaimed()
    expectLogged('payout not sent')
    const spy = vi.spyOn(sandbox, 'payout').mockRejectedValue(new Error('connection refused'))
    expect((await approve(staged.operator, payoutId)).body).toMatchObject({ status: 'sent', attention: null })
    for (const minutes of [1, 3, 6, 12, 30, 60]) {
      at(DRAW_AT + minutes * MINUTE)
      expect((await payoutsOf(staged))[0].attention).toBeNull()
      await sweep()
    }
    const attention = 'It cannot be sent by sandbox; this is retried until it can.'
    expect((await payoutsOf(staged))[0]).toMatchObject({ status: 'sent', attention })
    spy.mockRestore()
    at(DRAW_AT + 120 * MINUTE)
    await sweep()
    expect((await payoutsOf(staged))[0]).toMatchObject({ status: 'paid', attention: null })
    expect(await sentBySandbox(payoutId)).toHaveLength(1)
  })

  it.each([
    ['before it is stored as sent', /^update "payouts" set "status"/i],
    ['before the sandbox books it', /^insert into "sandbox_transfers"/i],
    ['before the ledger is written', /^insert into "transfers"/i],
  ])('is paid once if the sweep crashes %s', async (_, pattern) => {
    const { staged, payoutId } = await stageClaimed()
    await env.DB.prepare("UPDATE payouts SET status = 'approved', due_at = ? WHERE id = ?")
      .bind(DRAW_AT, payoutId)
      .run()
    expectLogged('payout not sent')
    const { DB, done } = crashing(pattern)
    await sweep({ DB })
    expect(done()).toBe(true)
    at(DRAW_AT + 2 * MINUTE)
    await sweep()
    await sweep()
    expect((await payoutsOf(staged))[0].status).toBe('paid')
    expect(await sentBySandbox(payoutId)).toHaveLength(1)
    expect(await balances(staged)).toEqual({ 'cash:sandbox': -4_500, organiser: 4_500 })
  })

  it('by hand waits until a person marks it as paid, with a reference', async () => {
    const { staged, payoutId, won } = await stageClaimed(500, 'manual')
    expect((await payoutsOf(staged))[0].destination).toBe(`${BANK.holder}, ${BANK.bank}, ${BANK.account}`)
    expect((await markPaid(staged.operator, payoutId)).body.code).toBe('invalid_state')
    expect((await approve(staged.operator, payoutId)).body).toMatchObject({
      status: 'sent',
      attention: 'Pay it by hand, then record it here.',
    })
    at(DRAW_AT + HOUR)
    await sweep()
    expect((await as(staged.operator, 'POST', `/payouts/${payoutId}/mark-paid`, {})).status).toBe(422)
    const paid = await markPaid(staged.operator, payoutId, 'FT-9')
    expect(paid.body).toMatchObject({ status: 'paid', reference: 'FT-9', attention: null })
    expect((await markPaid(staged.operator, payoutId, 'FT-9')).body).toEqual(paid.body)
    expect((await markPaid(staged.operator, payoutId, 'FT-10')).body.code).toBe('invalid_state')
    const paidAt = iso(DRAW_AT + HOUR)
    expect(await winnersOf(staged.id)).toMatchObject([{ status: 'paid', paidAt, paymentReference: null }])
    const { body: mine } = await as(won.holder, 'GET', '/winners?mine=true')
    expect(mine.data).toMatchObject([{ status: 'paid', paidAt, paymentReference: 'FT-9' }])
    const { body: claim } = await as(staged.operator, 'GET', `/winners/${won.id}/claim`)
    expect(claim.winner).toMatchObject({ paidAt, paymentReference: 'FT-9' })
    expect(await balances(staged)).toMatchObject({ 'cash:manual': 500 })
  })

  it('that is pending for a reason shows the reason at once', async () => {
    const { staged, payoutId } = await stageClaimed()
    const reason = 'the float is empty'
    const provider = vi
      .spyOn(sandbox, 'payout')
      .mockResolvedValue({ status: 'pending', reference: null, reason })
    await approve(staged.operator, payoutId)
    expect((await payoutsOf(staged))[0]).toMatchObject({
      status: 'sent',
      attention: 'sandbox has not confirmed it yet: the float is empty.',
    })
    provider.mockRestore()
  })

  it('by a provider cannot be marked as paid', async () => {
    const { staged, payoutId } = await stageClaimed()
    expect((await markPaid(staged.operator, payoutId)).body.code).toBe('invalid_state')
  })
})

describe('a payout whose provider is silent', () => {
  const markFailed = (person: { id: string }, id: string, reason = 'The statement does not have it.') =>
    as(person, 'POST', `/payouts/${id}/mark-failed`, { reason })

  async function stageSilent() {
    const claimed = await stageClaimed()
    const { staged, payoutId } = claimed
    const admin = await signedInAdmin()
    const provider = vi.spyOn(sandbox, 'payout')
    provider.mockResolvedValue({ status: 'pending', reference: null, reason: null })
    expect((await approve(staged.operator, payoutId)).body).toMatchObject({ status: 'sent', attention: null })
    for (const act of [markPaid, markFailed]) {
      expect((await act(admin, payoutId)).body.code).toBe('invalid_state')
    }
    for (const hours of [1, 2, 3, 4, 5, 6]) {
      at(DRAW_AT + hours * HOUR)
      await sweep()
    }
    const attention = 'sandbox has not confirmed it yet.'
    expect(await payoutsOf(staged)).toMatchObject([{ status: 'sent', attention }])
    return { ...claimed, admin, provider }
  }

  it('is marked as paid only by an administrator, once', async () => {
    const { staged, payoutId, admin } = await stageSilent()
    const { operator: stranger } = await organisationWithOperator()
    for (const act of [markPaid, markFailed]) {
      expect((await act(stranger, payoutId)).status).toBe(404)
      expect((await act(staged.operator, payoutId)).body).toMatchObject({
        code: 'forbidden',
        detail: 'Only an administrator can record the outcome at sandbox, from its statement.',
      })
    }
    for (const { status, body } of await Promise.all([1, 2].map(() => markPaid(admin, payoutId)))) {
      expect([status, body.status, body.reference]).toEqual([200, 'paid', 'FT-1'])
    }
    expect((await markPaid(admin, payoutId, 'FT-2')).body.code).toBe('invalid_state')
    expect((await markFailed(admin, payoutId)).body.code).toBe('invalid_state')
    expect(await winnerStatus(staged)).toBe('paid')
    expect(await transfersOf(payoutId)).toEqual([
      { debit: `prizes:${staged.id}`, credit: 'cash:sandbox', amount: 500 },
    ])
  })

  it('can be retried under a new key once it is marked as failed', async () => {
    const { staged, payoutId, admin, provider } = await stageSilent()
    for (const { status, body } of await Promise.all([1, 2].map(() => markFailed(admin, payoutId)))) {
      expect([status, body.status, body.attention]).toEqual([
        200,
        'failed',
        'The statement does not have it.',
      ])
    }
    expect((await markPaid(admin, payoutId)).body.code).toBe('invalid_state')
    provider.mockRestore()
    expect((await retry(staged.operator, payoutId)).body).toMatchObject({ status: 'paid', attempt: 1 })
    expect(await sentBySandbox(payoutId)).toMatchObject([{ id: `${payoutId}_1` }])
    expect(await transfersOf(payoutId)).toHaveLength(1)
  })

  it('can be marked before a call to the provider, but not during it', async () => {
    const { staged, payoutId, admin, provider } = await stageSilent()
    const statuses: number[] = []
    provider.mockClear()
    provider.mockImplementation(async () => {
      statuses.push((await markFailed(admin, payoutId)).status, (await markPaid(admin, payoutId)).status)
      return { status: 'pending', reference: null, reason: null }
    })
    at(DRAW_AT + 7 * HOUR)
    await sweep()
    expect(statuses).toEqual([409, 409])
    provider.mockClear()
    at(DRAW_AT + 9 * HOUR)
    const { DB, done } = interrupted(/^update "payouts"/i, () => markFailed(admin, payoutId))
    await sweep({ DB })
    expect([done(), provider.mock.calls.length]).toEqual([true, 0])
    expect(await payoutsOf(staged)).toMatchObject([{ status: 'failed' }])
    provider.mockRestore()
  })
})

describe('approval by another person', () => {
  const approveAs = async (person: Person, id: string, vars: Record<string, string>) => {
    const result = readSettings({ ...env, ...vars })
    if (!result.ok) throw new Error(result.problems.join())
    const ctx = { ...testContext(), settings: result.settings }
    return approvePayout(
      Object.assign(ctx, {
        db: testContext().db,
        actor: { ...strangerFacts(person.id), sessionId: person.sessionId, isChecked: true },
      }),
      id,
    )
  }

  it('is required if the setting says so', async () => {
    const staged = await stageDrawn({ prizes: [{ title: 'A book', quantity: 1 }], onUnclaimed: 'keep' })
    await as(staged.won[0]!.holder, 'POST', `/winners/${staged.won[0]!.id}/decline`)
    await sweep()
    const { body: payout } = await request(staged.operator, staged.id)
    const other = await addOperator(staged.organisation.id)
    const rule = { PAYOUT_APPROVAL: 'other' }
    await expect(approveAs(staged.operator, payout.id, rule)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(approveAs(other, payout.id, rule)).resolves.toMatchObject({
      status: 'paid',
      requestedBy: staged.operator.id,
      approvedBy: other.id,
    })
  })

  it('is not for a new member, or one whom the requester invited', async () => {
    const staged = await stageSettled()
    const { operator, organisation } = staged
    const { body: payout } = await request(operator, staged.id)
    const friend = await registerPlayer()
    await inviteAndJoin(operator, organisation.id, friend)
    const rule = { PAYOUT_APPROVAL: 'other', PAYOUT_APPROVER_MIN_DAYS: '0' }
    const slow = { ...rule, PAYOUT_APPROVER_MIN_DAYS: '7' }
    const code = 'forbidden'
    await expect(approveAs(friend, payout.id, rule)).rejects.toMatchObject({ code })
    const other = await addOperator(organisation.id)
    await expect(approveAs(other, payout.id, slow)).rejects.toMatchObject({ code })
    const admin = await signedInAdmin()
    await expect(approveAs(admin, payout.id, slow)).resolves.toMatchObject({ status: 'paid' })
  })
})

describe('disqualifying', () => {
  it('cancels a payout that is not sent, and the prize is drawn again', async () => {
    const { staged, won, payoutId } = await stageClaimed()
    expect((await disqualify(staged.operator, won.id)).body.status).toBe('disqualified')
    expect((await payoutsOf(staged))[0].status).toBe('cancelled')
    expect((await approve(staged.operator, payoutId)).body.code).toBe('invalid_state')
    await sweep()
    at(DRAW_AT + MINUTE)
    await sweep()
    const again = (await winnersOf(staged.id))[1]
    expect(again.prize.amount).toEqual({ amount: 500, currency: 'KES' })
    expect(await sentBySandbox(payoutId)).toEqual([])
  })

  it('cancels a failed payout for ever', async () => {
    const { staged, won, payoutId } = await stageClaimed(513)
    await approve(staged.operator, payoutId)
    expect((await disqualify(staged.operator, won.id)).status).toBe(200)
    expect((await retry(staged.operator, payoutId)).body.code).toBe('invalid_state')
    expect(await sentBySandbox(payoutId)).toHaveLength(1)
  })

  it.each([500, 517])('is too late once it is sent (%i)', async (amount) => {
    const { staged, won, payoutId } = await stageClaimed(amount)
    await approve(staged.operator, payoutId)
    const { body } = await disqualify(staged.operator, won.id)
    expect(body.code).toBe('invalid_state')
    expect(['claimed', 'paid']).toContain(await winnerStatus(staged))
  })

  it.each([
    ['approval', /^update "payouts" set "status"/i],
    ['sending', /^update "payouts" set "status" = \?, "tries"/i],
  ])('just before the %s stops it', async (_, pattern) => {
    const { staged, won, payoutId } = await stageClaimed()
    const { DB, done } = interrupted(pattern, () => disqualify(staged.operator, won.id))
    await as(staged.operator, 'POST', `/payouts/${payoutId}/approve`, undefined, { bindings: { DB } })
    expect(done()).toBe(true)
    expect(await winnerStatus(staged)).toBe('disqualified')
    expect((await payoutsOf(staged))[0].status).toBe('cancelled')
    at(DRAW_AT + HOUR)
    await sweep()
    expect(await sentBySandbox(payoutId)).toEqual([])
  })

  it('just after the sending is refused, and the winner is paid', async () => {
    const { staged, won, payoutId } = await stageClaimed()
    const answers: Answer[] = []
    const { DB } = interrupted(/^insert into "sandbox_transfers"/i, async () => {
      answers.push(await disqualify(staged.operator, won.id))
    })
    await as(staged.operator, 'POST', `/payouts/${payoutId}/approve`, undefined, { bindings: { DB } })
    expect(answers[0]!.body.code).toBe('invalid_state')
    expect(await winnerStatus(staged)).toBe('paid')
  })
})

describe('an organisation’s payout', () => {
  it('is its part of a settled raffle in the ledger', async () => {
    const early = await stageDrawn({ prizes: [cash(500)] })
    expect((await request(early.operator, early.id)).body.code).toBe('invalid_state')
    const staged = await stageSettled()
    const { status, body } = await request(staged.operator, staged.id)
    expect(status).toBe(201)
    expect(body).toMatchObject({
      kind: 'organiser',
      winnerId: null,
      amount: { amount: 4_500 },
      status: 'requested',
    })
    expect((await approve(staged.operator, body.id)).body.status).toBe('paid')
    expect(await balances(staged)).toEqual({ 'cash:sandbox': -500, rake: 500 })
  })

  it('is made once, however many requests come', async () => {
    const staged = await stageSettled()
    const answers = await Promise.all(['a', 'a', 'b'].map((key) => request(staged.operator, staged.id, key)))
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThan(0)
    expect(await payoutsOf(staged)).toHaveLength(1)
    const [winner, loser] = answers[0]!.status === 201 ? ['a', 'b'] : ['b', 'a']
    const again = await request(staged.operator, staged.id, winner)
    expect(again.status).toBe(201)
    expect((await request(staged.operator, staged.id, loser)).body.code).toBe('conflict')
    const other = { provider: 'manual', destination: 'Another bank' }
    const mismatch = await request(staged.operator, staged.id, winner, other)
    expect(mismatch.body.code).toBe('idempotency_mismatch')
    await approve(staged.operator, again.body.id)
    expect((await request(staged.operator, staged.id, winner)).body).toMatchObject({ status: 'paid' })
  })

  it('is refused if its other raffles owe the money, at the request and at the approval', async () => {
    const rich = await stageSettled()
    const richer = await stageSettled({}, rich.organisation)
    const requested = await request(richer.operator, richer.id)
    expect(requested.status).toBe(201)
    // The debt equals what one of them has left: the money covers the requested payout, but not both.
    await stageDrawn({ prizes: [cash(9_000)], rakeBps: 1_000 }, 5, rich.organisation)
    const why = expect.stringContaining('The organisation owes KES')
    expect((await request(rich.operator, rich.id)).body).toMatchObject({ code: 'invalid_state', detail: why })
    expect((await approve(richer.operator, requested.body.id)).body.status).toBe('paid')
    const poor = await request(rich.operator, rich.id)
    expect(poor.body).toMatchObject({ code: 'invalid_state', detail: why })
  })

  it('is not approved once another raffle has used up its money', async () => {
    const rich = await stageSettled()
    const requested = await request(rich.operator, rich.id)
    await stageDrawn({ prizes: [cash(9_000)], rakeBps: 1_000 }, 5, rich.organisation)
    const refused = await approve(rich.operator, requested.body.id)
    const why = expect.stringContaining('The organisation owes KES')
    expect(refused.body).toMatchObject({ code: 'invalid_state', detail: why })
    expect((await payoutsOf(rich))[0].status).toBe('requested')
    const third = await stageSettled({}, rich.organisation)
    expect((await request(third.operator, third.id)).body.detail).toEqual(why)
    expect((await approve(rich.operator, requested.body.id)).body.status).toBe('paid')
  })

  it('is refused if the organisation owes, or nothing is left', async () => {
    const owing = await stageSettled({ rakeBps: 10_000, prizes: [{ title: 'A book', quantity: 1 }] })
    expect((await request(owing.operator, owing.id)).body.code).toBe('invalid_state')
  })
})

describe('a shop’s payout', () => {
  const requestShop = (person: { id: string }, organisationId: string, key = newKey()) =>
    as(person, 'POST', '/payouts', { organisationId, currency: 'KES', ...TO_BANK }, withKey(key))

  /** A shop that has sold `quantity` copies of a book, in one order. */
  async function stageShop(quantity = 2) {
    at(NOW)
    const { id: productId, organisation } = await stageProduct({ stock: 10 })
    const buyer = await registerPlayer()
    const order = await bought(buyer, [{ productId, quantity }])
    expect(order.status).toBe('paid')
    return { productId, organisation, operator: organisation.operator, buyer, order }
  }

  it('is all its earnings, and is booked in the ledger', async () => {
    const { organisation, operator } = await stageShop(2)
    const requested = await requestShop(operator, organisation.id)
    expect(requested).toMatchObject({
      status: 201,
      body: { kind: 'shop', raffleId: null, winnerId: null, amount: { amount: 2 * BOOK_PRICE } },
    })
    expect((await approve(operator, requested.body.id)).body.status).toBe('paid')
    expect(await transfersOf(requested.body.id)).toEqual([
      {
        debit: `shop:${organisation.id}`,
        credit: 'cash:sandbox',
        amount: 2 * BOOK_PRICE,
      },
    ])
    expect(await requestShop(operator, organisation.id)).toMatchObject({
      status: 409,
      body: {
        code: 'invalid_state',
        detail: 'The shop has no earnings in KES left to request.',
      },
    })
  })

  it('is made once for concurrent requests, and once per key', async () => {
    const { organisation, operator } = await stageShop()
    const answers = await Promise.all([1, 2, 3].map(() => requestShop(operator, organisation.id)))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409])
    const key = newKey()
    const more = await bought(await registerPlayer(), [
      { productId: (await stageProduct({}, organisation)).id, quantity: 1 },
    ])
    const [first, second] = [
      await requestShop(operator, organisation.id, key),
      await requestShop(operator, organisation.id, key),
    ]
    expect(first.body.amount).toEqual(more.amount)
    expect(second.body.id).toBe(first.body.id)
  })

  it('is reduced by refunds, and so is the next one', async () => {
    const { organisation, operator, order, productId } = await stageShop(2)
    const paid = await requestShop(operator, organisation.id)
    await approve(operator, paid.body.id)
    await as(operator, 'POST', `/orders/${order.id}/refunds`, { reason: 'Torn' }, withKey(newKey()))
    expect((await requestShop(operator, organisation.id)).status).toBe(409)
    await bought(await registerPlayer(), [{ productId, quantity: 3 }])
    expect((await requestShop(operator, organisation.id)).body.amount.amount).toBe(BOOK_PRICE)
  })

  const refundOf = (operator: { id: string }, orderId: string) =>
    as(operator, 'POST', `/orders/${orderId}/refunds`, { reason: 'Torn' }, withKey(newKey()))
  const shopOf = async ({ id }: { id: string }) =>
    (await env.DB.prepare(
      'SELECT coalesce(sum(iif(credit = ?1, amount, -amount)), 0) AS sum FROM transfers WHERE ?1 IN (debit, credit)',
    )
      .bind(`shop:${id}`)
      .first<{ sum: number }>())!.sum

  it('is not approved once its sales were refunded, until new sales cover it', async () => {
    const { organisation, operator, order, productId } = await stageShop(2)
    const requested = await requestShop(operator, organisation.id)
    await refundOf(operator, order.id)
    expect((await approve(operator, requested.body.id)).body).toMatchObject({
      code: 'invalid_state',
      detail:
        'The shop has KES 24.00 less than this: that sum was refunded since, or is already being paid out. Cancel this payout and request the rest.',
    })
    await bought(await registerPlayer(), [{ productId, quantity: 1 }])
    expect((await approve(operator, requested.body.id)).body.detail).toMatch(/^The shop has KES 12\.00 less/)
    await bought(await registerPlayer(), [{ productId, quantity: 1 }])
    expect((await approve(operator, requested.body.id)).body.status).toBe('paid')
    expect(await shopOf(organisation)).toBe(0)
  })

  it('is not approved if the refund comes just before', async () => {
    const { organisation, operator, order } = await stageShop(1)
    const { body: payout } = await requestShop(operator, organisation.id)
    const { DB, done } = interrupted(/^update "payouts"/i, () => refundOf(operator, order.id))
    const refused = await as(operator, 'POST', `/payouts/${payout.id}/approve`, undefined, {
      bindings: { DB },
    })
    expect([done(), refused.body.code]).toEqual([true, 'invalid_state'])
    expect(await shopOf(organisation)).toBe(0)
  })

  it('that failed is not retried once its sales were refunded, nor are two paid from the same money', async () => {
    const { organisation, operator, order, productId } = await stageShop(2)
    const failing = vi.spyOn(sandbox, 'payout')
    failing.mockResolvedValue({ status: 'failed', reference: null, reason: 'closed' })
    const { body: payout } = await requestShop(operator, organisation.id)
    expect((await approve(operator, payout.id)).body.status).toBe('failed')
    failing.mockRestore()
    await refundOf(operator, order.id)
    expect((await retry(operator, payout.id)).body.detail).toMatch(/^The shop has KES 24\.00 less/)
    await bought(await registerPlayer(), [{ productId, quantity: 3 }])
    const { body: second } = await requestShop(operator, organisation.id)
    expect(second.amount.amount).toBe(BOOK_PRICE)
    expect((await approve(operator, second.id)).body.status).toBe('paid')
    expect((await retry(operator, payout.id)).body.status).toBe('paid')
    expect(await shopOf(organisation)).toBe(0)
  })

  it('that is cancelled can be requested again; one that is sent cannot be cancelled', async () => {
    const { organisation, operator } = await stageShop()
    const cancel = (person: { id: string }, id: string) => as(person, 'POST', `/payouts/${id}/cancel`)
    const wrong = await requestShop(operator, organisation.id)
    const { operator: stranger } = await organisationWithOperator()
    expect((await cancel(stranger, wrong.body.id)).status).toBe(404)
    expect((await cancel(operator, wrong.body.id)).body.status).toBe('cancelled')
    expect((await cancel(operator, wrong.body.id)).body.status).toBe('cancelled')
    expect((await approve(operator, wrong.body.id)).status).toBe(409)
    const right = await requestShop(operator, organisation.id)
    expect(right.body.amount).toEqual(wrong.body.amount)
    await approve(operator, right.body.id)
    expect((await cancel(operator, right.body.id)).body.code).toBe('invalid_state')
  })

  it('of a raffle’s rest can be cancelled too; a prize cannot', async () => {
    const { staged, payoutId: prize } = await stageClaimed()
    const cancel = (id: string) => as(staged.operator, 'POST', `/payouts/${id}/cancel`)
    expect((await cancel(prize)).body.code).toBe('invalid_state')
    await approve(staged.operator, prize)
    expect(await winnerStatus(staged)).toBe('paid')
    await sweep()
    const key = newKey()
    const wrong = await request(staged.operator, staged.id, key)
    expect((await request(staged.operator, staged.id)).body.code).toBe('conflict')
    expect((await cancel(wrong.body.id)).body.status).toBe('cancelled')
    expect((await request(staged.operator, staged.id, key)).body).toMatchObject({
      id: wrong.body.id,
      status: 'cancelled',
    })
    const both = await Promise.all([1, 2].map(() => request(staged.operator, staged.id)))
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    const right = both.find(({ status }) => status === 201)!
    expect((await cancel(wrong.body.id)).body.status).toBe('cancelled')
    expect((await approve(staged.operator, right.body.id)).body.status).toBe('paid')
    expect((await cancel(right.body.id)).body.code).toBe('invalid_state')
    expect((await balances(staged)).organiser).toBeUndefined()
  })

  it('is only for one’s own shop', async () => {
    const { organisation } = await stageShop()
    const { operator: stranger } = await organisationWithOperator()
    expect((await requestShop(stranger, organisation.id)).status).toBe(404)
    const janitor = await addOperator(organisation.id, 'janitor')
    expect((await requestShop(janitor, organisation.id)).status).toBe(403)
  })
})
