// Who is expected: members at the door find a person by name, and those with `entrants:read` download the list.
import { describe, expect, it } from 'vitest'
import { audit } from '../../src/audit/schema.ts'
import type { StagedEvent } from '../events/event-stage.ts'
import { stageDraftEvent, stageEvent } from '../events/event-stage.ts'
import { countTrips } from '../harness/count-database.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import { as, iso, MINUTE, NOW, readAll, sweep, useClock } from '../raffles/scenario.ts'
import { codesOf, scan, take } from './door-stage.ts'

useClock()

const expected = async (staged: StagedEvent, query = '') => {
  const { status, body } = await as(staged.operator, 'GET', `/events/${staged.id}/admissions${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.data
}
const namesOf = (rows: { holder: { name: string } }[]) => rows.map(({ holder }) => holder.name)

const fileOf = async (staged: StagedEvent, query = ''): Promise<string[]> => {
  const answer = await as(staged.operator, 'GET', `/events/${staged.id}/admissions.csv${query}`)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${staged.id}-admissions.csv"`)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  return answer.body.trimEnd().split('\n')
}

/** An event whose free tickets are many. */
async function stageLarge(changes: Record<string, unknown> = {}): Promise<StagedEvent> {
  const staged = await stageEvent(changes)
  for (const [name, capacity] of [
    ['free', 50],
    ['regular', 5],
  ] as const) {
    const path = `/events/${staged.id}/ticket-types/${staged.types[name]}`
    const { status, body } = await as(staged.operator, 'PUT', path, {
      capacity,
      price: { amount: 0, currency: 'KES' },
    })
    expect(status, JSON.stringify(body)).toBe(200)
  }
  return staged
}

