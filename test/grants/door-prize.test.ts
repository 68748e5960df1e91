// Door prizes: each valid admission to an event, by whatever door, is one entry in a raffle. What is given back is none.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { sweepAdmissions } from '../../src/grants/earn-by-admission.ts'
import { admissionCursors } from '../../src/grants/schema.ts'
import { askPool } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { refund } from '../checkout/checkout.ts'
import { verifyPublished } from '../draws/proof-check.ts'
import { bought, taken } from '../events/event-orders.ts'
import { type StagedEvent, stageEvent } from '../events/event-stage.ts'
import { expectLogged } from '../harness/log.ts'
import { organisationWithOperator, registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  catchUp,
  crashing,
  drawOnTime,
  HOUR,
  iso,
  MINUTE,
  NOW,
  newKey,
  type Staged,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
  winnersOf,
} from '../raffles/scenario.ts'

useClock()

const stageDoor = (event: StagedEvent, changes: object = {}): Promise<Staged> =>
  stageRaffle(
    { entry: 'order', earning: { per: 'admission', eventId: event.id }, totalTickets: 50, ...changes },
    event.organisation,
  )

/** How many entries each person has in the raffle. */
async function entriesOf(raffle: Staged): Promise<Record<string, number>> {
  await catchUp(raffle.id)
  const { results } = await env.DB.prepare(
    `SELECT holder, sum(json_array_length(numbers)) AS count FROM reservations
     WHERE pool = ? AND state = 'sold' GROUP BY holder`,
  )
    .bind(raffle.pool)
    .all<{ holder: string; count: number }>()
  return Object.fromEntries(results.map(({ holder, count }) => [holder, count]))
}

const catchUpWith = (event: StagedEvent) => Promise.all(Object.values(event.types).map(catchUp))

