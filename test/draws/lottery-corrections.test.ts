// A corrected result against what people do at the same time: pay, deliver, cancel, disqualify.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { approve, balances, claimCash, methodOf, payoutsOf, share } from '../payouts/payout-stage.ts'
import { as, at, DAY, HOUR, MINUTE, read, sweep, useClock, winnersOf } from '../raffles/scenario.ts'
import {
  confirmResult,
  decide,
  entrant,
  holdDraw,
  OFFICIAL_DRAW,
  type OnLottery,
  recordResult,
  stageAnnounced,
  stageMoney,
  stageOnLottery,
} from './lottery-stage.ts'
import { claim, deliver, disqualify, wonIn } from './prizes.ts'

useClock()

const markPaid = (person: { id: string }, id: string) =>
  as(person, 'POST', `/payouts/${id}/mark-paid`, { reference: 'FT-1' })

const MISREAD = 'The first number was misread.'

const shown = async (id: string) => (await winnersOf(id)).map(({ label, status }) => [label, status])

const isOpen = { status: 409, body: { code: 'invalid_state', detail: expect.stringMatching(/corrected/) } }

describe('a payout by hand', () => {
  it('that is approved but not marked does not stop a correction', async () => {
    const staged = await stageMoney(['0000', '0700', '0701'])
    await claimCash((await wonIn(staged.id))[0]!, 'manual')
    const [payout] = await payoutsOf(staged)
    expect((await approve(staged.operator, payout.id)).body.status).toBe('sent')
    await decide(staged, ['0001', '0700', '0701'], MISREAD)
    expect(await shown(staged.id)).toEqual([
      ['000', 'void'],
      ['001', 'announced'],
    ])
    expect((await payoutsOf(staged))[0]).toMatchObject({ id: payout.id, status: 'cancelled' })
    expect((await markPaid(staged.operator, payout.id)).body.code).toBe('invalid_state')
  })

  it('cannot be marked while a correction is open', async () => {
    const staged = await stageMoney(['0000', '0700', '0701'])
    await claimCash((await wonIn(staged.id))[0]!, 'manual')
    const [payout] = await payoutsOf(staged)
    await approve(staged.operator, payout.id)
    await confirmResult(staged.lotteryId, ['0001', '0700', '0701'], MISREAD)
    expect(await markPaid(staged.operator, payout.id)).toMatchObject(isOpen)
    await sweep()
    expect((await shown(staged.id))[0]).toEqual(['000', 'void'])
  })

  it('that is marked in time refuses the correction', async () => {
    const staged = await stageMoney(['0000', '0700', '0701'])
    await claimCash((await wonIn(staged.id))[0]!, 'manual')
    const [payout] = await payoutsOf(staged)
    await approve(staged.operator, payout.id)
    expect((await markPaid(staged.operator, payout.id)).status).toBe(200)
    await decide(staged, ['0001', '0700', '0701'], MISREAD)
    expect(await shown(staged.id)).toEqual([['000', 'paid']])
  })
})

