// The process dies at any call while an event is published, sold, postponed, cancelled or settled, and while freed tickets
// go to those who wait. Nobody may lose money, a seat or a mail, and nobody may get one twice.

import { describe, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { refund } from '../checkout/checkout.ts'
import {
  orders,
  STARTS_AT,
  type StagedEvent,
  stageDraftEvent,
  stageEvent,
  takes,
} from '../events/event-stage.ts'
import { environment } from '../harness/environment.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, at, HOUR, iso, newKey, poolState, type Staged, sweep, useClock } from '../raffles/scenario.ts'
import { LATER, mailsTo, poolsOf, rowOf, stageLater, TIMES, typesOf } from './event-stage.ts'
import { everyCrash, type Send } from './flow.ts'
import { expectStatus, onCheckout, people, usePeople } from './stage.ts'

useClock()
usePeople()

const withKey = (key: string, bindings: Partial<Bindings>) => ({
  headers: { 'idempotency-key': key },
  bindings,
})

const sweepWith = (bindings: Partial<Bindings>) => runSweep(environment(bindings), Date.now())

const statusOf = async (id: string) =>
  (await rowOf<{ status: string }>('SELECT status FROM orders WHERE id = ?', id))?.status

/** Orders and pays. On a retry the order may be paid already. */
async function buyAll(person: Person, lines: object[], key: string, send: Send): Promise<void> {
  const body = { lines, payment: { provider: 'sandbox' } }
  const place = (bindings: Partial<Bindings>) => as(person, 'POST', '/orders', body, withKey(key, bindings))
  const { payment } = expectStatus(await send(place), 201).body
  if (payment.checkoutUrl === null) return
  expectStatus(await send((bindings) => onCheckout(payment.checkoutUrl, 'approve', bindings)), 200)
}

interface Hall {
  staged: StagedEvent
  pools: Staged[]
}

/** A draft whose regular and VIP tickets share some seats. */
async function stageHall(capacity = 300): Promise<Hall> {
  const staged = await stageDraftEvent(TIMES, people.organisation)
  const { id, operator, types } = staged
  const seats = { name: 'The hall', capacity }
  const group = expectStatus(await as(operator, 'POST', `/events/${id}/capacity-groups`, seats), 201).body.id
  for (const [name, typeId] of Object.entries(types)) {
    const changes = { capacity: 300, ...(name === 'free' ? {} : { capacityGroupId: group }) }
    expectStatus(await as(operator, 'PUT', `/events/${id}/ticket-types/${typeId}`, changes), 200)
  }
  return { staged, pools: [...typesOf(staged), ...poolsOf(staged, [group])] }
}

/** A published event, all of whose seats a holder of VIP tickets has. Somebody waits for a regular one. */
async function stageFullHall() {
  const hall = await stageHall(2)
  const { id, operator, types } = hall.staged
  expectStatus(await as(operator, 'POST', `/events/${id}/publish`), 200)
  const [holder, next] = [await registerPlayer(), await registerPlayer()]
  const order = await orders(holder, [{ ticketTypeId: types.vip, quantity: 2 }])
  const list = `/events/${id}/ticket-types/${types.regular}/waiting-list`
  return { hall, next, orderId: order.id as string, list, keys: [newKey(), newKey()] as const }
}

const offeredIn = async ({ pools }: Hall): Promise<number> => {
  const { seatTypes } = (await poolState(pools.at(-1)!.pool))!
  return Object.values(seatTypes ?? {}).reduce((sum, { offered }) => sum + offered, 0)
}

/** A sentence unless the group has as many seats taken as its types have tickets, and as it offers. */
async function seatsAstray(hall: Hall): Promise<string[]> {
  const {
    staged: { types },
    pools,
  } = hall
  const taken = async (pool: string) => {
    const { sold, held } = (await poolState(pool))!
    return sold + held
  }
  const group = pools.at(-1)!
  const inGroup = pools.filter(({ id }) => id === types.regular || id === types.vip)
  const seats = await taken(group.pool)
  const tickets = (await Promise.all(inGroup.map(({ pool }) => taken(pool)))).reduce(
    (sum, each) => sum + each,
    await offeredIn(hall),
  )
  return seats === tickets ? [] : [`${group.id} has ${seats} seats taken, and its types ${tickets} tickets`]
}

describe('a process that dies at any call loses and repeats nothing', { timeout: 180_000 }, () => {
  it('while an event is published', async () => {
    await everyCrash({
      stage: () => stageHall(),
      act: async ({ staged: { id, operator } }, send) =>
        expectStatus(
          await send((bindings) => as(operator, 'POST', `/events/${id}/publish`, undefined, { bindings })),
          200,
          409,
        ),
      raffles: ({ pools }) => pools,
      wrong: async ({ staged: { id }, pools }) => {
        const row = await rowOf<{ status: string }>('SELECT status FROM events WHERE id = ?', id)
        const states = await Promise.all(pools.map(({ pool }) => poolState(pool)))
        const selling = states.filter((state) => state?.total === 300).length
        const right = row!.status === 'published' ? pools.length : 0
        return selling === right ? [] : [`event ${id} is ${row!.status}, and ${selling} of its pools sell`]
      },
    })
  })

  it('while somebody buys tickets of several types, two of which share their seats', async () => {
    const hall = await stageHall()
    const { id, operator, types } = hall.staged
    expectStatus(await as(operator, 'POST', `/events/${id}/publish`), 200)
    const lines = [types.free, types.regular, types.vip].map((ticketTypeId) => ({
      ticketTypeId,
      quantity: 2,
    }))
    await everyCrash({
      stage: async () => ({ person: await registerPlayer(), key: newKey() }),
      act: ({ person, key }, send) => buyAll(person, lines, key, send),
      raffles: () => hall.pools,
      wrong: async ({ person }) => {
        const row = await rowOf<{ id: string; status: string }>(
          'SELECT id, status FROM orders WHERE user_id = ?',
          person.id,
        )
        const isRight = row === null || ['paid', 'expired'].includes(row.status)
        return [...(isRight ? [] : [`${row.id} is ${row.status}`]), ...(await seatsAstray(hall))]
      },
    })
  })

  it('while a refund frees a ticket, which is offered to the next person, who buys it', async () => {
    await everyCrash({
      stage: async () => {
        const staged = await stageLater()
        const { vip } = staged.types
        const [holder, next] = [await registerPlayer(), await registerPlayer()]
        const { id } = await orders(holder, [{ ticketTypeId: vip, quantity: 2 }])
        const list = `/events/${staged.id}/ticket-types/${vip}/waiting-list`
        expectStatus(await as(next, 'POST', list, { quantity: 1 }), 201)
        return { staged, next, id, list, keys: [newKey(), newKey()] as const }
      },
      act: async ({ staged, next, id, keys }, send) => {
        const what = { lines: [{ line: 0, numbers: [1] }] }
        expectStatus(await send((bindings) => refund(staged.operator, id, what, keys[0], { bindings })), 201)
        await buyAll(next, [{ ticketTypeId: staged.types.vip, quantity: 1 }], keys[1], send)
      },
      raffles: ({ staged }) => typesOf(staged),
      wrong: async ({ staged, next, id, list }) => {
        const { sold, held } = (await poolState(poolsOf(staged, [staged.types.vip])[0]!.pool))!
        const isRefunded = (await statusOf(id)) === 'partially_refunded'
        const mails = await mailsTo(next.id, 'tickets_offered')
        const place = (await as(next, 'GET', list)).body.state
        const isBought =
          (await rowOf('SELECT 1 FROM orders WHERE user_id = ? AND status = ?', next.id, 'paid')) !== null
        const isRight = isRefunded
          ? mails === 1 && (isBought ? sold === 2 && held === 0 : sold === 1)
          : mails === 0 && sold === 2 && place === 'waiting'
        const facts = JSON.stringify({ isRefunded, mails, place, isBought, sold, held })
        return isRight ? [] : [`the waiting list of ${staged.id}: ${facts}`]
      },
    })
  })

  it('while somebody joins the list of a full hall, whose refunded seat is offered to this person, who buys', async () => {
    await everyCrash({
      stage: stageFullHall,
      act: async ({ hall: { staged }, next, orderId, list, keys }, send) => {
        // Who has ordered would wait for another ticket.
        if ((await rowOf('SELECT 1 FROM orders WHERE user_id = ?', next.id)) === null) {
          const join = (bindings: Partial<Bindings>) => as(next, 'POST', list, { quantity: 1 }, { bindings })
          expectStatus(await send(join), 201, 409)
        }
        const what = { lines: [{ line: 0, numbers: [1] }] }
        const refunded = await send((bindings) =>
          refund(staged.operator, orderId, what, keys[0], { bindings }),
        )
        expectStatus(refunded, 201)
        await buyAll(next, [{ ticketTypeId: staged.types.regular, quantity: 1 }], keys[1], send)
      },
      raffles: ({ hall }) => hall.pools,
      wrong: async ({ hall, next, orderId, list }) => {
        const { sold, held } = (await poolState(hall.pools.at(-1)!.pool))!
        const isRefunded = (await statusOf(orderId)) === 'partially_refunded'
        const mails = await mailsTo(next.id, 'tickets_offered')
        const place = (await as(next, 'GET', list)).body.state
        const bought = await rowOf<{ status: string }>('SELECT status FROM orders WHERE user_id = ?', next.id)
        const isRight = isRefunded
          ? mails === 1 && (bought?.status === 'paid' ? sold === 2 && held === 0 : sold === 1)
          : mails === 0 && sold === 2 && (place === 'waiting' || place === undefined)
        const facts = JSON.stringify({ isRefunded, mails, place, bought, sold, held })
        return [...(isRight ? [] : [`the hall of ${hall.staged.id}: ${facts}`]), ...(await seatsAstray(hall))]
      },
    })
  })

  it('while the capacity of a type is raised and lowered, which shares its seats and is waited for', async () => {
    await everyCrash({
      stage: async () => {
        const hall = await stageHall()
        const { id, operator, types } = hall.staged
        const path = `/events/${id}/ticket-types/${types.vip}`
        expectStatus(await as(operator, 'PUT', path, { capacity: 1 }), 200)
        expectStatus(await as(operator, 'POST', `/events/${id}/publish`), 200)
        await orders(await registerPlayer(), [{ ticketTypeId: types.vip, quantity: 1 }])
        const next = await registerPlayer()
        expectStatus(await as(next, 'POST', `${path}/waiting-list`, { quantity: 1 }), 201)
        return { hall, next, path }
      },
      act: async ({ hall, path }, send) => {
        for (const capacity of [5, 2, 1])
          expectStatus(
            await send((bindings) => as(hall.staged.operator, 'PUT', path, { capacity }, { bindings })),
            200,
            409,
          )
      },
      raffles: ({ hall }) => hall.pools,
      wrong: async ({ hall, next, path }) => {
        const { types, id } = hall.staged
        const row = await rowOf<{ capacity: number; due_at: number | null }>(
          'SELECT capacity, due_at FROM ticket_types WHERE id = ?',
          types.vip,
        )
        const place = (await as(next, 'GET', `${path}/waiting-list`)).body.state
        const mails = await mailsTo(next.id, 'tickets_offered')
        const total = (await poolState(hall.pools.find((each) => each.id === types.vip)!.pool))!.total
        const isRaised = row!.capacity > 1
        const isRight =
          row!.due_at === null &&
          total === row!.capacity &&
          place === (isRaised ? 'offered' : 'waiting') &&
          mails === (isRaised ? 1 : 0)
        const stranger = await registerPlayer()
        const lines = [{ ticketTypeId: types.vip, quantity: 1 }]
        const { status } = await as(
          stranger,
          'POST',
          '/orders',
          { lines, payment: { provider: 'sandbox' } },
          withKey(newKey(), {}),
        )
        // The group knows the capacity that the type has: what is not offered is for sale.
        const isForSale = row!.capacity > 2
        const facts = JSON.stringify({ row, total, place, mails, status })
        return [
          ...(isRight && status === (isForSale ? 201 : 409) ? [] : [`the type of ${id}: ${facts}`]),
          ...(await seatsAstray(hall)),
        ]
      },
    })
  })

  it('while an event is postponed, and a buyer gives a ticket back', async () => {
    await everyCrash({
      stage: async () => {
        const staged = await stageLater()
        const [buyer, taker] = [await registerPlayer(), await registerPlayer()]
        await takes(taker, staged.types.free, 2)
        const { id } = await orders(buyer, [
          { ticketTypeId: staged.types.regular, quantity: 2 },
          { ticketTypeId: staged.types.vip, quantity: 1 },
        ])
        return { staged, buyer, taker, id, key: newKey() }
      },
      act: async ({ staged, buyer, id, key }, send) => {
        const startsAt = STARTS_AT + 2 * LATER
        const times = {
          startsAt: iso(startsAt),
          endsAt: iso(startsAt + HOUR),
          reason: 'A storm is forecast.',
        }
        const path = `/events/${staged.id}/postpone`
        // On a retry it may have been moved already, which is possible once a day.
        const postpone = (bindings: Partial<Bindings>) =>
          as(staged.operator, 'POST', path, times, { bindings })
        expectStatus(await send(postpone), 200, 409)
        const what = { reason: 'I cannot come then.', lines: [{ line: 0, numbers: [1] }] }
        expectStatus(await send((bindings) => refund(buyer, id, what, key, { bindings })), 201)
      },
      raffles: ({ staged }) => typesOf(staged),
      wrong: async ({ staged, buyer, taker, id }) => {
        const row = await rowOf<{ at: number | null }>(
          'SELECT postponed_at AS at FROM events WHERE id = ?',
          staged.id,
        )
        const right = row!.at === null ? 0 : 1
        const mails = [await mailsTo(buyer.id, 'event_postponed'), await mailsTo(taker.id, 'event_postponed')]
        const status = await statusOf(id)
        const isRight = status === 'paid' || (right === 1 && status === 'partially_refunded')
        return [
          ...(mails.every((count) => count === right)
            ? []
            : [`${staged.id} sent ${mails} mails, not ${right} each`]),
          ...(isRight ? [] : [`order ${id} is ${status}`]),
        ]
      },
    })
  })

  const stageSold = async () => {
    const staged = await stageLater()
    const [buyer, taker, debtor] = [await registerPlayer(), await registerPlayer(), await registerPlayer()]
    await takes(taker, staged.types.free)
    const lines = [
      { ticketTypeId: staged.types.regular, quantity: 1 },
      { ticketTypeId: staged.types.vip, quantity: 1 },
    ]
    const { id } = await orders(buyer, lines)
    await orders(debtor, lines, false)
    return { staged, buyer, taker, id }
  }
  type Sold = Awaited<ReturnType<typeof stageSold>>

  const cancel = ({ staged: { id, operator } }: Sold, bindings: Partial<Bindings> = {}) =>
    as(operator, 'POST', `/events/${id}/cancel`, { reason: 'The stage is flooded.' }, { bindings })

  /** Who paid is told by one mail about the refunds, who did not by the news. */
  async function wrongAfterCancellation({ staged, buyer, taker, id }: Sold): Promise<string[]> {
    const row = await rowOf<{ status: string }>('SELECT status FROM events WHERE id = ?', staged.id)
    const isCancelled = row!.status === 'cancelled'
    const found = [
      await statusOf(id),
      await mailsTo(buyer.id, 'refund_paid'),
      await mailsTo(buyer.id, 'event_cancelled'),
      await mailsTo(taker.id, 'event_cancelled'),
    ]
    const right = isCancelled ? ['refunded', 1, 0, 1] : ['paid', 0, 0, 0]
    return found.join() === right.join() ? [] : [`event ${staged.id} is ${row!.status}, but ${found}`]
  }

  it('while an event is cancelled', async () => {
    await everyCrash({
      stage: stageSold,
      act: async (sold, send) => expectStatus(await send((bindings) => cancel(sold, bindings)), 200, 409),
      raffles: ({ staged }) => typesOf(staged),
      wrong: wrongAfterCancellation,
    })
  })

  it('in the sweep that refunds and tells the holders of a cancelled event', async () => {
    await everyCrash({
      stage: async () => {
        const sold = await stageSold()
        expectStatus(await cancel(sold), 200)
        return sold
      },
      act: (_, send) => send(sweepWith),
      raffles: ({ staged }) => typesOf(staged),
      sweeps: true,
      wrong: wrongAfterCancellation,
    })
  })

  /** An event that is over in three hours, with takings of 6,000. */
  async function stageShort(): Promise<{ staged: StagedEvent; endsAt: number }> {
    const startsAt = Date.now() + 2 * HOUR
    const endsAt = startsAt + HOUR
    const staged = await stageEvent({ startsAt: iso(startsAt), endsAt: iso(endsAt) }, people.organisation)
    await orders(await registerPlayer(), [
      { ticketTypeId: staged.types.regular, quantity: 1 },
      { ticketTypeId: staged.types.vip, quantity: 1 },
    ])
    return { staged, endsAt }
  }

  it('in the sweep that settles an event', async () => {
    await everyCrash({
      stage: async () => {
        const { staged, endsAt } = await stageShort()
        at(endsAt)
        return { staged }
      },
      act: (_, send) => send(sweepWith),
      raffles: ({ staged }) => typesOf(staged),
      sweeps: true,
      wrong: async ({ staged }) => {
        const row = await rowOf<{ moved: number }>(
          `SELECT coalesce(sum(amount), 0) AS moved FROM transfers JOIN events ON settled_at IS NOT NULL
           WHERE events.id = ?1 AND transaction_id = 'event:' || ?1`,
          staged.id,
        )
        return row!.moved === 6_000 ? [] : [`the settlement of ${staged.id} moved ${row!.moved}`]
      },
    })
  })

  it('while the organisation requests the takings of an event and is paid', async () => {
    const settled = await Promise.all(Array.from({ length: 20 }, stageShort))
    at(settled[0]!.endsAt)
    await sweep()
    await everyCrash({
      stage: async () => ({ staged: settled.pop()!.staged, key: newKey() }),
      act: async ({ staged: { id: eventId, operator }, key }, send) => {
        const body = { eventId, currency: 'KES', provider: 'sandbox', destination: 'ACC-0113' }
        const request = (bindings: Partial<Bindings>) =>
          as(operator, 'POST', '/payouts', body, withKey(key, bindings))
        const { id } = expectStatus(await send(request), 201).body
        const approve = (bindings: Partial<Bindings>) =>
          as(operator, 'POST', `/payouts/${id}/approve`, undefined, { bindings })
        expectStatus(await send(approve), 200, 409)
      },
      raffles: ({ staged }) => typesOf(staged),
      wrong: async ({ staged }) => {
        const row = await rowOf<{ count: number; requested: number; paid: number; moved: number }>(
          `SELECT count(*) AS count, sum(status = 'requested') AS requested,
             coalesce(sum(iif(status = 'paid', amount, 0)), 0) AS paid,
             (SELECT coalesce(sum(amount), 0) FROM transfers WHERE transaction_id LIKE 'payout:' || payouts.id || '%'
               AND credit LIKE 'cash:%') AS moved FROM payouts WHERE event_id = ?`,
          staged.id,
        )
        const isDone = row!.count === 1 && row!.paid === 6_000 && row!.moved === 6_000
        const isRight = row!.count === 0 || row!.requested === 1 || isDone
        return isRight ? [] : [`the payout of ${staged.id}: ${JSON.stringify(row)}`]
      },
    })
  })
})
