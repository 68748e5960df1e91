import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../../src/core/context.ts'
import { sweepNotices } from '../../../src/draws/notify-holders.ts'
import { askPool } from '../../../src/tickets/client.ts'
import { PRICE, paid, stagePriced, withKey } from '../../checkout/checkout.ts'
import { expectLogged } from '../../harness/log.ts'
import { registerPlayer, testContext } from '../../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  crashing,
  DAY,
  DRAW_AT,
  drawOnTime,
  enter,
  HOUR,
  holderOf,
  newKey,
  ringAlarm,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../../raffles/scenario.ts'
import { ANYONE } from '../../tickets/entrant.ts'
import { mailsTo, outboxOf } from './mailbox.ts'

const kindsTo = async (person: { id: string }) => (await outboxOf(person.id)).map(({ kind }) => kind).sort()

useClock()

describe('the buyer gets a mail', () => {
  it('for the payment and for the refund, once each', async () => {
    const staged = await stagePriced()
    const player = await registerPlayer()
    const { id } = await paid(player, staged.id, 2)
    expect(await kindsTo(player)).toEqual(['order_paid'])
    const refund = { reason: 'a mistake' }
    await as(staged.operator, 'POST', `/orders/${id}/refunds`, refund, withKey(newKey()))
    await sweep()
    await sweep()
    const [first, second, ...more] = await mailsTo(player.email)
    expect(more).toEqual([])
    expect(first!.text).toContain(`KES ${(2 * PRICE) / 100}.00`)
    expect(first!.text).toContain('2 × Signed first editions')
    expect(second!.title).toBe('Your refund was sent')
    expect([first!.text, second!.text]).toEqual([expect.stringContaining(id), expect.stringContaining(id)])
  })
})

describe('holders get a mail', () => {
  it('with the commitment at the freeze and with their result after the draw, once each', async () => {
    const staged = await stageRaffle({ prizes: [{ title: 'A signed <book>', quantity: 2 }] })
    const people = await enter(staged.id, 5)
    const stranger = await registerPlayer()
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    await sweep()
    for (const person of people) {
      expect(await kindsTo(person)).toEqual(['commitment'])
      const [mail] = await mailsTo(person.email)
      const { body: proof } = await as(null, 'GET', `/raffles/${staged.id}/proof`)
      expect(mail!.text).toContain(proof.commitment)
      expect(mail!.text).toContain(proof.commitmentSignature)
    }
    at(DRAW_AT)
    await sweep()
    await sweep()
    const winnerIds = await Promise.all(
      (await winnersOf(staged.id)).map(async ({ id }) => (await holderOf(id)).id),
    )
    expect(new Set(winnerIds).size).toBe(2)
    for (const person of people) {
      const isWinner = winnerIds.includes(person.id)
      expect(await kindsTo(person)).toEqual(['commitment', isWinner ? 'won' : 'lost'])
      const mail = (await mailsTo(person.email)).at(-1)!
      expect(mail.text).toContain(isWinner ? 'A signed <book>' : 'did not win')
      expect(mail.html).not.toContain('<book>')
    }
    expect(await kindsTo(stranger)).toEqual([])
  })

  it('about the commitment in the past tense if the sweep runs only after the draw', async () => {
    const staged = await stageRaffle()
    const [player] = await enter(staged.id, 1)
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    at(DRAW_AT)
    await sweep()
    await sweep()
    const mail = (await mailsTo(player!.email)).find(({ text }) => text.includes('Commitment:'))
    expect(mail!.text).toContain('1 ticket took part, and the draw was on')
    expect(mail!.text).not.toContain('prove')
  })

  it('once, for all of their tickets and prizes', async () => {
    const staged = await stageRaffle({
      maxPerUser: null,
      prizes: [
        { title: 'Gold', quantity: 1 },
        { title: 'Silver', quantity: 1 },
      ],
    })
    const player = await registerPlayer()
    for (let entry = 0; entry < 3; entry++) await hold(staged, player.id)
    await drawOnTime(staged)
    await sweep()
    expect(await kindsTo(player)).toEqual(['commitment', 'won'])
    const won = (await mailsTo(player.email)).find(({ title }) => title === 'You won: Gold and Silver')!
    const link = `http://localhost:8787/api/v1/raffles/${staged.id}/winners`
    expect(won.text).toContain(`Raffle: ${staged.id}\n\nGo to the raffle:\n${link}\n`)
    expect(won.html).toContain(`href="${link}"`)
  })

  it('with a link to the page of another site, if one is set', async () => {
    const staged = await stageRaffle({ claimDays: 14 })
    const [player] = await enter(staged.id, 1)
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    at(DRAW_AT)
    const CLAIM_URL = 'https://books.example/wins/{raffleId}?from=mail'
    await sweep({ CLAIM_URL } as unknown as Partial<Bindings>)
    const [won] = (await mailsTo(player!.email)).filter(({ title }) => title.startsWith('You won'))
    expect(won!.text).toContain(`https://books.example/wins/${staged.id}?from=mail\n`)
  })

  it('once if the worker crashes between two pages of holders', async () => {
    const staged = await stageRaffle({ maxPerUser: null, totalTickets: 1_000 })
    const player = await registerPlayer()
    await Promise.all(Array.from({ length: 510 }, () => hold(staged, player.id)))
    const last = await registerPlayer()
    await hold(staged, last.id)
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    expectLogged('holders not notified')
    const { DB, done } = crashing(/update "notices" set "due_at"/i)
    await sweep({ DB })
    expect(done()).toBe(true)
    expect([await kindsTo(player), await kindsTo(last)]).toEqual([['commitment'], []])
    await Promise.all([sweepNotices(testContext()), sweepNotices(testContext())])
    expect([await kindsTo(player), await kindsTo(last)]).toEqual([['commitment'], ['commitment']])
  })
})