describe('while a confirmed correction is not accepted yet', () => {
  it('no prize is delivered', async () => {
    const { staged, first, second } = await stageAnnounced()
    const [won] = await wonIn(staged.id)
    await claim(first, won!.id)
    await confirmResult(staged.lotteryId, ['0002', '0500', '0600'], MISREAD)
    expect(await deliver(staged.operator, won!.id)).toMatchObject(isOpen)
    await sweep()
    const now = (await wonIn(staged.id)).at(-1)!
    await claim(second, now.id)
    expect((await deliver(staged.operator, now.id)).status).toBe(200)
  })

  it('no payout is approved, and none that is approved is sent', async () => {
    const staged = await stageMoney(['0000', '0001', '0701'])
    for (const won of await wonIn(staged.id)) await claimCash(won)
    const [one, two] = await payoutsOf(staged)
    // As if the process had died between the approval and the sending.
    await env.DB.prepare(`UPDATE payouts SET status = 'approved', due_at = ? WHERE id = ?`)
      .bind(Date.now(), two.id)
      .run()
    await confirmResult(staged.lotteryId, ['0002', '0700', '0701'], MISREAD)
    expect(await approve(staged.operator, one.id)).toMatchObject(isOpen)
    await sweep()
    await sweep()
    expect((await payoutsOf(staged)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect((await shown(staged.id)).at(-1)).toEqual(['002', 'announced'])
  })

  it('a payout that a provider has is still followed to its end', async () => {
    const staged = await stageMoney(['0000', '0700', '0701'])
    await claimCash((await wonIn(staged.id))[0]!)
    const [payout] = await payoutsOf(staged)
    // As if the process had died before the answer.
    await env.DB.prepare(`UPDATE payouts SET status = 'sent', due_at = ? WHERE id = ?`)
      .bind(Date.now(), payout.id)
      .run()
    await confirmResult(staged.lotteryId, ['0001', '0700', '0701'], MISREAD)
    for (const minutes of [1, 2, 3]) {
      at(OFFICIAL_DRAW + minutes * MINUTE)
      await sweep()
    }
    expect(await shown(staged.id)).toEqual([['000', 'paid']])
    expect((await read(staged.id)).officialResults).toMatchObject({ accepted: 1, refused: 1 })
  })
})

describe('a correction that is confirmed at the same moment', () => {
  const CORRECTED = ['0001', '0700', '0701']

  /** Does both at once, then sweeps until nothing is left to do. */
  async function atOnce(works: readonly (() => Promise<unknown>)[]): Promise<void> {
    await Promise.all(works.map((work) => work()))
    const from = Date.now()
    for (const minutes of [1, 2, 3, 4]) {
      at(from + minutes * MINUTE)
      await sweep()
    }
  }

  /** The winner of the corrected result is paid, unless the first one was. One prize of 500 leaves the till in all. */
  async function expectPaidOnce(staged: OnLottery, isFirstPaid: boolean): Promise<void> {
    if (!isFirstPaid) {
      const second = (await wonIn(staged.id)).at(-1)!
      expect((await claimCash(second)).status).toBe(200)
      const asked = (await payoutsOf(staged)).find(({ status }) => status === 'requested')
      expect((await approve(staged.operator, asked.id)).status).toBe(200)
      await atOnce([])
    }
    const expected = isFirstPaid
      ? [['000', 'paid']]
      : [
          ['000', 'void'],
          ['001', 'paid'],
        ]
    expect(await shown(staged.id)).toEqual(expected)
    expect((await payoutsOf(staged)).filter(({ status }) => status === 'paid')).toHaveLength(1)
    const { organiser, prizes = 0 } = await balances(staged)
    expect({ organiser, prizes }).toEqual({ organiser: 2_200, prizes: 0 })
  }

  it.each(['claim', 'correction'])('takes a prize that is being claimed, the %s first', async (first) => {
    const staged = await stageMoney(['0000', '0700', '0701'])
    const [won] = await wonIn(staged.id)
    const payoutMethodId = await methodOf(won!.holder)
    const confirm = await recordResult(staged.lotteryId, CORRECTED, MISREAD)
    let status = 0
    const claimIt = async () => {
      const answer = await as(won!.holder, 'POST', `/winners/${won!.id}/claim`, { payoutMethodId })
      status = answer.status
    }
    const correct = () => confirm().then(() => sweep())
    await atOnce(first === 'claim' ? [claimIt, correct] : [correct, claimIt])
    expect([200, 409]).toContain(status)
    expect(await shown(staged.id)).toEqual([
      ['000', 'void'],
      ['001', 'announced'],
    ])
    const claimed = (await payoutsOf(staged)).map((payout) => payout.status)
    expect(claimed).toEqual(status === 200 ? ['cancelled'] : [])
    await expectPaidOnce(staged, false)
  })

  it.each(['approval', 'correction'])(
    'or the approval of its payout wins, never both, the %s first',
    async (first) => {
      const staged = await stageMoney(['0000', '0700', '0701'])
      await claimCash((await wonIn(staged.id))[0]!)
      const [{ id }] = await payoutsOf(staged)
      const confirm = await recordResult(staged.lotteryId, CORRECTED, MISREAD)
      let status = 0
      const approveIt = async () => {
        const answer = await approve(staged.operator, id)
        status = answer.status
      }
      const correct = () => confirm().then(() => sweep())
      await atOnce(first === 'approval' ? [approveIt, correct] : [correct, approveIt])
      expect([200, 409]).toContain(status)
      const [payout] = await payoutsOf(staged)
      const isPaid = payout.status === 'paid'
      expect([status, payout.status]).toEqual(isPaid ? [200, 'paid'] : [status, 'cancelled'])
      expect((await read(staged.id)).officialResults).toMatchObject(
        isPaid ? { accepted: 1, refused: 1 } : { accepted: 2, refused: 0 },
      )
      await expectPaidOnce(staged, isPaid)
    },
  )
})

describe('a correction that is refused', () => {
  it('refuses those after it, even if the payment comes back', async () => {
    const staged = await stageMoney(['0000', '0700', '0701'])
    await claimCash((await wonIn(staged.id))[0]!, 'manual')
    const [payout] = await payoutsOf(staged)
    await approve(staged.operator, payout.id)
    await markPaid(staged.operator, payout.id)
    await decide(staged, ['0001', '0700', '0701'], MISREAD)
    await env.DB.batch([
      env.DB.prepare(`UPDATE payouts SET status = 'failed' WHERE id = ?`).bind(payout.id),
      env.DB.prepare(`UPDATE winners SET status = 'claimed' WHERE raffle_id = ?`).bind(staged.id),
    ])
    await decide(staged, ['0002', '0700', '0701'], 'Misread once more.')
    expect((await read(staged.id)).officialResults).toMatchObject({ accepted: 1, refused: 2 })
  })
})

describe('a share of nothing', () => {
  it('does not stop a correction', async () => {
    // Two hundredths of a percent of 3,000 round up to one, which the first share gets.
    const staged = await stageMoney(['0000', '0001', '0701'], [share(1), share(1)])
    const [, nothing] = await wonIn(staged.id)
    expect(nothing!.amount).toBe(0)
    expect((await claimCash(nothing!)).body.winner.status).toBe('paid')
    await decide(staged, ['0002', '0001', '0701'], MISREAD)
    expect((await read(staged.id)).officialResults).toMatchObject({ accepted: 2, refused: 0 })
    expect(await shown(staged.id)).toEqual([
      ['000', 'void'],
      ['001', 'void'],
      ['002', 'announced'],
      ['001', 'announced'],
    ])
  })
})

describe('a disqualified winner', () => {
  it('stays disqualified if a correction names the same number', async () => {
    const { staged, first } = await stageAnnounced()
    const [won] = await wonIn(staged.id)
    expect((await disqualify(staged.operator, won!.id)).status).toBe(200)
    const reason = 'Bought under three names'
    for (const number of ['0002', '0600']) {
      await decide(staged, ['0001', number, '0700'], 'The second number was misread.')
      expect((await winnersOf(staged.id)).filter(({ label }) => label === '001').at(-1)).toMatchObject({
        status: 'disqualified',
        reason,
      })
    }
    expect(
      (await winnersOf(staged.id)).map(({ label, status, attempt }) => [label, status, attempt]),
    ).toEqual([
      ['001', 'disqualified', 0],
      ['001', 'disqualified', 1],
      ['002', 'void', 1],
      ['001', 'disqualified', 2],
    ])
    const again = (await wonIn(staged.id)).at(-1)!
    expect((await claim(first, again.id)).body.code).toBe('invalid_state')
    const mails = await env.DB.prepare(
      `SELECT count(*) AS sent FROM mails WHERE kind = 'won' AND user_id = ?`,
    )
      .bind(first.id)
      .first<{ sent: number }>()
    expect(mails!.sent).toBe(1)
    at(OFFICIAL_DRAW + 20 * DAY)
    await sweep()
    expect((await read(staged.id)).status).toBe('settled')
  })
})

describe('a raffle whose result is confirmed', () => {
  it('cannot be cancelled any more, even before the result is accepted', async () => {
    const staged = await stageOnLottery({ claimDays: 5 })
    await entrant(staged.id, [1])
    await holdDraw(staged)
    at(OFFICIAL_DRAW + 5 * DAY + HOUR)
    await confirmResult(staged.lotteryId, ['0001', '0002', '0003'])
    const answer = await as(staged.operator, 'POST', `/raffles/${staged.id}/cancel`, { reason: 'Too late.' })
    expect(answer.body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringMatching(/is confirmed/),
    })
    await sweep()
    expect((await read(staged.id)).status).toBe('drawn')
  })
})
