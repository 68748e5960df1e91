// The door: a ticket lets one person in, once, at whichever gate; and what happens with scanners that were offline.
import { describe, expect, it } from 'vitest'
import { codeOf } from '../../src/admissions/code.ts'
import { signingKeyFromSeed } from '../../src/core/native-crypto.ts'
import { askPool, orThrow } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { press, refund } from '../checkout/checkout.ts'
import { orders, STARTS_AT, type StagedEvent, stageDraftEvent, stageEvent } from '../events/event-stage.ts'
import { countTrips } from '../harness/count-database.ts'
import {
  addOperator,
  organisationWithOperator,
  registerPlayer,
  testContext,
  testSettings,
} from '../harness/people.ts'
import {
  as,
  at,
  catchUp,
  interrupted,
  iso,
  MINUTE,
  NOW,
  newKey,
  readAll,
  useClock,
} from '../raffles/scenario.ts'
import { checkInsOf, codesOf, countsOf, scan, scanLate, stageTicket, type Taken, take } from './door-stage.ts'

useClock()

const CHECK_IN = 'checkin_01kaf1q7v8fmk9m2q0c8w1g6ne'

/** Scans a ticket that is sold when its pool is asked. `meanwhile` happens before the scan is written. */
async function expectRefusedOnce(staged: StagedEvent, code: string, meanwhile: () => Promise<unknown>) {
  const { DB, done } = interrupted(/^insert into "check_ins"/i, meanwhile)
  const path = `/events/${staged.id}/check-ins`
  const { status, body } = await as(staged.operator, 'POST', path, { code }, { bindings: { DB } })
  expect(done()).toBe(true)
  expect([status, body.code, body.detail]).toEqual([
    409,
    'invalid_state',
    expect.stringContaining('no longer valid'),
  ])
}

