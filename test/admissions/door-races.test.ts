// The door against whoever takes a ticket away: a holder, a buyer, a friend or the platform. One of the two wins, never both.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import * as client from '../../src/tickets/client.ts'
import { refund } from '../checkout/checkout.ts'
import { ENDS_AT, orders, STARTS_AT, type StagedEvent, stageEvent, takes } from '../events/event-stage.ts'
import type { Answer } from '../harness/client.ts'
import { expectLogged } from '../harness/log.ts'
import { registerPlayer } from '../harness/people.ts'
import {
  as,
  at,
  catchUp,
  crashing,
  DAY,
  interrupted,
  iso,
  MINUTE,
  NOW,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { sold, suspend } from '../suspensions/stage.ts'
import { checkInsOf, codesOf, countsOf, scan, stageTicket, type Taken, take } from './door-stage.ts'

useClock()

const PAIRS = 12

const giveBack = ({ player, reservationId }: Taken, numbers: number[], bindings = {}) =>
  as(player, 'POST', `/tickets/${reservationId}/return`, { numbers }, { bindings })

const roomFor = (staged: StagedEvent, type: 'free' | 'regular', capacity: number) =>
  as(staged.operator, 'PUT', `/events/${staged.id}/ticket-types/${staged.types[type]}`, { capacity })

const isDone = ({ status }: Answer) => status < 300

/** Scans each code while `takeAway` works on the same ticket. Now one is sent first, now the other. Exactly one succeeds. */
async function expectOneOfEach(
  staged: StagedEvent,
  codes: string[],
  takeAway: (at: number) => Promise<Answer>,
): Promise<{ inside: number; away: number }> {
  const pairs = await Promise.all(
    codes.map(async (code, at) => {
      if (at % 2 === 0) return Promise.all([scan(staged, code), takeAway(at)])
      const away = takeAway(at)
      return Promise.all([scan(staged, code), away])
    }),
  )
  for (const [scanned, away] of pairs) {
    const said = JSON.stringify([scanned.body, away.body])
    expect([isDone(scanned), isDone(away)].filter(Boolean), said).toHaveLength(1)
  }
  const inside = pairs.filter(([scanned]) => isDone(scanned)).length
  return { inside, away: pairs.length - inside }
}

describe('at the same moment, a check-in and', () => {
  it('a return: somebody is in, or the seat is free', async () => {
    const staged = await stageEvent()
    await roomFor(staged, 'free', 2 * PAIRS)
    const holders = await Promise.all(Array.from({ length: PAIRS }, () => take(staged, 2)))
    await catchUp(staged.types.free)
    const codes = (await Promise.all(holders.map(codesOf))).flat()
    const { inside } = await expectOneOfEach(staged, codes, (at) => {
      const taken = holders[Math.floor(at / 2)]!
      return giveBack(taken, [taken.numbers[at % 2]!])
    })
    expect(await sold(staged.types.free)).toBe(inside)
    await catchUp(staged.types.free)
    expect(await countsOf(staged)).toMatchObject({ sold: inside, checkedIn: inside })
  })

  it('a refund that the buyer of a postponed event asks for', async () => {
    const staged = await stageEvent()
    await roomFor(staged, 'regular', PAIRS)
    const buyers = await Promise.all(Array.from({ length: PAIRS }, () => registerPlayer()))
    const placed = await Promise.all(
      buyers.map((buyer) => orders(buyer, [{ ticketTypeId: staged.types.regular, quantity: 1 }])),
    )
    at(NOW + MINUTE)
    const later = { startsAt: iso(STARTS_AT + 30 * DAY), endsAt: iso(ENDS_AT + 30 * DAY) }
    const moved = await as(staged.operator, 'POST', `/events/${staged.id}/postpone`, {
      ...later,
      reason: 'A storm.',
    })
    expect(moved.status).toBe(200)
    await catchUp(staged.types.regular)
    const taken = placed.map((order, at): Taken => {
      const { reservationId, tickets } = order.lines[0]
      return { player: buyers[at]!, reservationId, numbers: [tickets[0].number] }
    })
    const codes = (await Promise.all(taken.map(codesOf))).flat()
    const { inside } = await expectOneOfEach(staged, codes, (at) => refund(buyers[at]!, placed[at].id))
    expect(await sold(staged.types.regular)).toBe(inside)
    expect((await checkInsOf(staged)).length).toBe(inside)
  })

  it('the acceptance of a friend: one of the two has the ticket', async () => {
    const staged = await stageEvent()
    await roomFor(staged, 'free', PAIRS)
    // An address may have a few open offers.
    const friends = await Promise.all([registerPlayer(), registerPlayer()])
    const friendOf = (at: number) => friends[at % 2]!
    const holders = await Promise.all(Array.from({ length: PAIRS }, () => take(staged)))
    await catchUp(staged.types.free)
    const codes = (await Promise.all(holders.map(codesOf))).flat()
    const offers = await Promise.all(
      holders.map(async ({ player, reservationId, numbers }, at) => {
        const path = `/tickets/${reservationId}/admissions/${numbers[0]}/transfer`
        const { status, body } = await as(player, 'POST', path, { email: friendOf(at).email })
        expect(status, JSON.stringify(body)).toBe(201)
        return body.id as string
      }),
    )
    const accept = (at: number) => as(friendOf(at), 'POST', `/tickets/transfers/${offers[at]}/accept`)
    const { inside, away } = await expectOneOfEach(staged, codes, accept)
    await catchUp(staged.types.free)
    const lists = await Promise.all(friends.map((friend) => as(friend, 'GET', '/tickets?limit=100')))
    const accepted = lists.flatMap(({ body }) => body.data)
    expect([accepted.length, (await checkInsOf(staged)).length]).toEqual([away, inside])
  })
})

describe('a return', () => {
  it('is refused if somebody goes in just before it is written', async () => {
    const { staged, taken, code } = await stageTicket()
    const { DB, done } = interrupted(/^insert into "ticket_returns"/i, async () => {
      expect((await scan(staged, code)).status).toBe(201)
    })
    const { status, body } = await giveBack(taken, [1], { DB })
    expect([done(), status, body.detail]).toEqual([
      true,
      409,
      'Ticket 1 is checked in: it cannot be given back.',
    ])
    expect(await sold(staged.types.free)).toBe(1)
  })

  it('keeps a gate out that asked the pool before it, and lets in whoever takes the seat then', async () => {
    const { staged, taken, code } = await stageTicket()
    const { DB, done } = interrupted(/^insert into "check_ins"/i, async () => {
      expect((await giveBack(taken, [1])).status).toBe(200)
    })
    const path = `/events/${staged.id}/check-ins`
    const { status, body } = await as(staged.operator, 'POST', path, { code }, { bindings: { DB } })
    expect([done(), status, body.code]).toEqual([true, 409, 'invalid_state'])
    const [next] = await codesOf(await take(staged))
    expect((await scan(staged, next!)).status).toBe(201)
    expect(await countsOf(staged)).toMatchObject({ checkedIn: 1 })
  })

  it('that the pool refuses leaves the ticket as it was', async () => {
    const staged = await stageEvent()
    const [holder, friend] = [await registerPlayer(), await registerPlayer()]
    const taken: Taken = {
      player: holder,
      reservationId: await takes(holder, staged.types.free, 2),
      numbers: [1, 2],
    }
    await catchUp(staged.types.free)
    const [own] = await codesOf(taken)
    const offer = await as(holder, 'POST', `/tickets/${taken.reservationId}/admissions/2/transfer`, {
      email: friend.email,
    })
    const { DB, done } = interrupted(/^insert into "ticket_returns"/i, () =>
      as(friend, 'POST', `/tickets/transfers/${offer.body.id}/accept`),
    )
    expect((await giveBack(taken, [1, 2], { DB })).body.code).toBe('invalid_state')
    expect(done()).toBe(true)
    expect(await sold(staged.types.free)).toBe(2)
    expect((await scan(staged, own!)).status).toBe(201)
  })

  it('is finished by the sweep if the process dies before the pool or after it', async () => {
    const before = await stageTicket()
    const spy = vi.spyOn(client, 'askPool').mockRejectedValue(new Error('the process died'))
    expectLogged('unexpected error')
    expect((await giveBack(before.taken, [1])).status).toBe(500)
    spy.mockRestore()
    expect((await scan(before.staged, before.code)).body.code).toBe('invalid_state')
    const after = await stageTicket()
    const { DB } = crashing(/^update "ticket_returns"/i)
    expectLogged('unexpected error')
    expect((await giveBack(after.taken, [1], { DB })).status).toBe(500)
    at(NOW + 2 * MINUTE)
    await sweep()
    for (const { staged } of [before, after]) expect(await sold(staged.types.free)).toBe(0)
    const due = await env.DB.prepare(
      'SELECT count(*) AS due FROM ticket_returns WHERE due_at IS NOT NULL',
    ).first('due')
    expect(due).toBe(0)
  })
})

it('nobody goes in with the ticket of a person who is suspended at that moment, nor of whoever gave it', async () => {
  const staged = await stageEvent()
  const friend = await registerPlayer()
  const taken = await take(staged, 2)
  await catchUp(staged.types.free)
  const { player, reservationId } = taken
  const path = `/tickets/${reservationId}/admissions/2/transfer`
  const { body } = await as(player, 'POST', path, { email: friend.email })
  const accepted = await as(friend, 'POST', `/tickets/transfers/${body.id}/accept`)
  await catchUp(staged.types.free)
  const [own] = await codesOf(taken)
  const [given] = await codesOf({ player: friend, reservationId: accepted.body.reservationId, numbers: [2] })
  const { DB, done } = interrupted(/^insert into "check_ins"/i, () => suspend(player))
  const scans = [own!, given!].map((code, at) => ({ code, scanId: `${at}`, scannedAt: iso(NOW) }))
  const late = `/events/${staged.id}/check-ins/batch`
  const { results } = (await as(staged.operator, 'POST', late, { scans }, { bindings: { DB } })).body
  expect(done()).toBe(true)
  expect(results.map(({ result }: { result: string }) => result)).toEqual(['refused', 'refused'])
  expect(await countsOf(staged)).toMatchObject({ checkedIn: 0 })
})
