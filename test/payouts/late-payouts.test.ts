// A payout that was cancelled and went through after all: the money is gone, so it is booked, and nobody is paid twice.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { confirmResult, decide, OFFICIAL_DRAW, type OnLottery, stageMoney } from '../draws/lottery-stage.ts'
import { type Won, wonIn } from '../draws/prizes.ts'
import { as, at, DAY, MINUTE, newKey, read, sweep, useClock, winnersOf } from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import { approve, balances, cash, claimCash, payoutsOf, request, stageSettled } from './payout-stage.ts'

useClock()

/** The sandbox declines the first attempt at a sum with this ending. */
const FAILS = 513
const MISREAD = 'The first number was misread.'

/** As if the provider had paid it after all, or taken it back, and reports that. */
async function reports(payoutId: string, status: 'succeeded' | 'failed'): Promise<void> {
  await env.DB.batch([
    env.DB.prepare('UPDATE sandbox_transfers SET status = ? WHERE id = ?').bind(status, payoutId),
    env.DB.prepare(
      `INSERT INTO webhooks (provider, event_id, body, received_at, acted_at, subject, subject_id)
       VALUES ('sandbox', ?, '{}', ?, NULL, 'payout', ?)`,
    ).bind(newKey(), Date.now() - MINUTE, payoutId),
  ])
  await sweep()
}

const booked = async (payoutId: string) =>
  (
    await env.DB.prepare(
      `SELECT debit, credit, amount FROM transfers WHERE transaction_id IN (?1 || ':paid', ?1 || ':returned')`,
    )
      .bind(`payout:${payoutId}`)
      .all()
  ).results.map((each) =>
    Object.values(each)
      .join(' ')
      .replaceAll(/:(raffle|org)_\w+/g, ''),
  )

const payoutOf = async (staged: OnLottery, id: string) =>
  (await payoutsOf(staged)).find((each) => each.id === id)

const leftOf = async ({ operator, organisation }: OnLottery): Promise<number> =>
  (await as(operator, 'GET', `/organisations/${organisation.id}/balance`)).body.data[0].left.amount

/** What the audit says of the raffle. It has no orders, so sentences about receipts and tickets do not count. */
const wrongIn = async ({ id }: OnLottery) =>
  (await audit(env, { settled: false, raffles: [id] })).filter(
    (each) => !/^(takings|cash|reservation)/.test(each),
  )

/** The payout of its first prize has failed at the sandbox. */
async function stageFailed(): Promise<{ staged: OnLottery; payoutId: string; won: Won }> {
  const staged = await stageMoney(['0000', '0700', '0701'], [cash(FAILS), cash(300)])
  const won = (await wonIn(staged.id))[0]!
  await claimCash(won)
  const [{ id: payoutId }] = await payoutsOf(staged)
  expect((await approve(staged.operator, payoutId)).body.status).toBe('failed')
  return { staged, payoutId, won }
}