describe('a check-in', () => {
  it('lets a person in, and says with which ticket', async () => {
    const { staged, taken, code } = await stageTicket()
    const { status, body, headers } = await scan(staged, code, { gate: 'North', scanId: 'n-1' })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body).toMatchObject({
      eventId: staged.id,
      ticketType: { id: staged.types.free, name: 'Open air' },
      reservationId: taken.reservationId,
      number: 1,
      scannedAt: iso(NOW),
      receivedAt: iso(NOW),
      by: staged.operator.id,
      gate: 'North',
      scanId: 'n-1',
      conflictWith: null,
      wasValid: true,
      undone: null,
    })
    expect(headers.get('location')).toBe(`/api/v1/events/${staged.id}/check-ins/${body.id}`)
    const read = await as(staged.operator, 'GET', `/events/${staged.id}/check-ins/${body.id}`)
    expect(read.body).toEqual(body)
  })

  it('is refused the second time, with when and where the first was', async () => {
    const { staged, code } = await stageTicket()
    await scan(staged, code, { gate: 'North' })
    at(NOW + MINUTE)
    const { status, body } = await scan(staged, ` ${code.toLowerCase()} `, { gate: 'South' })
    expect([status, body.code]).toEqual([409, 'conflict'])
    expect(body.detail).toBe(
      'This ticket was used already, on 2031-05-05T15:00:00+03:00 at the gate “North”.',
    )
    expect(await checkInsOf(staged)).toHaveLength(1)
  })

  it('is made once by many gates at the same moment', async () => {
    const staged = await stageEvent()
    await as(staged.operator, 'PUT', `/events/${staged.id}/ticket-types/${staged.types.free}`, {
      capacity: 5,
    })
    const codes = await codesOf(await take(staged, 5))
    const gates = Array.from({ length: 8 }, (_, gate) => `Gate ${gate}`)
    const answers = await Promise.all(
      codes.flatMap((code) =>
        gates.map(async (gate) => ({ code, gate, ...(await scan(staged, code, { gate })) })),
      ),
    )
    for (const code of codes) {
      const mine = answers.filter((each) => each.code === code)
      const admitted = mine.filter(({ status }) => status === 201)
      expect(admitted).toHaveLength(1)
      for (const { body } of mine.filter(({ status }) => status !== 201)) {
        expect(body).toMatchObject({
          code: 'conflict',
          detail: expect.stringContaining(`“${admitted[0]!.gate}”`),
        })
      }
    }
    expect(await countsOf(staged)).toMatchObject({ checkedIn: 5 })
  })

  it('that is sent again with its scanId gets the same answer', async () => {
    const { staged, code } = await stageTicket()
    const first = await scan(staged, code, { scanId: 'a' })
    at(NOW + MINUTE)
    const again = await scan(staged, code, { scanId: 'a' })
    expect([again.status, again.body]).toEqual([201, first.body])
    const storm = await Promise.all(Array.from({ length: 5 }, () => scan(staged, code, { scanId: 'a' })))
    expect(storm.map(({ body }) => body)).toEqual(Array(5).fill(first.body))
    const [other] = await codesOf(await take(staged))
    expect((await scan(staged, other!, { scanId: 'a' })).body.code).toBe('idempotency_mismatch')
    expect((await scan(staged, other!, { scanId: 'b' })).status).toBe(201)
  })

  it('sent many times at the same moment with one scanId lets in once', async () => {
    const { staged, code } = await stageTicket()
    const storm = await Promise.all(Array.from({ length: 8 }, () => scan(staged, code, { scanId: 'a' })))
    expect(new Set(storm.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1)
    expect(storm[0]!.status).toBe(201)
  })

  it('refuses what is no code, a forged one, and a ticket of another event', async () => {
    const { staged, taken, code } = await stageTicket()
    const elsewhere = await stageTicket()
    const admission = { reservationId: taken.reservationId, number: 1 }
    const forged = codeOf(admission, signingKeyFromSeed('33'.repeat(32)))
    for (const [wrong, words] of [
      ['HELLO', 'not the code'],
      [code.slice(0, -2), 'not all of it'],
      [forged, 'signature'],
      [elsewhere.code, 'another event'],
    ] as const) {
      const { status, body } = await scan(staged, wrong)
      expect([status, body.errors[0].path, body.detail]).toEqual([
        422,
        'code',
        expect.stringContaining(words),
      ])
    }
    expect((await scan(staged, code)).status).toBe(201)
  })

  it('refuses a number that its reservation does not have, though the code is signed', async () => {
    const { staged, taken } = await stageTicket()
    const key = signingKeyFromSeed(testSettings().SIGNING_KEY)
    const code = codeOf({ reservationId: taken.reservationId, number: 2 }, key)
    expect((await scan(staged, code)).body).toMatchObject({ code: 'invalid_state' })
  })

  it('refuses a ticket that was refunded, and lets in who bought the number after that', async () => {
    const staged = await stageEvent()
    const player = await registerPlayer()
    const buy = async () => {
      const placed = await as(
        player,
        'POST',
        '/orders',
        {
          lines: [{ ticketTypeId: staged.types.vip, quantity: 1 }],
          payment: { provider: 'sandbox' },
        },
        { headers: { 'idempotency-key': newKey() } },
      )
      const { id, lines, payment } = placed.body
      const taken = { player, reservationId: lines[0].reservationId, numbers: [1] }
      const [held] = await codesOf(taken)
      expect(held).toBeNull()
      await press(payment.checkoutUrl, 'approve')
      const [code] = await codesOf(taken)
      return { id, code: code! }
    }
    const first = await buy()
    expect((await scan(staged, first.code)).status).toBe(201)
    const refunded = await as(
      staged.operator,
      'POST',
      `/orders/${first.id}/refunds`,
      { reason: 'Too loud.', lines: [{ line: 0, numbers: [1] }] },
      { headers: { 'idempotency-key': newKey() } },
    )
    expect(refunded.status, JSON.stringify(refunded.body)).toBe(201)
    expect((await scan(staged, first.code)).body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('no longer valid'),
    })
    const second = await buy()
    expect((await scan(staged, second.code)).body).toMatchObject({ number: 1 })
  })

  it('lets a ticket in once that was passed on, and its old code no more', async () => {
    const { staged, taken, code } = await stageTicket()
    const friend = await registerPlayer()
    const passOn = ({ reservationId: id, numbers }: Taken, holder: string) => {
      const { pool, seq } = reservationAddress(id)
      const to = { holder, key: newKey() }
      return askPool(testContext(), pool, (stub) => stub.transfer(seq, id, numbers[0]!, to))
    }
    const moved = orThrow(await passOn(taken, friend.id))
    const theirs = { player: friend, reservationId: moved.reservation.id, numbers: [1] }
    await catchUp(staged.types.free)
    const [newCode] = await codesOf(theirs)
    expect((await scan(staged, code)).body.code).toBe('invalid_state')
    expect((await scan(staged, newCode!)).status).toBe(201)
    // A ticket that goes through the door and to a friend at the same moment is the same ticket still.
    const other = await take(staged)
    const [before] = await codesOf(other)
    expect((await scan(staged, before!, { gate: 'North' })).status).toBe(201)
    const after = orThrow(await passOn(other, friend.id)).reservation.id
    await catchUp(staged.types.free)
    const [late] = await codesOf({ player: friend, reservationId: after, numbers: other.numbers })
    expect((await scan(staged, late!)).body).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('“North”'),
    })
  })

  it('refuses tickets of an event that is cancelled', async () => {
    const { staged, code } = await stageTicket()
    await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'A storm.' })
    expect((await scan(staged, code)).body).toMatchObject({
      code: 'invalid_state',
      detail: 'This event is cancelled.',
    })
  })

  it('refuses a ticket that is refunded or passed on after its pool was asked', async () => {
    const staged = await stageEvent()
    const [amina, brian] = [await registerPlayer(), await registerPlayer()]
    const lines = [
      { ticketTypeId: staged.types.vip, quantity: 2 },
      { ticketTypeId: staged.types.regular, quantity: 1 },
    ]
    const order = await orders(amina, lines)
    const ofLine = (line: number, numbers: number[]): Taken => ({
      player: amina,
      reservationId: order.lines[line].reservationId,
      numbers,
    })
    const offer = async (line: number, number: number) => {
      const path = `/tickets/${ofLine(line, []).reservationId}/admissions/${number}/transfer`
      return (await as(amina, 'POST', path, { email: brian.email })).body.id
    }
    const accept = async (id: string) => {
      const { status, body } = await as(brian, 'POST', `/tickets/transfers/${id}/accept`)
      expect(status, JSON.stringify(body)).toBe(200)
      return body.reservationId
    }
    const refundOf = async (line: number, number: number) => {
      const what = { lines: [{ line, numbers: [number] }] }
      expect((await refund(staged.operator, order.id, what)).status).toBe(201)
    }
    const reservationId = await accept(await offer(0, 2))
    await catchUp(staged.types.vip)
    const [own] = await codesOf(ofLine(0, [1]))
    const [given] = await codesOf({ player: brian, reservationId, numbers: [2] })
    const [regular] = await codesOf(ofLine(1, [1]))
    const offered = await offer(1, 1)
    await expectRefusedOnce(staged, regular!, () => accept(offered))
    await expectRefusedOnce(staged, given!, () => refundOf(0, 2))
    await expectRefusedOnce(staged, own!, () => refundOf(0, 1))
    expect(await checkInsOf(staged)).toEqual([])
  })

  it('takes an earlier time from the scanner, and no later one', async () => {
    const { staged, code } = await stageTicket()
    const early = await scan(staged, code, { scannedAt: iso(NOW - MINUTE) })
    expect(early.body).toMatchObject({ scannedAt: iso(NOW - MINUTE), receivedAt: iso(NOW) })
    const [other] = await codesOf(await take(staged))
    const late = await scan(staged, other!, { scannedAt: iso(STARTS_AT) })
    expect(late.body).toMatchObject({ scannedAt: iso(NOW) })
  })

  it('is for members with the permission alone', async () => {
    const { staged, code } = await stageTicket()
    const janitor = await addOperator(staged.organisation.id, 'janitor')
    const stranger = (await organisationWithOperator()).operator
    const { body } = await scan(staged, code)
    const paths: ['GET' | 'POST', string, object?][] = [
      ['POST', 'check-ins', { code }],
      ['POST', 'check-ins/batch', { scans: [{ code, scanId: 'a', scannedAt: iso(NOW) }] }],
      ['GET', 'check-ins'],
      ['GET', 'check-ins/counts'],
      ['GET', `check-ins/${body.id}`],
      ['POST', `check-ins/${body.id}/undo`, { reason: 'By mistake.' }],
      ['GET', 'admissions'],
      ['GET', 'admissions.csv'],
    ]
    for (const [method, path, sent] of paths) {
      const statusFor = async (who: { id: string }) =>
        (await as(who, method, `/events/${staged.id}/${path}`, sent)).status
      expect([await statusFor(janitor), await statusFor(stranger)], path).toEqual([403, 404])
    }
    // A check-in is found under its own event alone.
    const other = await stageEvent({}, staged.organisation)
    const elsewhere = `/events/${other.id}/check-ins/${body.id}`
    expect((await as(staged.operator, 'GET', elsewhere)).status).toBe(404)
    expect((await as(staged.operator, 'POST', `${elsewhere}/undo`, { reason: 'By mistake.' })).status).toBe(
      404,
    )
  })

  it('costs four trips to the database, and writes one row with its indexes', async () => {
    const { staged, code } = await stageTicket()
    await catchUp(staged.types.free)
    await checkInsOf(staged)
    const trips = await countTrips(() => scan(staged, code, { scanId: 'a' }))
    expect(trips.length).toBeLessThanOrEqual(4)
    const rows = trips.flatMap(({ statements }) => statements).reduce((sum, each) => sum + each.rows, 0)
    expect(rows).toBeLessThanOrEqual(4)
  })
})

