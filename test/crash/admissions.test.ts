// The process dies at any call while a ticket goes to another person, through the door, back to the organisation or to the
// winner of a ballot. Each ticket must stay with one person, and let one person in once.

import { describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { askPool } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { codesOf, take } from '../admissions/door-stage.ts'
import { press } from '../checkout/checkout.ts'
import { stageDraftEvent, takes } from '../events/event-stage.ts'
import { stageHall, stateOf } from '../events/hall.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  buy,
  drawOnTime,
  iso,
  newKey,
  stageDraft,
  stageRaffle,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'
import { poolsOf, rowOf, stageLater, TIMES, typesOf } from './event-stage.ts'
import { everyCrash } from './flow.ts'
import { CLOSES_AT, DRAW_AT, expectStatus, people, usePeople } from './stage.ts'

useClock()
usePeople()

/** More than all tries together take. */
const SEATS = 60

async function stageRoomy() {
  const staged = await stageLater()
  for (const id of Object.values(staged.types)) {
    const path = `/events/${staged.id}/ticket-types/${id}`
    expectStatus(await as(staged.operator, 'PUT', path, { capacity: 500 }), 200)
  }
  return staged
}

async function reservationOf(id: string) {
  const { pool, seq } = reservationAddress(id)
  return (await askPool(testContext(), pool, (stub) => stub.reservation(seq, id)))!.reservation
}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while somebody accepts a ticket from another person', async () => {
    const staged = await stageRoomy()
    await everyCrash({
      stage: async () => {
        const giver = await registerPlayer()
        const receiver = await registerPlayer()
        const reservationId = await takes(giver, staged.types.free, 2)
        const number = (await reservationOf(reservationId)).numbers[0]!
        const path = `/tickets/${reservationId}/admissions/${number}/transfer`
        const { id } = expectStatus(await as(giver, 'POST', path, { email: receiver.email }), 201).body
        return { receiver, reservationId, number, id: id as string }
      },
      act: async ({ receiver, id }, send) => {
        const path = `/tickets/transfers/${id}/accept`
        expectStatus(await send((bindings) => as(receiver, 'POST', path, undefined, { bindings })), 200)
      },
      raffles: () => typesOf(staged),
      wrong: async ({ receiver, reservationId, number, id }) => {
        const row = await rowOf<{ state: string; made: string | null }>(
          'SELECT state, new_reservation_id AS made FROM ticket_transfers WHERE id = ?',
          id,
        )
        const isWithGiver = (await reservationOf(reservationId)).numbers.includes(number)
        const made = row!.made === null ? null : await reservationOf(row!.made)
        const isWithReceiver = made?.holder === receiver.id && made.numbers.join() === `${number}`
        const isRight =
          row!.state === 'open'
            ? isWithGiver && made === null
            : row!.state === 'accepted' && isWithReceiver && !isWithGiver
        return isRight
          ? []
          : [`transfer ${id} is ${row!.state}, with giver: ${isWithGiver}, receiver: ${isWithReceiver}`]
      },
    })
  })

  it.each(['one scan', 'a batch of late scans'])('while a ticket goes through the door: %s', async (how) => {
    const staged = await stageRoomy()
    const checkIns = `/events/${staged.id}/check-ins`
    await everyCrash({
      stage: async () => {
        const taken = await take(staged)
        const [code] = await codesOf(taken)
        return { reservationId: taken.reservationId, code: code!, scanId: newKey() }
      },
      act: async ({ code, scanId }, send) => {
        const scan = { code, scanId, scannedAt: new Date().toISOString() }
        if (how === 'one scan') {
          const sent = (bindings: Partial<Bindings>) =>
            as(staged.operator, 'POST', checkIns, scan, { bindings })
          expectStatus(await send(sent), 201)
          return
        }
        // The scanner has let in twice by the same ticket.
        const scans = [scan, { ...scan, scanId: `${scanId}.again` }]
        const path = `${checkIns}/batch`
        const { results } = expectStatus(
          await send((bindings) => as(staged.operator, 'POST', path, { scans }, { bindings })),
          200,
        ).body
        const got = results.map(({ result }: { result: string }) => result).join()
        if (got !== 'admitted,alreadyIn') throw new Error(`the scans were answered ${got}`)
      },
      raffles: () => typesOf(staged),
      wrong: async ({ reservationId }) => {
        const row = await rowOf<{ inside: number; lost: number }>(
          `SELECT coalesce(sum(conflict_with IS NULL), 0) AS inside, coalesce(sum(conflict_with IS NOT NULL), 0) AS lost
           FROM check_ins WHERE event_id = ? AND reservation_id = ?`,
          staged.id,
          reservationId,
        )
        const right = how === 'one scan' ? ['0,0', '1,0'] : ['0,0', '1,1']
        const found = `${row!.inside},${row!.lost}`
        return right.includes(found) ? [] : [`${reservationId} has check-ins and conflicts ${found}`]
      },
    })
  })

  it('while a member takes free tickets of an order back', async () => {
    const staged = await stageRoomy()
    const { operator, types } = staged
    await everyCrash({
      stage: async () => {
        const lines = [
          { ticketTypeId: types.free, quantity: 2 },
          { ticketTypeId: types.vip, quantity: 1 },
        ]
        const headers = { 'idempotency-key': newKey() }
        const body = { lines, payment: { provider: 'sandbox' } }
        const buyer = await registerPlayer()
        const order = expectStatus(await as(buyer, 'POST', '/orders', body, { headers }), 201).body
        await press(order.payment.checkoutUrl, 'approve')
        const { reservationId } = order.lines[0]
        const { numbers } = await reservationOf(reservationId)
        return { id: order.id as string, reservationId: reservationId as string, number: numbers[0]! }
      },
      act: async ({ id, number }, send) => {
        const body = { line: 0, numbers: [number], reason: 'The seats are needed.' }
        const path = `/orders/${id}/take-back`
        expectStatus(await send((bindings) => as(operator, 'POST', path, body, { bindings })), 200)
      },
      raffles: () => typesOf(staged),
      wrong: async ({ id, reservationId, number }) => {
        const line = await rowOf<{ back: number; events: number }>(
          `SELECT refunded_quantity AS back,
             (SELECT count(*) FROM order_events WHERE order_id = ?1 AND key LIKE 'taken:%') AS events
           FROM order_lines WHERE order_id = ?1 AND line = 0`,
          id,
        )
        const isBack = !(await reservationOf(reservationId)).numbers.includes(number)
        // The pool acts first. A member who got no answer asks again, and only then the order says so.
        const isRight = line!.back === line!.events && (line!.back === 0 || (line!.back === 1 && isBack))
        return isRight ? [] : [`order ${id}: ${JSON.stringify(line)}, taken back: ${isBack}`]
      },
    })
  })

  it('while a ballot is published, whose tickets share their seats', async () => {
    await everyCrash({
      stage: async () => {
        const hall = await stageHall(3, 100, TIMES, people.organisation)
        const prizes = [{ title: 'A seat', quantity: 2, ticketTypeId: hall.types.vip }]
        const times = { closesAt: iso(CLOSES_AT), drawAt: iso(DRAW_AT) }
        return { hall, raffle: await stageDraft({ prizes, ...times }, people.organisation) }
      },
      act: async ({ raffle: { id, operator } }, send) => {
        const publish = (bindings: Partial<Bindings>) =>
          as(operator, 'POST', `/raffles/${id}/publish`, undefined, { bindings })
        // A retry may find it published.
        expectStatus(await send(publish), 200, 409)
      },
      raffles: ({ hall, raffle }) => [raffle, ...poolsOf(hall, [hall.groupId, ...Object.values(hall.types)])],
      wrong: async ({ hall, raffle }) => {
        const row = await rowOf<{ status: string }>('SELECT status FROM raffles WHERE id = ?', raffle.id)
        const [seats, tickets] = await Promise.all([hall.groupId, hall.types.vip].map(stateOf))
        const right = row!.status === 'draft' ? 0 : 2
        const isRight = seats!.sold === right && tickets!.sold === right && seats!.held === 0
        const facts = JSON.stringify({ ...row, seats: seats!.sold, tickets: tickets!.sold })
        return isRight ? [] : [`the hall ${hall.groupId}: ${facts}`]
      },
    })
  })

  it('while a winner claims a ticket', async () => {
    const staged = await stageDraftEvent(TIMES, people.organisation)
    const { vip } = staged.types
    const path = `/events/${staged.id}`
    const changes = { capacity: SEATS, maxPerUser: null }
    expectStatus(await as(staged.operator, 'PUT', `${path}/ticket-types/${vip}`, changes), 200)
    expectStatus(await as(staged.operator, 'POST', `${path}/publish`), 200)
    const ballot = {
      prizes: [{ title: 'A seat', quantity: SEATS, ticketTypeId: vip }],
      totalTickets: SEATS,
      maxPerUser: null,
      onUnclaimed: 'keep',
    }
    const raffle = await stageRaffle(ballot, people.organisation)
    expectStatus(await buy(people.buyer, raffle.id, { quantity: SEATS }), 201)
    await drawOnTime(raffle)
    const winners = (await winnersOf(raffle.id)).map(({ id }) => id as string)
    await everyCrash({
      stage: async () => ({ winner: winners.pop()! }),
      act: async ({ winner }, send) => {
        const claim = (bindings: Partial<Bindings>) =>
          as(people.buyer, 'POST', `/winners/${winner}/claim`, {}, { bindings })
        // A retry after the ticket was issued is answered 409.
        expectStatus(await send(claim), 200, 409)
      },
      raffles: () => [raffle, ...poolsOf(staged, [vip])],
      wrong: async ({ winner }) => {
        const row = await rowOf<{ status: string; state: string; issued: string | null }>(
          `SELECT winners.status, state, issued_id AS issued FROM winners
           JOIN prize_seats USING (raffle_id, unit) WHERE winners.id = ?`,
          winner,
        )
        const issued = row!.issued === null ? null : await reservationOf(row!.issued)
        const isHis = issued?.holder === people.buyer.id && issued.numbers.length === 1
        const isRight =
          row!.status === 'announced'
            ? row!.state === 'aside' && issued === null
            : row!.status === 'delivered' && isHis
        return isRight ? [] : [`winner ${winner}: ${JSON.stringify(row)}`]
      },
    })
  })
})