describe('a door prize', () => {
  it('draws among exactly the valid admissions: bought, taken free and transferred, but not given back', async () => {
    const event = await stageEvent()
    const [early, buyer, guest, friend, late] = await Promise.all(
      Array.from({ length: 5 }, () => registerPlayer()),
    )
    const first = await bought(early!, event, { vip: 1, free: 1 })
    const raffle = await stageDoor(event)
    const order = await bought(buyer!, event, { regular: 3 })
    const free = await taken(guest!, event, 2)
    await catchUpWith(event)
    await sweep()
    expect(await entriesOf(raffle)).toEqual({ [early!.id]: 2, [buyer!.id]: 3, [guest!.id]: 2 })
    const { pool, seq } = reservationAddress(free.id)
    const moved = await askPool(testContext(), pool, (stub) =>
      stub.transfer(seq, free.id, 2, { holder: friend!.id, key: newKey() }),
    )
    expect(moved.ok).toBe(true)
    await refund(event.operator, order.id, { lines: [{ line: 0, numbers: [2] }] })
    // Too late for a sweep: the freeze itself finishes it.
    at(CLOSES_AT - MINUTE)
    await bought(late!, event, { regular: 1 })
    await drawOnTime(raffle)
    expect(await entriesOf(raffle)).toEqual({
      [early!.id]: 2,
      [buyer!.id]: 2,
      [guest!.id]: 1,
      [friend!.id]: 1,
      [late!.id]: 1,
    })
    expect(await winnersOf(raffle.id)).toHaveLength(1)
    const { proof, isProven, wrong } = await verifyPublished(raffle.id)
    expect([proof.ticketCount, isProven, wrong]).toEqual([7, true, []])
    // It is drawn: what is given back later stays in the list.
    at(CLOSES_AT + HOUR)
    await refund(event.operator, first.id)
    await sweep()
    expect((await entriesOf(raffle))[early!.id]).toBe(2)
  })

  it('counts nothing that is sold after it closes, nor what is set aside for prizes', async () => {
    const event = await stageEvent()
    const raffle = await stageDoor(event)
    const { pool, seq: _ } = reservationAddress((await taken(await registerPlayer(), event)).id)
    await askPool(testContext(), pool, (stub) =>
      stub.reserve({
        itemId: event.types.free,
        holder: raffle.id,
        entrant: { isProved: true, staffOf: [], isHuman: false },
        key: 'prize',
        request: '',
        quantity: 1,
        numbers: null,
        payment: null,
        entry: 'setAside',
      }),
    )
    at(CLOSES_AT)
    await taken(await registerPlayer(), event)
    await drawOnTime(raffle)
    expect(Object.values(await entriesOf(raffle))).toEqual([1])
  })

  it('loses every entry when its event is cancelled', async () => {
    const event = await stageEvent()
    const raffle = await stageDoor(event)
    await taken(await registerPlayer(), event)
    await bought(await registerPlayer(), event, { vip: 1 })
    await catchUpWith(event)
    await sweep()
    expect(Object.keys(await entriesOf(raffle))).toHaveLength(2)
    await as(event.operator, 'POST', `/events/${event.id}/cancel`, { reason: 'The stage is flooded.' })
    await catchUpWith(event)
    await sweep()
    expect(await entriesOf(raffle)).toEqual({})
  })

  it('reads each change once, also if two sweeps run at once or one crashes', async () => {
    const event = await stageEvent()
    const raffle = await stageDoor(event)
    const player = await registerPlayer()
    await taken(player, event, 2)
    await catchUpWith(event)
    const { DB, done } = crashing(/^insert into "admission_cursors"/)
    await sweep({ DB })
    expect(done()).toBe(true)
    expectLogged('sweep: a row was not done')
    const ctx = testContext()
    await Promise.all([sweepAdmissions(ctx), sweepAdmissions(ctx)])
    await sweep()
    expect(await entriesOf(raffle)).toEqual({ [player.id]: 2 })
    const cursors = await ctx.db.select().from(admissionCursors)
    expect(cursors.filter(({ raffleId }) => raffleId === raffle.id)).toHaveLength(3)
    expect(await sweepAdmissions(ctx)).toEqual({ done: 0, failed: 0 })
  })

  it('is listed by admission, and no shop or member gives or revokes its entries', async () => {
    const event = await stageEvent()
    const raffle = await stageDoor(event)
    const reservation = await taken(await registerPlayer(), event)
    await catchUpWith(event)
    await sweep()
    const orderRef = `${reservation.id}:1`
    const listed = await as(event.operator, 'GET', `/raffles/${raffle.id}/grants`)
    expect(listed.body.data).toMatchObject([
      { orderRef, entries: 1, status: 'granted', amount: { amount: 0, currency: 'KES' } },
    ])
    const path = `/raffles/${raffle.id}/grants/${encodeURIComponent(orderRef)}`
    expect((await as(event.operator, 'GET', path)).status).toBe(200)
    expect((await as(event.operator, 'DELETE', path)).body.errors[0].path).toBe('orderRef')
  })

  it('is of an event of the same organisation, which its orders do not enter twice', async () => {
    const event = await stageEvent()
    const stranger = await organisationWithOperator()
    const earning = { per: 'admission', eventId: event.id }
    const refused = await as(stranger.operator, 'POST', '/raffles', {
      ...(await draftBody(event)),
      organisationId: stranger.id,
      earning,
    })
    expect(refused.body.errors).toEqual([
      { path: 'earning.eventId', message: 'no such event of this organisation' },
    ])
    const raffle = await stageDoor(event)
    const player = await registerPlayer()
    await bought(player, event, { vip: 1 })
    await catchUpWith(event)
    await sweep()
    expect(await entriesOf(raffle)).toEqual({ [player.id]: 1 })
  })
})

/** The fields of a draft for an event's organisation. */
async function draftBody(event: StagedEvent) {
  const draft = await stageDraft(
    {
      entry: 'order',
      earning: { per: 'admission', eventId: event.id },
      opensAt: iso(NOW),
      closesAt: iso(CLOSES_AT),
    },
    event.organisation,
  )
  const { body } = await as(event.operator, 'GET', `/raffles/${draft.id}`)
  const { title, ticketPrice, totalTickets, numbering, opensAt, closesAt, drawAt, prizes, winPolicy, entry } =
    body
  return { title, ticketPrice, totalTickets, numbering, opensAt, closesAt, drawAt, prizes, winPolicy, entry }
}