describe('a winner who has not claimed gets a reminder', () => {
  it('three days and one day before the deadline, once each', async () => {
    const staged = await stageRaffle({ claimDays: 14 })
    const [player] = await enter(staged.id, 1)
    await drawOnTime(staged)
    const claimBy = DRAW_AT + 14 * DAY
    const kindsAt = async (ms: number) => {
      at(ms)
      await sweep()
      await sweep()
      return (await kindsTo(player!)).filter((kind) => kind.startsWith('claim'))
    }
    expect(await kindsAt(claimBy - 3 * DAY - HOUR)).toEqual([])
    expect(await kindsAt(claimBy - 3 * DAY)).toEqual(['claim_reminder_3d'])
    expect(await kindsAt(claimBy - DAY - HOUR)).toEqual(['claim_reminder_3d'])
    expect(await kindsAt(claimBy - DAY)).toEqual(['claim_reminder_1d', 'claim_reminder_3d'])
    expect((await mailsTo(player!.email)).at(-1)!.title).toBe('One day left to claim A book')
  })

  it('only if there was more time than that, and never after the claim', async () => {
    const short = await stageRaffle({ claimDays: 2 })
    const [hasty] = await enter(short.id, 1)
    await drawOnTime(short)
    await sweep()
    expect(await kindsTo(hasty!)).toEqual(['commitment', 'won'])

    at(CLOSES_AT - HOUR)
    const long = await stageRaffle({ claimDays: 14 })
    const [player] = await enter(long.id, 1)
    await drawOnTime(long)
    const [winner] = await winnersOf(long.id)
    const deliveryAddress = { name: 'Amina', lines: ['1 Road'], city: 'Nairobi', country: 'KE' }
    const claimed = await as(player!, 'POST', `/winners/${winner.id}/claim`, { deliveryAddress })
    expect(claimed.status).toBe(200)
    at(DRAW_AT + 13 * DAY)
    await sweep()
    expect(await kindsTo(player!)).toEqual(['commitment', 'won'])
  })
})

const hold = ({ id: itemId, pool }: { id: string; pool: string }, holder: string) =>
  askPool(testContext(), pool, (stub) =>
    stub.reserve({
      itemId,
      holder,
      entrant: ANYONE,
      key: newKey(),
      request: '',
      quantity: 1,
      numbers: null,
      payment: null,
    }),
  )