describe('an undone check-in', () => {
  it('lets the ticket in again, and keeps who undid it and why', async () => {
    const { staged, code } = await stageTicket()
    const first = (await scan(staged, code, { scanId: 'a' })).body
    const undo = (id: string, reason = 'The wrong ticket.') =>
      as(staged.operator, 'POST', `/events/${staged.id}/check-ins/${id}/undo`, { reason })
    at(NOW + MINUTE)
    const { status, body } = await undo(first.id)
    expect([status, body]).toEqual([
      200,
      {
        ...first,
        undone: { at: iso(NOW + MINUTE), by: staged.operator.id, reason: 'The wrong ticket.' },
      },
    ])
    expect((await undo(first.id)).body).toMatchObject({ code: 'invalid_state' })
    expect(await countsOf(staged)).toMatchObject({ checkedIn: 0 })
    // A scanner that sends its scan once more does not let it in again.
    const again = await scan(staged, code, { scanId: 'a' })
    expect([again.status, again.body.detail]).toEqual([409, expect.stringContaining('undone')])
    expect(await scanLate(staged, [{ code, scanId: 'a', scannedAt: iso(NOW) }])).toMatchObject([
      { result: 'refused', checkInId: first.id, first: null, reason: again.body.detail },
    ])
    expect((await scan(staged, code, { scanId: 'b' })).status).toBe(201)
    expect((await checkInsOf(staged)).map(({ undone }) => undone === null)).toEqual([true, false])
    expect((await undo(CHECK_IN)).status).toBe(404)
    expect((await undo(first.id, '')).status).toBe(422)
  })

  it('lets nobody in by its scanId once the ticket was given back', async () => {
    const { staged, taken, code } = await stageTicket()
    const { id } = (await scan(staged, code, { scanId: 'a' })).body
    await as(staged.operator, 'POST', `/events/${staged.id}/check-ins/${id}/undo`, { reason: 'A mistake.' })
    expect((await as(taken.player, 'POST', `/tickets/${taken.reservationId}/return`, {})).status).toBe(200)
    expect((await scan(staged, code, { scanId: 'a' })).body.code).toBe('invalid_state')
    expect(await countsOf(staged)).toMatchObject({ checkedIn: 0 })
  })
})