describe('a prize whose payout a correction has cancelled', () => {
  it('and that was paid after all is borne by the organisation, and shown to it', async () => {
    const { staged, payoutId } = await stageFailed()
    const dismiss = () => as(staged.operator, 'POST', `/payouts/${payoutId}/dismiss`)
    expect((await dismiss()).body.code).toBe('invalid_state')
    await decide(staged, ['0001', '0700', '0701'], MISREAD)
    expect(await payoutOf(staged, payoutId)).toMatchObject({ status: 'cancelled' })
    const before = await leftOf(staged)
    await reports(payoutId, 'succeeded')
    expect(await payoutOf(staged, payoutId)).toMatchObject({
      status: 'paid',
      reference: payoutId,
      attention: `sandbox has paid it after it was cancelled (${payoutId}). The organisation bears it, unless the receiver gives it back.`,
    })
    expect(await booked(payoutId)).toEqual([`organiser cash:sandbox ${FAILS}`])
    expect(await leftOf(staged)).toBe(before - FAILS)
    // A repeat changes nothing.
    await reports(payoutId, 'succeeded')
    expect(await booked(payoutId)).toHaveLength(1)
    expect((await winnersOf(staged.id)).map(({ label, status }) => [label, status])).toEqual([
      ['000', 'void'],
      ['001', 'announced'],
    ])
    expect(await wrongIn(staged)).toEqual([])
    const listed = (await as(staged.operator, 'GET', `/payouts?needs=attention`)).body.data
    expect(listed.map(({ id }: { id: string }) => id)).toEqual([payoutId])
    expect((await dismiss()).body).toMatchObject({ status: 'paid', attention: null })
  })

  it('leaves the prize to its new winner, and every later correction is refused', async () => {
    const { staged, payoutId } = await stageFailed()
    await decide(staged, ['0001', '0700', '0701'], MISREAD)
    await reports(payoutId, 'succeeded')
    // It would name the one who has the money.
    await decide(staged, ['0000', '0700', '0701'], 'Misread once more.')
    expect((await read(staged.id)).officialResults).toMatchObject({ accepted: 2, refused: 1 })
    const next = (await wonIn(staged.id)).at(-1)!
    expect((await claimCash(next, 'manual')).status).toBe(200)
    const asked = (await payoutsOf(staged)).find(({ status }) => status === 'requested')
    await approve(staged.operator, asked.id)
    const paid = await as(staged.operator, 'POST', `/payouts/${asked.id}/mark-paid`, { reference: 'FT-1' })
    expect(paid.body.status).toBe('paid')
    at(OFFICIAL_DRAW + 20 * DAY)
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
    // 3,000 less a rake of 300, and the prize twice.
    const { organiser, prizes = 0 } = await balances(staged)
    expect({ organiser, prizes }).toEqual({ organiser: 2_700 - 2 * FAILS, prizes: 0 })
    expect(await wrongIn(staged)).toEqual([])
  })

  it('and whose winner has won it again is paid by it, and not again', async () => {
    const { staged, payoutId } = await stageFailed()
    await decide(staged, ['0000', '0702', '0701'], 'The second number was misread.')
    const again = (await wonIn(staged.id)).at(-1)!
    expect((await claimCash(again)).status).toBe(200)
    const second = (await payoutsOf(staged)).find(({ status }) => status === 'requested')
    await reports(payoutId, 'succeeded')
    expect(await payoutOf(staged, payoutId)).toMatchObject({
      status: 'paid',
      winnerId: again.id,
      attention: null,
    })
    expect(await payoutOf(staged, second.id)).toMatchObject({ status: 'cancelled' })
    expect(await booked(payoutId)).toEqual([`prizes cash:sandbox ${FAILS}`])
    expect((await winnersOf(staged.id)).at(-1)).toMatchObject({ id: again.id, status: 'paid' })
    expect((await claimCash(again)).body.code).toBe('invalid_state')
    expect((await approve(staged.operator, second.id)).body.code).toBe('invalid_state')
    await reports(payoutId, 'succeeded')
    expect(await booked(payoutId)).toHaveLength(1)
    expect(await wrongIn(staged)).toEqual([])
  })

  it('and whose winner was paid again already is borne by the organisation', async () => {
    const { staged, payoutId } = await stageFailed()
    await decide(staged, ['0000', '0702', '0701'], 'The second number was misread.')
    const again = (await wonIn(staged.id)).at(-1)!
    await claimCash(again, 'manual')
    const second = (await payoutsOf(staged)).find(({ status }) => status === 'requested')
    await approve(staged.operator, second.id)
    await as(staged.operator, 'POST', `/payouts/${second.id}/mark-paid`, { reference: 'FT-1' })
    await reports(payoutId, 'succeeded')
    expect(await booked(payoutId)).toEqual([`organiser cash:sandbox ${FAILS}`])
    expect(await payoutOf(staged, payoutId)).toMatchObject({
      status: 'paid',
      attention: expect.stringContaining('bears it'),
    })
  })

  it('and that was paid and taken back is cancelled again, and its organisation has the money', async () => {
    const { staged, payoutId } = await stageFailed()
    await decide(staged, ['0001', '0700', '0701'], MISREAD)
    const before = await leftOf(staged)
    await reports(payoutId, 'succeeded')
    await reports(payoutId, 'failed')
    expect(await payoutOf(staged, payoutId)).toMatchObject({ status: 'cancelled', attention: null })
    expect(await booked(payoutId)).toEqual([
      `organiser cash:sandbox ${FAILS}`,
      `cash:sandbox organiser ${FAILS}`,
    ])
    expect(await leftOf(staged)).toBe(before)
  })

  it('is booked once if two reports come at once', async () => {
    const { staged, payoutId } = await stageFailed()
    await confirmResult(staged.lotteryId, ['0001', '0700', '0701'], MISREAD)
    await sweep()
    await Promise.all([1, 2, 3].map(() => reports(payoutId, 'succeeded')))
    at(OFFICIAL_DRAW + MINUTE)
    await sweep()
    expect(await booked(payoutId)).toHaveLength(1)
  })
})

describe('a payout that its organisation has cancelled', () => {
  it('and that was paid after all cannot be requested again', async () => {
    const staged = await stageSettled()
    const rest = (await request(staged.operator, staged.id)).body
    const part = { amount: { amount: 413, currency: 'KES' } }
    await as(staged.operator, 'POST', `/payouts/${rest.id}/cancel`)
    const first = await as(
      staged.operator,
      'POST',
      '/payouts',
      { raffleId: staged.id, provider: 'sandbox', destination: '0112 4455 778', ...part },
      { headers: { 'idempotency-key': newKey() } },
    )
    expect(first.status, JSON.stringify(first.body)).toBe(201)
    expect((await approve(staged.operator, first.body.id)).body.status).toBe('failed')
    expect((await as(staged.operator, 'POST', `/payouts/${first.body.id}/cancel`)).body.status).toBe(
      'cancelled',
    )
    const again = await request(staged.operator, staged.id)
    expect(again.body.amount).toEqual(rest.amount)
    await reports(first.body.id, 'succeeded')
    expect(await booked(first.body.id)).toEqual(['organiser cash:sandbox 413'])
    expect((await payoutsOf(staged)).find(({ id }) => id === first.body.id)).toMatchObject({
      status: 'paid',
      attention: expect.stringContaining('after it was cancelled'),
    })
    const refused = await approve(staged.operator, again.body.id)
    expect([refused.status, refused.body.code]).toEqual([409, 'invalid_state'])
    await as(staged.operator, 'POST', `/payouts/${again.body.id}/cancel`)
    const left = await request(staged.operator, staged.id)
    expect(left.body.amount.amount).toBe(rest.amount.amount - 413)
  })
})
