// Ballots: a raffle whose prizes are admissions. Their tickets leave the sale at publication and go to those who win them.
import { eq } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { mails as mailRows } from '../../src/accounts/schema.ts'
import { prizeSeats } from '../../src/raffles/schema.ts'
import * as client from '../../src/tickets/client.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { voidTickets } from '../../src/tickets/void-tickets.ts'
import { withKey } from '../checkout/checkout.ts'
import { bought, taken } from '../events/event-orders.ts'
import { ENDS_AT, type StagedEvent, stageDraftEvent, stageEvent } from '../events/event-stage.ts'
import { type Hall, stageHall, stateOf, take } from '../events/hall.ts'
import { expectLogged } from '../harness/log.ts'
import { organisationWithOperator, registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  catchUp,
  DAY,
  DRAW_AT,
  drawOnTime,
  enter,
  HOUR,
  iso,
  MINUTE,
  NOW,
  raffleBody,
  type Staged,
  stageDraft,
  stageRaffle,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { ADDRESS, decline, disqualify, type Won, wonIn } from './prizes.ts'

useClock()

const seats = (event: StagedEvent, quantity = 1, type: keyof StagedEvent['types'] = 'vip') => [
  { title: 'A seat', kind: 'item', quantity, ticketTypeId: event.types[type] },
]

const stageBallot = (event: StagedEvent, quantity = 1, changes: object = {}): Promise<Staged> =>
  stageRaffle({ prizes: seats(event, quantity), onUnclaimed: 'keep', ...changes }, event.organisation)

const claim = (won: Won, body: object = {}) => as(won.holder, 'POST', `/winners/${won.id}/claim`, body)

async function vipOf(event: StagedEvent) {
  await catchUp(event.types.vip)
  const { body } = await as(null, 'GET', `/events/${event.id}`)
  return body.ticketTypes.find(({ id }: { id: string }) => id === event.types.vip)
}

const ticketsOf = async (person: { id: string }) =>
  (await as(person, 'GET', '/tickets')).body.data.filter(
    ({ ticketType }: { ticketType: object | null }) => ticketType !== null,
  )

const seatsIn = async (raffle: Staged) => {
  const all = await testContext().db.select().from(prizeSeats)
  return all.filter(({ raffleId }) => raffleId === raffle.id).map(({ state }) => state)
}

/** What the pools of a hall count: seats, and the tickets of the type that is given away. */
async function hallCounts(hall: Hall) {
  const [group, type] = await Promise.all([stateOf(hall.groupId), stateOf(hall.types.vip)])
  return { seats: group.sold + group.held, tickets: type.sold + type.held }
}

describe('a prize that is an admission of a capacity group', () => {
  it('takes seats out of the sale of all types, and is the winner’s once claimed', async () => {
    const hall = await stageHall(3)
    const raffle = await stageBallot(hall, 2)
    expect(await hallCounts(hall)).toEqual({ seats: 2, tickets: 2 })
    expect((await take(await registerPlayer(), hall.types.free, 2)).body.detail).toBe('Only 1 left.')
    const last = await take(await registerPlayer(), hall.types.free)
    expect(last.status, JSON.stringify(last.body)).toBe(201)
    await enter(raffle.id, 3)
    await drawOnTime(raffle)
    const [first] = (await wonIn(raffle.id)) as [Won, Won]
    const claimed = await claim(first)
    expect(claimed.body.winner).toMatchObject({ status: 'delivered', prize: { undeliverable: null } })
    await catchUp(hall.types.vip)
    expect(await ticketsOf(first.holder)).toMatchObject([
      { reservation: { id: claimed.body.reservationId, state: 'sold' } },
    ])
    // A ticket keeps its seat when it moves, and gives it back with itself.
    expect(await hallCounts(hall)).toEqual({ seats: 3, tickets: 2 })
    await voidTickets(testContext(), claimed.body.reservationId, null)
    expect(await hallCounts(hall)).toEqual({ seats: 2, tickets: 1 })
  })

  it('gives tickets and seats back when its raffle is cancelled, to those who wait first', async () => {
    const hall = await stageHall(2)
    const raffle = await stageBallot(hall, 2)
    const waiting = await registerPlayer()
    const list = `/events/${hall.id}/ticket-types/${hall.types.regular}/waiting-list`
    expect((await as(waiting, 'POST', list, { quantity: 1 })).status).toBe(201)
    const path = `/raffles/${raffle.id}/cancel`
    const { status } = await as(hall.operator, 'POST', path, { reason: 'No more needed.' })
    expect(status).toBe(200)
    await sweep()
    expect(await seatsIn(raffle)).toEqual(['returned', 'returned'])
    expect((await as(waiting, 'GET', list)).body.state).toBe('offered')
    expect(await hallCounts(hall)).toEqual({ seats: 1, tickets: 0 })
  })

  it('is not published without seats, or while others wait, and leaves no ticket behind', async () => {
    const hall = await stageHall(1)
    const draft = await stageDraft({ prizes: seats(hall, 2) }, hall.organisation)
    const publish = () => as(hall.operator, 'POST', `/raffles/${draft.id}/publish`)
    expect((await publish()).body).toMatchObject({
      code: 'sold_out',
      detail: 'The tickets of a prize cannot be set aside: Only 1 left.',
    })
    expect(await hallCounts(hall)).toEqual({ seats: 0, tickets: 0 })
    await take(await registerPlayer(), hall.types.free)
    const list = `/events/${hall.id}/ticket-types/${hall.types.vip}/waiting-list`
    expect((await as(await registerPlayer(), 'POST', list, { quantity: 1 })).status).toBe(201)
    expect((await publish()).body.detail).toContain('others wait')
  })

  it('takes the seats, or gives the tickets back, after a crash between the two pools', async () => {
    const hall = await stageHall(2)
    const { askPool: ask } = client
    const draft = await stageDraft({ prizes: seats(hall, 2) }, hall.organisation)
    const publish = () => as(hall.operator, 'POST', `/raffles/${draft.id}/publish`)
    let calls = 0
    // The group is asked whether there are seats, and dies when they are taken.
    const silent = vi.spyOn(client, 'askPool').mockImplementation((ctx, place, call) => {
      if (place === poolNameOf(hall.groupId) && ++calls === 2) return Promise.reject(new Error('no answer'))
      return ask(ctx, place, call)
    })
    expect((await publish()).status).toBe(500)
    expectLogged('unexpected error')
    silent.mockRestore()
    expect(await hallCounts(hall)).toEqual({ seats: 0, tickets: 2 })
    // Somebody else takes a seat meanwhile, so that the sweep cannot take both.
    expect((await take(await registerPlayer(), hall.types.free)).status).toBe(201)
    at(NOW + 3 * MINUTE)
    await sweep()
    expect(await hallCounts(hall)).toEqual({ seats: 1, tickets: 0 })
    expect((await publish()).body.detail).toContain('Only 1 left.')
  })
})

describe('a prize that is an admission', () => {
  it('leaves the sale at publication, and is the winner’s admission once claimed', async () => {
    const event = await stageEvent()
    const raffle = await stageBallot(event, 2)
    expect((await as(null, 'GET', `/raffles/${raffle.id}`)).body.prizes).toMatchObject([
      { ticketTypeId: event.types.vip, quantity: 2 },
    ])
    expect(await vipOf(event)).toMatchObject({ sold: 2, sale: 'sold_out' })
    await enter(raffle.id, 3)
    await drawOnTime(raffle)
    const [first, second] = (await wonIn(raffle.id)) as [Won, Won]
    expect((await claim(first, { deliveryAddress: ADDRESS })).body.errors[0].path).toBe('deliveryAddress')
    const claimed = await claim(first)
    expect(claimed.body.winner).toMatchObject({
      status: 'delivered',
      prize: { ticketTypeId: event.types.vip, undeliverable: null },
    })
    await catchUp(event.types.vip)
    const { reservationId } = claimed.body
    expect(await ticketsOf(first.holder)).toMatchObject([
      {
        ticketType: { id: event.types.vip },
        reservation: { id: reservationId, state: 'sold' },
        tickets: [{ number: 1 }],
      },
    ])
    const shown = await as(event.operator, 'GET', `/winners/${first.id}/claim`)
    expect(shown.body.reservationId).toBe(reservationId)
    expect((await claim(first)).body.code).toBe('invalid_state')
    // It was issued, so its winner is no longer disqualified.
    expect((await disqualify(event.operator, first.id)).body.code).toBe('invalid_state')
    await decline(second.holder, second.id)
    await sweep()
    await sweep()
    expect((await as(null, 'GET', `/raffles/${raffle.id}`)).body.status).toBe('settled')
    // Nobody won the other one in the end: it is for sale again.
    expect(await vipOf(event)).toMatchObject({ sold: 1, available: 1, sale: 'open' })
    await bought(await registerPlayer(), event, { vip: 1 })
  })

  it('is drawn again if it is not claimed, and goes to the next winner', async () => {
    const event = await stageEvent({ endsAt: iso(ENDS_AT + 60 * DAY) })
    const raffle = await stageBallot(event, 1, { onUnclaimed: 'redraw', claimDays: 1 })
    await enter(raffle.id, 3)
    await drawOnTime(raffle)
    at(DRAW_AT + DAY + MINUTE)
    await sweep()
    at(DRAW_AT + DAY + HOUR)
    await sweep()
    const won = (await wonIn(raffle.id)).at(-1)!
    expect((await claim(won)).body.winner.status).toBe('delivered')
    await catchUp(event.types.vip)
    expect(await ticketsOf(won.holder)).toHaveLength(1)
  })

  it('cannot be set aside if there are too few, and the draft stays as it was', async () => {
    const event = await stageEvent()
    await bought(await registerPlayer(), event, { vip: 1 })
    const draft = await stageDraft({ prizes: seats(event, 2) }, event.organisation)
    const { operator } = event
    const refused = await as(operator, 'POST', `/raffles/${draft.id}/publish`)
    expect([refused.status, refused.body.code, refused.body.errors[0].path]).toEqual([
      409,
      'sold_out',
      'prizes.0.ticketTypeId',
    ])
    expect(await vipOf(event)).toMatchObject({ sold: 1 })
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(await seatsIn(draft)).toEqual([])
    const changed = await as(operator, 'PUT', `/raffles/${draft.id}`, { prizes: seats(event, 1) })
    expect(changed.status).toBe(200)
    expect((await as(operator, 'POST', `/raffles/${draft.id}/publish`)).status).toBe(200)
    expect(await vipOf(event)).toMatchObject({ sold: 2 })
    const fixed = await as(operator, 'PUT', `/raffles/${draft.id}`, { prizes: seats(event, 1, 'regular') })
    expect(fixed.body.errors[0].path).toBe('prizes')
  })

  it('is returned if the publication crashes before the raffle’s pool has the terms', async () => {
    const event = await stageEvent()
    const draft = await stageDraft({ prizes: seats(event, 2) }, event.organisation)
    const { askPool } = client
    const spy = vi.spyOn(client, 'askPool').mockImplementation((ctx, pool, call) => {
      const name = typeof pool === 'string' ? pool : pool.pool
      if (name === draft.pool) throw new Error('the worker crashed here')
      return askPool(ctx, pool, call)
    })
    expect((await as(event.operator, 'POST', `/raffles/${draft.id}/publish`)).status).toBe(500)
    expectLogged({ level: 'error' })
    spy.mockRestore()
    expect(await vipOf(event)).toMatchObject({ sold: 2 })
    at(NOW + MINUTE)
    await sweep()
    expect(await seatsIn(draft)).toEqual([])
    expect(await vipOf(event)).toMatchObject({ sold: 0, available: 2 })
    expect((await as(event.operator, 'POST', `/raffles/${draft.id}/publish`)).status).toBe(200)
    expect(await vipOf(event)).toMatchObject({ sold: 2 })
  })

  it('is for sale again once the raffle is cancelled', async () => {
    const event = await stageEvent()
    const raffle = await stageBallot(event, 2)
    await as(event.operator, 'POST', `/raffles/${raffle.id}/cancel`, { reason: 'Nobody came.' })
    await sweep()
    expect(await seatsIn(raffle)).toEqual(['returned', 'returned'])
    expect(await vipOf(event)).toMatchObject({ sold: 0, available: 2 })
  })

  it('is issued by the sweep if the claim crashes before the pool answers', async () => {
    const event = await stageEvent()
    const raffle = await stageBallot(event)
    await enter(raffle.id, 2)
    await drawOnTime(raffle)
    const [won] = (await wonIn(raffle.id)) as [Won]
    const spy = vi.spyOn(client, 'askPool').mockRejectedValueOnce(new Error('the pool is silent'))
    const claimed = await claim(won)
    spy.mockRestore()
    expectLogged('admission not issued yet')
    expect(claimed.body).toMatchObject({ winner: { status: 'claimed' }, reservationId: null })
    await sweep()
    await catchUp(event.types.vip)
    expect(await ticketsOf(won.holder)).toHaveLength(1)
    const { body } = await as(won.holder, 'GET', '/winners?mine=true')
    expect(body.data).toMatchObject([{ status: 'delivered' }])
  })

  it('is issued to a winner who has used the text of its key for free tickets', async () => {
    const event = await stageEvent()
    const raffle = await stageBallot(event, 1, { prizes: seats(event, 1, 'free') })
    await enter(raffle.id, 2)
    await drawOnTime(raffle)
    const [won] = (await wonIn(raffle.id)) as [Won]
    const body = { ticketTypeId: event.types.free, quantity: 1 }
    const key = `prize:${raffle.id}:1#1`
    expect((await as(won.holder, 'POST', '/tickets/purchase', body, withKey(key))).status).toBe(201)
    expect((await claim(won)).body.winner.status).toBe('delivered')
    await catchUp(event.types.free)
    expect(await ticketsOf(won.holder)).toHaveLength(2)
    await sweep()
    expect((await as(null, 'GET', `/raffles/${raffle.id}`)).body.status).toBe('settled')
  })

  it('stops no other prize while it cannot be issued, and is lost if its pool refuses it', async () => {
    const event = await stageEvent()
    const raffle = await stageBallot(event, 3, { prizes: seats(event, 3, 'free') })
    await enter(raffle.id, 3)
    await drawOnTime(raffle)
    const won = await wonIn(raffle.id)
    const [first, second, third] = ['1#1', '1#2', '1#3'].map(
      (unit) => won.find((each) => each.unit === unit)!,
    )
    const refusal = { ok: false, code: 'not_found', detail: 'No such reservation.' } as const
    const transfers = (answer: (number: number) => Promise<unknown> | null) => {
      const { askPool } = client
      return vi.spyOn(client, 'askPool').mockImplementation((ctx, place, call) =>
        askPool(ctx, place, (stub) =>
          call(
            new Proxy(stub, {
              get:
                (target, name: keyof typeof stub) =>
                (...args: unknown[]) => {
                  const other = name === 'transfer' ? answer(args[2] as number) : null
                  return other ?? (target[name] as (...given: unknown[]) => unknown)(...args)
                },
            }),
          ),
        ),
      )
    }
    const silent = transfers(() => Promise.reject(new Error('the pool is silent')))
    await claim(first!)
    await claim(second!)
    silent.mockRestore()
    expectLogged('admission not issued yet')
    await decline(third!.holder, third!.id)
    const one = transfers((number) => (number === 1 ? Promise.reject(new Error('still silent')) : null))
    await sweep()
    one.mockRestore()
    expectLogged('sweep: a row was not done')
    expect((await seatsIn(raffle)).toSorted()).toEqual(['aside', 'issued', 'issuing'])
    const refused = transfers(() => Promise.resolve(refusal))
    await sweep()
    refused.mockRestore()
    expectLogged('admission of a winner refused')
    expect((await seatsIn(raffle)).toSorted()).toEqual(['aside', 'issued', 'lost'])
    const delivered = await as(event.operator, 'POST', `/winners/${first!.id}/deliver`, {})
    expect(delivered.body.status).toBe('delivered')
    await sweep()
    await sweep()
    expect((await as(null, 'GET', `/raffles/${raffle.id}`)).body.status).toBe('settled')
    expect((await seatsIn(raffle)).toSorted()).toEqual(['issued', 'lost', 'returned'])
  })

  it('says that it cannot be delivered once its event is cancelled, and the organisation decides', async () => {
    const event = await stageEvent()
    const raffle = await stageBallot(event)
    await enter(raffle.id, 2)
    await as(event.operator, 'POST', `/events/${event.id}/cancel`, { reason: 'The stage is flooded.' })
    await drawOnTime(raffle)
    const [won] = (await wonIn(raffle.id)) as [Won]
    const claimed = await claim(won)
    expect(claimed.body.winner).toMatchObject({
      status: 'claimed',
      prize: { undeliverable: expect.stringContaining('The event was cancelled') },
    })
    expect(await seatsIn(raffle)).toEqual(['lost'])
    const mails = await testContext().db.select().from(mailRows).where(eq(mailRows.kind, 'won'))
    expect(JSON.stringify(mails)).toContain('A seat (its event was cancelled)')
    const delivered = await as(event.operator, 'POST', `/winners/${won.id}/deliver`, {})
    expect(delivered.body.status).toBe('delivered')
  })

  it('says that it cannot be delivered if its event was over before the claim', async () => {
    const event = await stageEvent()
    const raffle = await stageBallot(event, 2)
    await enter(raffle.id, 2)
    await drawOnTime(raffle)
    const [first, late] = (await wonIn(raffle.id)) as [Won, Won]
    at(ENDS_AT - 1)
    expect((await claim(first)).body.winner.status).toBe('delivered')
    at(ENDS_AT)
    const claimed = await claim(late)
    expect(claimed.body.winner).toMatchObject({
      status: 'claimed',
      prize: { undeliverable: expect.stringContaining('The event is over') },
    })
    expect((await seatsIn(raffle)).toSorted()).toEqual(['issued', 'lost'])
    await catchUp(event.types.vip)
    expect(await ticketsOf(late.holder)).toEqual([])
    const { body } = await as(first.holder, 'GET', '/winners?mine=true')
    expect(body.data).toMatchObject([{ prize: { undeliverable: null } }])
    expect((await as(event.operator, 'POST', `/winners/${late.id}/deliver`, {})).body.status).toBe(
      'delivered',
    )
  })

  it('tells the id of a hidden ticket type to members and its winner alone', async () => {
    const event = await stageEvent()
    const { operator } = event
    const hidden = event.types.vip
    const change = await as(operator, 'PUT', `/events/${event.id}/ticket-types/${hidden}`, { hidden: true })
    expect(change.status).toBe(200)
    const raffle = await stageBallot(event, 1)
    await enter(raffle.id, 2)
    await drawOnTime(raffle)
    const [won] = (await wonIn(raffle.id)) as [Won]
    const open = [`/raffles/${raffle.id}`, `/raffles?organisationId=${event.organisation.id}`, '/winners']
    const paths = [...open, `/raffles/${raffle.id}/winners`]
    for (const path of paths)
      for (const who of [null, await registerPlayer()]) {
        const { status, body } = await as(who, 'GET', path)
        expect([status, JSON.stringify(body).includes('A seat')], path).toEqual([200, true])
        expect(JSON.stringify(body), path).not.toContain(hidden)
      }
    for (const path of open.slice(0, 2))
      expect(JSON.stringify((await as(operator, 'GET', path)).body), path).toContain(hidden)
    const mine = await as(won.holder, 'GET', '/winners?mine=true')
    expect(mine.body.data[0].prize.ticketTypeId).toBe(hidden)
  })

  it('is of a published event of the same organisation that ends after the draw', async () => {
    const event = await stageEvent()
    const { operator, id: organisationId } = await organisationWithOperator()
    const path = 'prizes.0.ticketTypeId'
    const errorsOf = (answer: { body: { errors: { path: string; message: string }[] } }) => answer.body.errors
    const stranger = await as(
      operator,
      'POST',
      '/raffles',
      raffleBody({ organisationId, prizes: seats(event) }),
    )
    expect(errorsOf(stranger)).toEqual([{ path, message: 'no such ticket type of this organisation' }])
    const draftEvent = await stageDraftEvent({}, event.organisation)
    const draft = await stageDraft({ prizes: seats(draftEvent) }, event.organisation)
    const unpublished = await as(event.operator, 'POST', `/raffles/${draft.id}/publish`)
    expect(errorsOf(unpublished)).toEqual([{ path, message: 'its event is not published' }])
    const late = await stageDraft(
      { prizes: seats(event), closesAt: iso(ENDS_AT), drawAt: iso(ENDS_AT + HOUR) },
      event.organisation,
    )
    const early = await as(event.operator, 'POST', `/raffles/${late.id}/publish`)
    expect(errorsOf(early)).toEqual([{ path, message: 'its event ends before the draw' }])
    at(CLOSES_AT)
    await taken(await registerPlayer(), event)
  })
})