describe('a scanner that was offline', () => {
  const late = (scanId: string, code: string, gate: string | null = null) => ({
    scanId,
    code,
    gate,
    scannedAt: iso(NOW - MINUTE),
  })

  it('gets an answer for each of its scans, and the same ones again', async () => {
    const staged = await stageEvent()
    const taken = await take(staged, 3)
    const codes = await codesOf(taken)
    const [inside, fresh, twice] = codes as [string, string, string]
    const online = (await scan(staged, inside, { gate: 'North' })).body
    const scans = [
      late('1', inside, 'South'),
      late('2', fresh, 'South'),
      late('3', 'HELLO'),
      late('4', twice, 'South'),
      late('5', twice, 'East'),
    ]
    const results = await scanLate(staged, scans)
    expect(results).toMatchObject([
      {
        scanId: '1',
        result: 'alreadyIn',
        first: { id: online.id, scannedAt: iso(NOW), gate: 'North' },
        reason: null,
      },
      { scanId: '2', result: 'admitted', first: null, reason: null },
      {
        scanId: '3',
        result: 'refused',
        checkInId: null,
        reason: 'This is not the code of a ticket, or not all of it.',
      },
      { scanId: '4', result: 'admitted' },
      { scanId: '5', result: 'alreadyIn', first: { id: results[3]!.checkInId, gate: 'South' } },
    ])
    at(NOW + MINUTE)
    expect(await scanLate(staged, scans)).toEqual(results)
    expect(await countsOf(staged)).toMatchObject({ sold: 3, checkedIn: 3 })
  })

  it('leaves its conflicts for the organiser to see, with both times', async () => {
    const { staged, code } = await stageTicket()
    const online = (await scan(staged, code, { gate: 'North' })).body
    const [lost] = await scanLate(staged, [late('1', code, 'South')])
    const conflicts = await checkInsOf(staged, '?conflict=true')
    expect(conflicts).toMatchObject([
      {
        id: lost!.checkInId,
        gate: 'South',
        scannedAt: iso(NOW - MINUTE),
        receivedAt: iso(NOW),
        conflictWith: online.id,
      },
    ])
    expect((await checkInsOf(staged, '?conflict=false')).map(({ id }) => id)).toEqual([online.id])
    expect(await readAll(`/events/${staged.id}/check-ins`, 1, staged.operator)).toHaveLength(2)
    const path = `/events/${staged.id}/check-ins/${lost!.checkInId}/undo`
    expect((await as(staged.operator, 'POST', path, { reason: 'By mistake.' })).body.code).toBe(
      'invalid_state',
    )
  })

  it('keeps as conflicts whom it let in with tickets that were passed on or given back since', async () => {
    const staged = await stageEvent()
    const taken = await take(staged, 3)
    const friend = await registerPlayer()
    const codes = await codesOf(taken)
    const [passed, waiting, returned] = codes as [string, string, string]
    const give = async (number: number) => {
      const path = `/tickets/${taken.reservationId}/admissions/${number}/transfer`
      const { id } = (await as(taken.player, 'POST', path, { email: friend.email })).body
      const { status, body } = await as(friend, 'POST', `/tickets/transfers/${id}/accept`)
      expect(status).toBe(200)
      await catchUp(staged.types.free)
      const [code] = await codesOf({ player: friend, reservationId: body.reservationId, numbers: [number] })
      return code!
    }
    const [theirs, unused] = [await give(1), await give(2)]
    const online = (await scan(staged, theirs, { gate: 'North' })).body
    expect(
      (await as(taken.player, 'POST', `/tickets/${taken.reservationId}/return`, { numbers: [3] })).status,
    ).toBe(200)
    const [resold] = await codesOf(await take(staged))
    const scans = [late('1', passed, 'A'), late('2', waiting, 'A'), late('3', returned, 'A')]
    const results = await scanLate(staged, scans)
    expect(results).toMatchObject([
      { result: 'alreadyIn', first: { id: online.id, gate: 'North' } },
      { result: 'refused', first: null, reason: expect.stringContaining('no longer valid') },
      { result: 'refused', first: null, reason: expect.stringContaining('no longer valid') },
    ])
    expect(await scanLate(staged, scans)).toEqual(results)
    expect((await scan(staged, returned, { scanId: '3' })).body.code).toBe('invalid_state')
    const conflicts = await checkInsOf(staged, '?conflict=true')
    expect(conflicts.map(({ id }) => id)).toEqual(results.map(({ checkInId }) => checkInId).reverse())
    expect(
      conflicts.map(({ number, gate, conflictWith, wasValid }) => [number, gate, conflictWith, wasValid]),
    ).toEqual([
      [3, 'A', null, false],
      [2, 'A', null, false],
      [1, 'A', online.id, true],
    ])
    const path = `/events/${staged.id}/check-ins/${conflicts[0]!.id}/undo`
    expect((await as(staged.operator, 'POST', path, { reason: 'A mistake.' })).body.code).toBe(
      'invalid_state',
    )
    // The friend, and who has the seat by now, come in all the same.
    expect((await scan(staged, unused)).status).toBe(201)
    expect((await scan(staged, resold!)).status).toBe(201)
    expect(await countsOf(staged)).toMatchObject({ checkedIn: 3 })
  })

  it('keeps as a conflict a ticket that is given back while its scan is written', async () => {
    const { staged, taken, code } = await stageTicket()
    const { DB, done } = interrupted(/^insert into "check_ins"/i, () =>
      as(taken.player, 'POST', `/tickets/${taken.reservationId}/return`, {}),
    )
    const scans = [late('1', code)]
    const path = `/events/${staged.id}/check-ins/batch`
    const { body } = await as(staged.operator, 'POST', path, { scans }, { bindings: { DB } })
    expect([done(), body.results[0].result]).toEqual([true, 'refused'])
    expect(await checkInsOf(staged, '?conflict=true')).toMatchObject([
      { id: body.results[0].checkInId, wasValid: false },
    ])
  })

  it('lets a ticket in once, though two of them and a gate send it at the same moment', async () => {
    const staged = await stageEvent()
    const codes = await codesOf(await take(staged, 3))
    const batch = (name: string) => codes.map((code, at) => late(`${name}-${at}`, code, name))
    const [one, two, ...online] = await Promise.all([
      scanLate(staged, batch('one')),
      scanLate(staged, batch('two')),
      ...codes.map(async (code) => (await scan(staged, code)).status),
    ])
    for (const at of codes.keys()) {
      const admitted = [one[at]!.result === 'admitted', two[at]!.result === 'admitted', online[at] === 201]
      expect(admitted.filter(Boolean)).toHaveLength(1)
    }
    const all = await checkInsOf(staged, '?limit=100')
    expect(all.filter(({ conflictWith }) => conflictWith === null)).toHaveLength(3)
  })

  it('refuses what is no longer sold, also when the event is cancelled or a draft', async () => {
    const { staged, code } = await stageTicket()
    await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'A storm.' })
    expect(await scanLate(staged, [late('1', code)])).toMatchObject([
      { result: 'refused', reason: 'This event is cancelled.' },
    ])
    const draft = await stageDraftEvent()
    expect(await scanLate(draft, [late('1', code)])).toMatchObject([{ result: 'refused' }])
  })

  it('sends at most a hundred, each with its own time and id', async () => {
    const { staged, code } = await stageTicket()
    const send = async (scans: object[]) =>
      (await as(staged.operator, 'POST', `/events/${staged.id}/check-ins/batch`, { scans })).status
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => late(`${at}`, code, 'x'.repeat(60)))
    expect(await send(many(101))).toBe(422)
    expect(await send(many(100))).toBe(200)
    expect(await send([])).toBe(422)
    expect(await send([{ code, scanId: 'a' }])).toBe(422)
    expect(await send([{ ...late('a', code), scannedAt: '1970-01-01T00:00:00Z' }])).toBe(422)
    // The hundred scans of one ticket let one person in.
    expect(await countsOf(staged)).toMatchObject({ checkedIn: 1 })
  })
})

