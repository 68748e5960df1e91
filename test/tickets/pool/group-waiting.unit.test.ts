// The waiting list of ticket types that share seats: it is kept in the pool of their capacity group.
import { describe, expect, it } from 'vitest'
import { MAX_WAITING } from '../../../src/tickets/pool/offers.ts'
import { poolState } from '../../../src/tickets/pool/pool-state.ts'
import type { Refusal } from '../../../src/tickets/pool-contract.ts'
import { waitKey } from '../../../src/tickets/seat-type.ts'
import { seededRandomness } from '../seeded-random.ts'
import { Hall, HOLD_MS, OFFER_MS, type Purchase } from './hall.ts'
import { SALES_FROM, SALES_UNTIL } from './sqlite-storage.ts'

const bought = (held: Purchase | Refusal): Purchase => {
  if ('ok' in held) throw new Error(held.detail)
  return held
}

const waits = (hall: Hall, type: string, ...people: string[]) => {
  for (const person of people) expect(hall.join(type, person)).toMatchObject({ ok: true })
}

const states = (hall: Hall, type: string, ...people: string[]) =>
  people.map((person) => hall.place(type, person)?.state ?? null)

describe('a waiting list of ticket types that share seats', () => {
  it('is joined once the hall or the type is full, under the rules of the type', () => {
    const hall = new Hall(4, { seated: 4, vip: 1 }, { maxPerUser: 2 })
    expect(hall.join('seated', 'amina')).toMatchObject({
      code: 'invalid_state',
      detail: 'Nobody waits, because tickets are left: 4. Buy them.',
    })
    hall.buy('vip', 'brian')
    expect(hall.join('seated', 'amina')).toMatchObject({ code: 'invalid_state' })
    expect(hall.join('vip', 'amina')).toMatchObject({ ok: true, waiting: { position: 1 } })
    hall.buy('seated', 'brian', 2)
    hall.buy('seated', 'chebet')
    expect(hall.join('seated', 'amina', 3)).toMatchObject({ code: 'limit_reached' })
    expect(hall.join('seated', 'brian')).toMatchObject({ code: 'limit_reached' })
    expect(hall.join('seated', 'amina', 1, false)).toMatchObject({ code: 'forbidden' })
    // Who waits for the VIP ticket came first, and may have to wait longer.
    expect(hall.join('seated', 'amina', 2)).toMatchObject({ waiting: { position: 2, quantity: 2 } })
    expect(hall.join('seated', 'amina', 1)).toMatchObject({ waiting: { position: 2, quantity: 1 } })
    expect(poolState(hall.group.reload())).toMatchObject({
      waiting: 2,
      seatTypes: {
        [hall.poolOf('vip')]: { waiting: 1, offered: 0 },
        [hall.poolOf('seated')]: { waiting: 1, offered: 0 },
      },
    })
  })

  it('offers a seat that comes free to who waited longest for any type, and to nobody else', () => {
    const hall = new Hall(2, { seated: 2, standing: 2 })
    const sold = [hall.buy('seated', 'brian'), hall.buy('seated', 'chebet')]
    waits(hall, 'standing', 'amina')
    waits(hall, 'seated', 'diana')
    waits(hall, 'standing', 'esther')
    hall.void(sold[0]!)
    expect(states(hall, 'standing', 'amina', 'esther')).toEqual(['offered', 'waiting'])
    expect(hall.place('standing', 'amina')).toEqual({
      state: 'offered',
      position: 0,
      quantity: 1,
      offeredUntil: hall.now + OFFER_MS,
    })
    for (const [type, person] of [
      ['seated', 'diana'],
      ['seated', 'amina'],
      ['standing', 'esther'],
      ['standing', 'stranger'],
    ] as const)
      expect(hall.hold(type, person)).toMatchObject({ code: 'sold_out' })
    // No ticket of the type was held for them, not even for a moment.
    expect(hall.types.get('standing')!.pool.isReserved).toBe(false)
    hall.buy('standing', 'amina')
    expect(hall.place('standing', 'amina')).toBeNull()
    hall.void(sold[1]!)
    expect(states(hall, 'seated', 'diana')).toEqual(['offered'])
    hall.reload()
    expect(states(hall, 'seated', 'diana')).toEqual(['offered'])
    expect(poolState(hall.group.pool).seatTypes).toEqual({
      [hall.poolOf('seated')]: { waiting: 0, offered: 1 },
      [hall.poolOf('standing')]: { waiting: 1, offered: 0 },
    })
  })

  it('passes over whose type has no ticket left, who keeps the place', () => {
    const hall = new Hall(3, { seated: 3, vip: 1 })
    const vip = hall.buy('vip', 'brian')
    const seated = [hall.buy('seated', 'chebet'), hall.buy('seated', 'chebet2')]
    waits(hall, 'vip', 'amina')
    waits(hall, 'seated', 'diana')
    hall.void(seated[0]!)
    expect(states(hall, 'vip', 'amina')).toEqual(['waiting'])
    expect(states(hall, 'seated', 'diana')).toEqual(['offered'])
    hall.buy('seated', 'diana')
    // Nobody waits for a seat that could have it, so anybody may buy it.
    hall.void(seated[1]!)
    expect(hall.group.pool.offers.nextDue(hall.now)).toBeNull()
    const held = bought(hall.hold('seated', 'esther'))
    expect(hall.hold('vip', 'esther')).toMatchObject({
      code: 'sold_out',
      detail: expect.stringContaining('others wait'),
    })
    hall.void(vip)
    expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
    expect(hall.pay(held)).toBe(true)
    hall.buy('vip', 'amina')
  })

  it('keeps a ticket of a full type for its offer, whatever the hall has left', () => {
    const hall = new Hall(10, { seated: 10, vip: 1 })
    const vip = hall.buy('vip', 'brian')
    const late = bought(hall.hold('seated', 'late'))
    waits(hall, 'vip', 'amina', 'chebet')
    hall.void(vip)
    expect(hall.hold('vip', 'stranger')).toMatchObject({ code: 'sold_out' })
    expect(hall.hold('vip', 'chebet')).toMatchObject({ code: 'sold_out' })
    hall.leave('vip', 'chebet')
    expect(hall.hold('vip', 'stranger')).toMatchObject({ code: 'sold_out' })
    expect(hall.pay(late)).toBe(true)
    hall.buy('vip', 'amina')
  })

  it('gives a late payment nothing that others wait for, or are offered', () => {
    const hall = new Hall(5, { vip: 1 })
    const late = bought(hall.hold('vip', 'brian'))
    waits(hall, 'vip', 'amina')
    hall.tick(HOLD_MS)
    expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
    // Seats are free, and so is a ticket in the pool of the type: it is kept for the offer.
    expect(hall.pay(late)).toBe(false)
    hall.buy('vip', 'amina')
  })

  it('gives a late payment of one type no seat that others of another type wait for', () => {
    const hall = new Hall(1, { seated: 1, standing: 1 })
    const late = bought(hall.hold('seated', 'brian'))
    waits(hall, 'standing', 'amina')
    // The payment comes in the moment in which the seat is freed.
    hall.now += HOLD_MS
    expect(hall.pay(late)).toBe(false)
    expect(states(hall, 'standing', 'amina')).toEqual(['offered'])
  })

  it('passes a lapsed or declined offer on in the same step, and counts three of them by type', () => {
    const hall = new Hall(2, { vip: 2, seated: 2 })
    const sold = hall.buy('vip', 'brian')
    hall.buy('seated', 'brian')
    waits(hall, 'vip', 'amina', 'chebet')
    hall.void(sold)
    for (let round = 0; round < 3; round++) {
      expect(states(hall, 'vip', 'amina', 'chebet')).toEqual(['offered', 'waiting'])
      hall.tick(OFFER_MS)
      expect(states(hall, 'vip', 'amina', 'chebet')).toEqual([null, 'offered'])
      if (round === 2) break
      waits(hall, 'vip', 'amina')
      hall.leave('vip', 'chebet')
      waits(hall, 'vip', 'chebet')
    }
    expect(hall.join('vip', 'amina')).toMatchObject({ code: 'limit_reached' })
    hall.reload()
    expect(hall.join('vip', 'amina')).toMatchObject({ code: 'limit_reached' })
    // Another type has a count of its own.
    expect(hall.join('seated', 'amina')).toMatchObject({ ok: true })
    hall.buy('vip', 'chebet')
    expect(hall.join('vip', 'amina')).toMatchObject({ ok: true })
  })

  it('lets an offer be bought whole, and passes on what a purchase leaves', () => {
    const hall = new Hall(8, { seated: 8 }, { maxPerUser: 8 })
    const sold = [hall.buy('seated', 'brian', 3), hall.buy('seated', 'brian2', 3), hall.buy('seated', 'x', 2)]
    expect(hall.join('seated', 'amina', 6)).toMatchObject({ ok: true })
    expect(hall.join('seated', 'chebet', 5)).toMatchObject({ ok: true })
    waits(hall, 'seated', 'diana')
    hall.void(sold[0]!)
    expect(hall.place('seated', 'amina')).toMatchObject({ state: 'offered', quantity: 3 })
    hall.void(sold[1]!)
    expect(hall.place('seated', 'chebet')).toMatchObject({ state: 'offered', quantity: 3 })
    expect(hall.hold('seated', 'chebet', 4)).toMatchObject({ code: 'limit_reached' })
    const held = bought(hall.hold('seated', 'chebet', 3))
    hall.buy('seated', 'amina', 2)
    expect(hall.place('seated', 'diana')).toMatchObject({ state: 'offered' })
    hall.void(sold[2]!)
    hall.buy('seated', 'stranger', 2)
    // An order that is not paid passes on too.
    waits(hall, 'seated', 'esther')
    hall.tick(HOLD_MS)
    expect(hall.place('seated', 'esther')).toMatchObject({ state: 'offered' })
    expect(held.reservation.numbers).toHaveLength(3)
  })

  it('follows a raised hall, a raised type, and the end of a type’s sale', () => {
    const hall = new Hall(2, { seated: 2, vip: 1 })
    hall.buy('vip', 'brian')
    hall.buy('seated', 'brian')
    waits(hall, 'vip', 'amina')
    waits(hall, 'seated', 'chebet', 'diana')
    expect(hall.changeSeats(3)).toBeNull()
    expect(states(hall, 'seated', 'chebet', 'diana')).toEqual(['offered', 'waiting'])
    hall.buy('seated', 'chebet')
    expect(hall.changeTotal('vip', 2)).toBeNull()
    expect(states(hall, 'vip', 'amina')).toEqual(['waiting'])
    expect(hall.changeSeats(4)).toBeNull()
    expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
    expect(hall.changeTotal('vip', 1)).toMatchObject({
      detail: '2 tickets are held or sold: the total cannot be lower.',
    })
    hall.buy('vip', 'amina')
    // The sale of the seated tickets ends: who waits for them stands in nobody's way.
    expect(hall.changeTotal('seated', 4, { closesAt: hall.now + 1 })).toBeNull()
    hall.tick(1)
    expect(states(hall, 'seated', 'diana')).toEqual([null])
    expect(hall.changeTotal('vip', 4)).toBeNull()
    expect(hall.changeSeats(5)).toBeNull()
    hall.buy('vip', 'esther')
  })

  it('ends an offer with the sale of its type, and wakes when a later sale opens', () => {
    const hall = new Hall(1, { seated: 1 }, { closesAt: SALES_UNTIL })
    const sold = hall.buy('seated', 'brian')
    waits(hall, 'seated', 'amina', 'chebet')
    hall.void(sold)
    expect(hall.place('seated', 'amina')).toMatchObject({ offeredUntil: SALES_UNTIL })
    hall.tick(SALES_UNTIL - hall.now)
    expect(states(hall, 'seated', 'amina', 'chebet')).toEqual([null, null])
    const opensAt = SALES_UNTIL + OFFER_MS
    expect(hall.changeTotal('seated', 1, { opensAt, closesAt: opensAt + OFFER_MS })).toBeNull()
    expect(hall.group.pool.offers.nextDue(hall.now)).toBe(opensAt)
    hall.tick(opensAt - hall.now)
    expect(states(hall, 'seated', 'chebet')).toEqual(['offered'])
  })

  it('makes an offer again whose order was refused, until the end that it had', () => {
    const hall = new Hall(2, { vip: 2, seated: 2 }, { maxPerUser: 2 })
    const sold = hall.buy('seated', 'esther', 2)
    expect(hall.join('vip', 'amina', 2)).toMatchObject({ ok: true })
    waits(hall, 'seated', 'brian')
    hall.void(sold)
    const offeredUntil = hall.now + OFFER_MS
    for (let round = 0; round < 4; round++) {
      hall.tick(HOLD_MS)
      hall.release(bought(hall.hold('vip', 'amina', 2)), false)
      expect(hall.place('vip', 'amina')).toMatchObject({ state: 'offered', quantity: 2, offeredUntil })
      expect(hall.place('seated', 'brian')).toMatchObject({ state: 'waiting' })
      if (round === 1) hall.reload()
    }
    // What a purchase leaves goes on, and does not come back.
    hall.release(bought(hall.hold('vip', 'amina')), false)
    expect(hall.place('vip', 'amina')).toMatchObject({ state: 'offered', quantity: 1, offeredUntil })
    expect(hall.place('seated', 'brian')).toMatchObject({ state: 'offered' })
    hall.reload()
    // No refused order counted.
    hall.release(bought(hall.hold('vip', 'amina')), true)
    expect(hall.place('vip', 'amina')).toBeNull()
    hall.buy('vip', 'chebet')
    hall.buy('seated', 'brian')
    waits(hall, 'vip', 'amina')
  })

  it('makes no offer again that would have ended, and leaves nobody with an offer and a place', () => {
    const hall = new Hall(1, { vip: 1, seated: 1 })
    const sold = hall.buy('seated', 'esther')
    waits(hall, 'vip', 'amina')
    waits(hall, 'seated', 'brian')
    hall.void(sold)
    const first = bought(hall.hold('vip', 'amina'))
    waits(hall, 'vip', 'amina')
    hall.release(first, false)
    expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
    expect(hall.group.pool.waiting).toBe(1)
    hall.tick(OFFER_MS - 1)
    const last = bought(hall.hold('vip', 'amina'))
    hall.tick(1)
    hall.release(last, false)
    expect(states(hall, 'vip', 'amina')).toEqual([null])
    expect(states(hall, 'seated', 'brian')).toEqual(['offered'])
  })

  it('ends an offer with a sale that the organiser ends or moves: the next of another type gets the seat', () => {
    for (const moved of [{ closesAt: SALES_FROM }, { opensAt: SALES_FROM + OFFER_MS }]) {
      const hall = new Hall(1, { vip: 1, seated: 1 })
      const sold = hall.buy('seated', 'esther')
      waits(hall, 'vip', 'amina')
      waits(hall, 'seated', 'brian')
      hall.void(sold)
      expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
      expect(hall.changeTotal('vip', 1, moved)).toBeNull()
      expect(states(hall, 'vip', 'amina')).toEqual([null])
      expect(hall.place('seated', 'brian')).toMatchObject({ state: 'offered' })
      hall.reload()
      expect(poolState(hall.group.pool)).toMatchObject({ held: 1, waiting: 1 })
      // The sale is reopened: the person still waits, and has let no offer go.
      expect(hall.changeTotal('vip', 1)).toBeNull()
      expect(hall.place('vip', 'amina')).toMatchObject({ state: 'waiting', position: 1 })
      hall.leave('seated', 'brian')
      expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
      hall.buy('vip', 'amina')
    }
  })

  it('wakes at the end of a sale that was moved before the end of an offer', () => {
    const hall = new Hall(1, { vip: 1, seated: 1 })
    const sold = hall.buy('seated', 'esther')
    waits(hall, 'vip', 'amina')
    waits(hall, 'seated', 'brian')
    hall.void(sold)
    const closesAt = hall.now + HOLD_MS
    expect(hall.changeTotal('vip', 1, { closesAt })).toBeNull()
    expect(hall.place('vip', 'amina')).toMatchObject({ state: 'offered', offeredUntil: closesAt })
    expect(hall.group.reload().nextDue(hall.now)).toBe(closesAt)
    hall.tick(HOLD_MS)
    expect(states(hall, 'seated', 'brian')).toEqual(['offered'])
  })

  it('keeps price and limit of what was offered, and lets both change while people only wait', () => {
    const hall = new Hall(1, { vip: 1, seated: 1 })
    const sold = hall.buy('seated', 'esther')
    waits(hall, 'vip', 'amina')
    expect(hall.changeTotal('vip', 1, { unitAmount: 600 })).toBeNull()
    expect(states(hall, 'vip', 'amina')).toEqual(['waiting'])
    hall.void(sold)
    expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
    for (const more of [{ unitAmount: 700 }, { currency: 'USD' }, { unitAmount: 600, maxPerUser: 1 }])
      expect(hall.changeTotal('vip', 1, more)).toMatchObject({
        code: 'invalid_state',
        detail: expect.stringContaining('offered'),
      })
    expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
    expect(hall.changeTotal('vip', 2, { unitAmount: 600, title: 'Balcony' })).toBeNull()
    hall.buy('vip', 'amina')
  })

  it('offers nothing while the price of a type changes', () => {
    const hall = new Hall(1, { vip: 1, seated: 1 })
    const sold = hall.buy('seated', 'esther')
    waits(hall, 'vip', 'amina')
    hall.keepWithin('vip', { unitAmount: 600 })
    // The process dies here. Until the sweep repeats the change, the seat is not offered under the old price.
    hall.void(sold)
    expect(states(hall, 'vip', 'amina')).toEqual(['waiting'])
    expect(hall.changeTotal('vip', 1, { unitAmount: 600 })).toBeNull()
    expect(states(hall, 'vip', 'amina')).toEqual(['offered'])
  })

  it('counts nobody before others who waits for a type whose sale has ended', () => {
    const hall = new Hall(1, { early: 1, seated: 1 })
    hall.buy('seated', 'esther')
    waits(hall, 'early', 'amina', 'brian')
    waits(hall, 'seated', 'chebet')
    expect(hall.place('seated', 'chebet')).toMatchObject({ position: 3 })
    expect(hall.changeTotal('early', 1, { closesAt: hall.now })).toBeNull()
    expect(hall.place('seated', 'chebet')).toMatchObject({ position: 1 })
    hall.reload()
    expect(hall.place('seated', 'chebet')).toMatchObject({ position: 1 })
    // A sale that is only moved has its places.
    expect(hall.changeTotal('early', 1, { opensAt: hall.now + HOLD_MS })).toBeNull()
    expect(hall.place('seated', 'chebet')).toMatchObject({ position: 3 })
  })

  it('is not full of people who wait for a type whose sale has ended', () => {
    const hall = new Hall(1, { early: 1, seated: 1 })
    hall.buy('seated', 'esther')
    const holder = (at: number) => waitKey(`p${at}`, hall.poolOf('early'))
    waits(hall, 'early', 'amina')
    hall.group.storage.transaction(() => {
      const rows = hall.group.store.waiting
      for (let at = 1; at < MAX_WAITING; at++)
        rows.insert({ seq: 1_000 + at, holder: holder(at), quantity: 1, at: hall.now })
    })
    hall.reload()
    expect(hall.join('seated', 'chebet')).toMatchObject({ code: 'limit_reached' })
    expect(hall.changeTotal('early', 1, { closesAt: hall.now })).toBeNull()
    expect(hall.join('seated', 'chebet')).toMatchObject({ ok: true, waiting: { position: 1 } })
  })

  it('lets no type leave the group while people wait for it, and takes none in that leaves', () => {
    const hall = new Hall(1, { seated: 1, vip: 1 })
    hall.buy('seated', 'brian')
    waits(hall, 'vip', 'amina')
    expect(hall.leaveGroup('vip')).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('People wait'),
    })
    expect(hall.join('vip', 'chebet')).toMatchObject({ ok: true })
    hall.leave('vip', 'amina')
    hall.leave('vip', 'chebet')
    const asked = hall.askType('vip', 'diana')
    if (!asked.ok) throw new Error(asked.detail)
    expect(hall.leaveGroup('vip')).toBeNull()
    // The type let somebody in a moment before it left.
    const late = hall.joinGroup(asked.group!.seatType, 'diana')
    expect(late).toMatchObject({ code: 'conflict' })
  })

  it('keeps who was offered seats on the list of a cancelled event, so that they are told', () => {
    const hall = new Hall(1, { seated: 1, vip: 1 })
    const sold = hall.buy('seated', 'brian')
    waits(hall, 'vip', 'amina')
    waits(hall, 'seated', 'chebet')
    hall.void(sold)
    hall.group.decide(hall.now, (pool) =>
      pool.cancel({ at: hall.now, by: 'operator', reason: 'Rain.', signature: null }),
    )
    const rows = (type: string) =>
      hall.group.store.waiting.after(0, 10, hall.poolOf(type)).map(({ holder }) => holder.split(':')[0])
    expect([rows('vip'), rows('seated')]).toEqual([['amina'], ['chebet']])
    expect(states(hall, 'vip', 'amina')).toEqual([null])
  })
})