describe('who is expected', () => {
  it('is listed by ticket type, in the order of the sale, one row for each ticket, page by page', async () => {
    const staged = await stageLarge()
    const [amina, otieno] = [
      await registerPlayer({ name: 'Amina Wanjiru' }),
      await registerPlayer({ name: 'Otieno' }),
    ]
    await take(staged, 2, amina, 'regular')
    await take(staged, 2, otieno)
    const mine = await take(staged, 3, amina)
    await scan(staged, (await codesOf(mine))[1]!, { gate: 'North' })
    const rows = await expected(staged)
    expect(
      rows.map((row: { ticketType: { name: string }; number: number; holder: { name: string } }) => [
        row.ticketType.name,
        row.number,
        row.holder.name,
      ]),
    ).toEqual([
      ['Open air', 1, 'Otieno'],
      ['Open air', 2, 'Otieno'],
      ['Open air', 3, 'Amina Wanjiru'],
      ['Open air', 4, 'Amina Wanjiru'],
      ['Open air', 5, 'Amina Wanjiru'],
      ['Regular', 1, 'Amina Wanjiru'],
      ['Regular', 2, 'Amina Wanjiru'],
    ])
    expect(rows[3]).toEqual({
      reservationId: mine.reservationId,
      number: 4,
      ticketType: { id: staged.types.free, name: 'Open air' },
      holder: { id: amina.id, name: amina.name, email: amina.email },
      attendeeName: null,
      checkedInAt: iso(NOW),
      gate: 'North',
    })
    for (const limit of [1, 2, 3, 7])
      expect(await readAll(`/events/${staged.id}/admissions`, limit, staged.operator)).toEqual(rows)
  })

  it('is found by the names of holders and attendees, by ticket type, and by who is in', async () => {
    const staged = await stageLarge({ attendeeNames: 'required' })
    const [amina, lukasz] = [
      await registerPlayer({ name: 'Amina Wanjiru' }),
      await registerPlayer({ name: 'Łukasz Żółty' }),
    ]
    const hers = await take(staged, 2, amina)
    await take(staged, 1, lukasz)
    await take(staged, 1, amina, 'regular')
    const path = `/tickets/${hers.reservationId}/admissions/${hers.numbers[1]}`
    await as(amina, 'PUT', path, { attendeeName: 'José Müller' })
    await scan(staged, (await codesOf(hers))[1]!)
    // The sweep folds the names of people who were made without.
    await sweep()
    expect(namesOf(await expected(staged, '?q=lukasz'))).toEqual(['Łukasz Żółty'])
    expect(await expected(staged, '?q=muller%20jose')).toMatchObject([
      { holder: { name: 'Amina Wanjiru' }, attendeeName: 'José Müller', checkedInAt: iso(NOW) },
    ])
    expect(await expected(staged, '?q=wanjiru')).toHaveLength(3)
    expect(await expected(staged, `?q=wanjiru&ticketTypeId=${staged.types.regular}`)).toHaveLength(1)
    expect(await expected(staged, '?checkedIn=true')).toHaveLength(1)
    expect(await expected(staged, '?checkedIn=false&q=amina')).toHaveLength(2)
    expect(await expected(staged, '?q=nobody')).toEqual([])
    for (const limit of [1, 2])
      expect(await readAll(`/events/${staged.id}/admissions?q=wanjiru`, limit, staged.operator)).toHaveLength(
        3,
      )
    const other = await stageEvent()
    const wrong = `/events/${staged.id}/admissions?ticketTypeId=${other.types.free}`
    expect((await as(staged.operator, 'GET', wrong)).status).toBe(404)
  })

  it('is nobody while the event is a draft, and nobody once it is cancelled', async () => {
    expect(await expected(await stageDraftEvent())).toEqual([])
    const staged = await stageEvent()
    await take(staged)
    await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'A storm.' })
    expect(await expected(staged)).toEqual([])
  })

  it('is searched a part at a time at a large event: a page may be empty though more follow', async () => {
    const staged = await stageEvent()
    const path = `/events/${staged.id}/ticket-types/${staged.types.free}`
    await as(staged.operator, 'PUT', path, { capacity: 5_000, maxPerUser: null })
    for (let at = 0; at < 3; at++) await take(staged, 1_000)
    await take(staged, 1, await registerPlayer({ name: 'Zawadi' }))
    const search = `/events/${staged.id}/admissions?q=zawadi`
    const first = (await as(staged.operator, 'GET', search)).body
    expect(first).toEqual({ data: [], nextCursor: expect.any(String) })
    expect(await readAll(search, 20, staged.operator)).toMatchObject([
      { number: 3_001, holder: { name: 'Zawadi' } },
    ])
    const page = (await as(staged.operator, 'GET', `/events/${staged.id}/admissions?limit=100`)).body
    expect(page.data.map(({ number }: { number: number }) => number)).toEqual(
      Array.from({ length: 100 }, (_, at) => at + 1),
    )
    const numbers = (await fileOf(staged)).slice(1).map((line) => Number(line.split(',')[2]))
    expect(numbers).toEqual(Array.from({ length: 3_001 }, (_, at) => at + 1))
  })

  it('is read in few trips, whatever is asked for', async () => {
    const staged = await stageLarge()
    for (let at = 0; at < 5; at++) await take(staged, 2)
    await expected(staged)
    for (const query of ['', '?q=amina', '?checkedIn=true']) {
      const trips = await countTrips(() => expected(staged, query))
      // Event, two permissions, ticket types, and names: once for the ticket type that has some.
      expect(trips.length, query).toBeLessThanOrEqual(5)
    }
  })
})

describe('the file of who is expected', () => {
  it('has a line for each ticket, whose cells run no formula, and is audited', async () => {
    const staged = await stageLarge({ attendeeNames: 'required' })
    const player = await registerPlayer({ name: '=1+1' })
    const taken = await take(staged, 1, player)
    await as(player, 'PUT', `/tickets/${taken.reservationId}/admissions/1`, { attendeeName: '@SUM(A1)' })
    await take(staged, 1)
    await scan(staged, (await codesOf(taken))[0]!, { gate: 'North', scannedAt: iso(NOW - MINUTE) })
    const [header, ...lines] = await fileOf(staged)
    expect(header).toBe('ticketType,reservation,number,holder,email,attendee,checkedInAt,gate')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toBe(
      `Open air,${taken.reservationId},1,'=1+1,${player.email},'@SUM(A1),${iso(NOW - MINUTE)},North`,
    )
    expect(await fileOf(staged, '?checkedIn=false')).toHaveLength(2)
    expect(await fileOf(staged, `?ticketTypeId=${staged.types.regular}`)).toHaveLength(1)
    const rows = await testContext().db.select().from(audit)
    expect(
      rows.filter(({ subjectId, action }) => subjectId === staged.id && action.endsWith('exported')),
    ).toMatchObject(
      Array(3).fill({
        actor: staged.operator.id,
        action: 'event.admissions_exported',
        organisationId: staged.organisation.id,
      }),
    )
  })
})