describe('the counts', () => {
  it('say by ticket type how many are sold and how many are in', async () => {
    const staged = await stageEvent()
    const codes = await codesOf(await take(staged, 2))
    await catchUp(staged.types.free)
    await scan(staged, codes[0]!)
    const { ticketTypes, ...totals } = await countsOf(staged)
    expect(totals).toEqual({ sold: 2, checkedIn: 1 })
    expect(ticketTypes).toEqual([
      { id: staged.types.free, name: 'Open air', sold: 2, checkedIn: 1 },
      { id: staged.types.regular, name: 'Regular', sold: 0, checkedIn: 0 },
      { id: staged.types.vip, name: 'VIP', sold: 0, checkedIn: 0 },
    ])
  })
})

describe('a ticket without the name that its event requires', () => {
  it('lets nobody in, though its code is genuine', async () => {
    const staged = await stageEvent({ attendeeNames: 'required', title: 'Named' })
    const taken = await take(staged)
    const key = signingKeyFromSeed(testSettings().SIGNING_KEY)
    const code = codeOf({ reservationId: taken.reservationId, number: 1 }, key)
    expect((await scan(staged, code)).body).toMatchObject({
      code: 'invalid_state',
      detail: expect.stringContaining('set the name'),
    })
    await as(taken.player, 'PUT', `/tickets/${taken.reservationId}/admissions/1`, { attendeeName: 'Otieno' })
    expect((await scan(staged, code)).status).toBe(201)
  })
})