describe('a storm of buyers, people who wait, refunds, lapses, changes and deaths', () => {
  const SEATS = 24
  const TYPES = { seated: 24, standing: 12, vip: 4 }
  const NAMES = Object.keys(TYPES) as (keyof typeof TYPES)[]
  const WAITERS = 12
  const STEPS = 1_200

  interface Entry {
    type: string
    person: string
  }
  const nameOf = ({ type, person }: Entry) => `${person} ${type}`

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`never gives out more than there is, and passes over nobody without a reason (seed ${seed})`, () => {
      const random = seededRandomness(seed)
      const hall = new Hall(SEATS, TYPES, { maxPerUser: 4 })
      let sold: Purchase[] = []
      let held: Purchase[] = []
      /** Who waits, in the order of joining. */
      let queue: Entry[] = []
      const served = new Set<string>()
      /** Until when a hold whose process died may keep a ticket without a seat, or a seat without a ticket. */
      let repairedAt = 0
      const totals: Record<string, number> = { ...TYPES }

      const counts = (type: string) => {
        const { pool } = hall.types.get(type)!
        const row = hall.group.pool.queue.bySeatType?.[hall.poolOf(type)]
        return { tickets: pool.sold + pool.held, offered: row?.offered ?? 0 }
      }
      const seatsFree = () => {
        const { pool } = hall.group
        return pool.sale.total - pool.sold - pool.held
      }
      const roomOf = (type: string) => hall.group.pool.queue.leftFor(hall.poolOf(type))

      const check = (mayLeave = false) => {
        expect(seatsFree()).toBeGreaterThanOrEqual(0)
        const left = queue.filter(({ type, person }) => hall.place(type, person)?.state === 'waiting')
        const gone = queue.filter((entry) => !left.includes(entry))
        for (const entry of gone) {
          if (mayLeave && hall.place(entry.type, entry.person) === null) continue
          served.add(nameOf(entry))
          // Whoever came earlier, and still waits, waits for a type that has no ticket left.
          const passed = queue.slice(0, queue.indexOf(entry)).filter((each) => left.includes(each))
          for (const { type } of passed) expect([type, roomOf(type)]).toEqual([type, 0])
        }
        queue = left
        expect(hall.group.pool.waiting).toBe(queue.length)
        for (const { type } of queue) expect([type, roomOf(type)]).toEqual([type, 0])
        let seats = 0
        for (const type of NAMES) {
          const { tickets, offered } = counts(type)
          seats += tickets + offered
          expect(tickets).toBeLessThanOrEqual(totals[type]!)
          // The tickets of offers are left in the pool of the type.
          if (hall.now >= repairedAt) expect(tickets + offered).toBeLessThanOrEqual(totals[type]!)
        }
        const { pool } = hall.group
        if (hall.now >= repairedAt) expect(seats).toBe(pool.sold + pool.held)
      }

      for (let step = 0; step < STEPS; step++) {
        const type = NAMES[random.below(NAMES.length)]!
        const person = `waiter${random.below(WAITERS)}`
        const death = random.below(15) === 0 ? 'betweenPools' : null
        let mayLeave = false
        switch (random.below(14)) {
          case 0:
          case 1:
          case 2: {
            const isNew = !queue.some((entry) => entry.type === type && entry.person === person)
            if (hall.join(type, person, 1 + random.below(4)).ok && isNew) queue.push({ type, person })
            break
          }
          case 3: {
            const [gone] = sold.splice(random.below(sold.length || 1), 1)
            if (gone === undefined) break
            hall.void(gone, death)
            if (death !== null) repairedAt = hall.now + 2 * HOLD_MS
            break
          }
          case 4:
          case 5: {
            const place = hall.place(type, person)
            if (place?.state !== 'offered') break
            const purchase = hall.hold(type, person, 1 + random.below(place.quantity), death)
            if (death !== null) repairedAt = hall.now + 2 * HOLD_MS
            // Only a hold whose process died can be in the way, or the person's own.
            if ('ok' in purchase) {
              if (hall.now >= repairedAt) expect(purchase.detail).toMatch(/unpaid reservation|At most 4/)
            } else held.push(purchase)
            break
          }
          case 6:
          case 7:
          case 8:
          case 9: {
            const isQueued = queue.some((entry) => entry.type === type)
            const purchase = hall.hold(type, `stranger${step}`, 1 + random.below(3), death)
            if (death !== null) repairedAt = hall.now + 2 * HOLD_MS
            if ('ok' in purchase) break
            expect(isQueued).toBe(false)
            held.push(purchase)
            break
          }
          case 10: {
            const [paid] = held.splice(random.below(held.length || 1), 1)
            if (paid === undefined) break
            if (random.below(4) === 0) hall.release(paid, random.below(2) === 0)
            else if (hall.pay(paid)) sold.push(paid)
            break
          }
          case 11:
            if (random.below(3) > 0) break
            hall.leave(type, person)
            mayLeave = true
            queue = queue.filter((entry) => entry.type !== type || entry.person !== person)
            break
          case 12: {
            if (random.below(3) > 0) break
            const total = 2 + random.below(TYPES[type])
            if (random.below(4) === 0) hall.changeSeats(SEATS - 4 + random.below(8))
            else if (hall.changeTotal(type, total, { maxPerUser: 4 }) === null) totals[type] = total
            break
          }
          default:
            hall.tick(random.below(4) === 0 ? OFFER_MS : HOLD_MS)
            hall.freeDueSeats()
        }
        check(mayLeave)
        if (step % 200 === 0) {
          const before = poolState(hall.group.pool)
          hall.reload()
          expect(poolState(hall.group.pool)).toEqual(before)
          check()
        }
      }
      expect(served.size).toBeGreaterThan(10)
      // Nobody starves: once everything is refunded and every offer lapses, each has a turn.
      held = []
      for (let days = 0; queue.length > 0; days++) {
        expect(days).toBeLessThanOrEqual(3 * WAITERS)
        const [gone, ...rest] = sold
        if (gone !== undefined) hall.void(gone)
        sold = rest
        check()
        hall.tick(OFFER_MS)
        hall.freeDueSeats()
        check()
      }
    })
  }
})
