// What a holder sees of admissions: the list of tickets with their events, codes, QRs, and the names of those who come.
import { describe, expect, it } from 'vitest'
import { readCode } from '../../src/admissions/code.ts'
import { qrOf } from '../../src/admissions/draw-qr.ts'
import { nativeCrypto } from '../../src/core/native-crypto.ts'
import { ENDS_AT, STARTS_AT, stageEvent } from '../events/event-stage.ts'
import { countTrips } from '../harness/count-database.ts'
import { registerPlayer } from '../harness/people.ts'
import { as, buy, iso, readAll, stageRaffle, useClock } from '../raffles/scenario.ts'
import { admissionsOf, codesOf, scan, take } from './door-stage.ts'

useClock()

const setName = (player: { id: string }, id: string, number: number, attendeeName: string) =>
  as(player, 'PUT', `/tickets/${id}/admissions/${number}`, { attendeeName })

describe('a list of tickets', () => {
  it('shows with an admission its event, and with a raffle ticket its raffle, in one trip', async () => {
    const staged = await stageEvent()
    const raffle = await stageRaffle()
    const { player } = await take(staged)
    await buy(player, raffle.id)
    await as(player, 'GET', '/tickets')
    let mine: { event: unknown; ticketType: { id: string }; raffle: unknown }[] = []
    const trips = await countTrips(async () => {
      mine = (await as(player, 'GET', '/tickets')).body.data
    })
    expect(trips.filter(({ statements }) => statements[0]!.sql.includes('"reservations"'))).toHaveLength(1)
    expect(trips.length).toBeLessThanOrEqual(2)
    expect(mine.find(({ ticketType }) => ticketType !== null)).toMatchObject({
      raffle: null,
      ticketType: { id: staged.types.free },
      event: {
        id: staged.id,
        title: 'Jazz at the Lake',
        status: 'published',
        place: { venue: 'Dunga Beach', city: 'Kisumu' },
        startsAt: iso(STARTS_AT),
        endsAt: iso(ENDS_AT),
        timeZone: 'Africa/Nairobi',
      },
    })
    expect(mine.find(({ ticketType }) => ticketType === null)).toMatchObject({ event: null })
    await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'A storm.' })
    const after = (await as(player, 'GET', '/tickets')).body.data
    expect(after.map(({ event }: { event: { status: string } | null }) => event?.status)).toContain(
      'cancelled',
    )
  })
})

describe('admissions', () => {
  it('have a code that names the ticket and is signed, page by page', async () => {
    const staged = await stageEvent()
    const taken = await take(staged, 3)
    const all = await admissionsOf(taken)
    expect(all).toMatchObject(
      taken.numbers.map((number) => ({
        reservationId: taken.reservationId,
        number,
        ticketType: { id: staged.types.free, name: 'Open air' },
        event: { id: staged.id },
        attendeeName: null,
        checkedInAt: null,
      })),
    )
    const { keys } = (await as(null, 'GET', '/../../.well-known/tombola.json')).body
    for (const { code, number } of all) {
      const read = readCode(
        code,
        keys.map(({ publicKey }: { publicKey: string }) => publicKey),
        nativeCrypto,
      )
      expect(read).toEqual({ ok: true, reservationId: taken.reservationId, number })
    }
    const path = `/tickets/${taken.reservationId}/admissions`
    for (const limit of [1, 2, 3]) expect(await readAll(path, limit, taken.player)).toEqual(all)
  })

  it('are drawn as a QR that no cache keeps', async () => {
    const taken = await take(await stageEvent())
    const [code] = await codesOf(taken)
    const path = `/tickets/${taken.reservationId}/admissions/${taken.numbers[0]}/qr.svg`
    const { status, headers, body } = await as(taken.player, 'GET', path)
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      'image/svg+xml',
      'no-store',
    ])
    expect(body).toBe(await qrOf(code!))
    // 41 modules, which is version 6, with a margin of four on each side.
    expect(body).toMatch(/^<svg [^>]*viewBox="-4 -4 49 49"/)
  })

  it('are shown to their holder alone', async () => {
    const staged = await stageEvent()
    const taken = await take(staged)
    const paths = ['admissions', 'admissions/1', 'admissions/1/qr.svg'].map(
      (path) => `/tickets/${taken.reservationId}/${path}`,
    )
    for (const other of [await registerPlayer(), staged.operator]) {
      const answers = [
        await as(other, 'GET', paths[0]!),
        await as(other, 'PUT', paths[1]!, { attendeeName: 'Me' }),
        await as(other, 'GET', paths[2]!),
      ]
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
    }
  })

  it('of an online event say where it takes place, while they are valid', async () => {
    const onlineUrl = 'https://meet.example/jazz'
    const staged = await stageEvent({ place: null, onlineUrl })
    const taken = await take(staged)
    expect(await admissionsOf(taken)).toMatchObject([{ onlineUrl, event: { place: null } }])
    await as(taken.player, 'POST', `/tickets/${taken.reservationId}/return`, {})
    expect(await admissionsOf(taken)).toMatchObject([{ onlineUrl: null, code: null }])
  })

  it('with which somebody is in cannot be given back', async () => {
    const staged = await stageEvent()
    const taken = await take(staged, 2)
    await scan(staged, (await codesOf(taken))[0]!)
    const give = (numbers: number[]) =>
      as(taken.player, 'POST', `/tickets/${taken.reservationId}/return`, { numbers })
    expect((await give([1, 2])).body).toMatchObject({
      code: 'invalid_state',
      detail: 'Ticket 1 is checked in: it cannot be given back.',
    })
    expect((await give([2])).status).toBe(200)
  })

  it('of a raffle, or of a number that is not in the reservation, are not found', async () => {
    const raffle = await stageRaffle()
    const player = await registerPlayer()
    const bought = (await buy(player, raffle.id)).body
    const path = `/tickets/${bought.reservation.id}/admissions`
    expect((await as(player, 'GET', path)).status).toBe(404)
    const taken = await take(await stageEvent())
    for (const number of ['9', '0', 'x', '01', '99999999']) {
      const one = `/tickets/${taken.reservationId}/admissions/${number}/qr.svg`
      expect((await as(taken.player, 'GET', one)).status, number).toBe(404)
    }
  })

  it('lose their code when the event is cancelled', async () => {
    const staged = await stageEvent()
    const taken = await take(staged)
    await as(staged.operator, 'POST', `/events/${staged.id}/cancel`, { reason: 'A storm.' })
    expect(await admissionsOf(taken)).toMatchObject([{ code: null, event: { status: 'cancelled' } }])
    const path = `/tickets/${taken.reservationId}/admissions/1/qr.svg`
    expect((await as(taken.player, 'GET', path)).body.code).toBe('invalid_state')
  })
})

describe('the name of an attendee', () => {
  it('is asked for where the event requires it: before it, there is no code', async () => {
    const staged = await stageEvent({ attendeeNames: 'required' })
    const taken = await take(staged, 2)
    const { player, reservationId } = taken
    expect(await codesOf(taken)).toEqual([null, null])
    const qr = await as(player, 'GET', `/tickets/${reservationId}/admissions/1/qr.svg`)
    expect(qr.body).toMatchObject({ code: 'invalid_state', detail: expect.stringContaining('attendeeName') })
    const { status, body } = await setName(player, reservationId, 1, '  Otieno Ouma ')
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toMatchObject({ number: 1, attendeeName: 'Otieno Ouma', code: expect.any(String) })
    expect(await admissionsOf(taken)).toMatchObject([body, { code: null, attendeeName: null }])
    const again = await setName(player, reservationId, 1, 'Zawadi')
    // The code names the ticket, not the person, so paper stays good.
    expect(again.body).toMatchObject({ attendeeName: 'Zawadi', code: body.code })
  })

  it('can no longer change once the ticket is checked in', async () => {
    const staged = await stageEvent({ attendeeNames: 'required' })
    const taken = await take(staged)
    await setName(taken.player, taken.reservationId, 1, 'Otieno')
    const [code] = await codesOf(taken)
    expect((await scan(staged, code!)).body).toMatchObject({ attendeeName: 'Otieno' })
    const { body } = await setName(taken.player, taken.reservationId, 1, 'Zawadi')
    expect(body).toMatchObject({ code: 'invalid_state', detail: expect.stringContaining('checked in') })
    expect((await admissionsOf(taken))[0]).toMatchObject({
      attendeeName: 'Otieno',
      checkedInAt: expect.any(String),
    })
  })

  it('is refused where the event does not ask for it, and if it is no name', async () => {
    const open = await take(await stageEvent())
    expect((await setName(open.player, open.reservationId, 1, 'Otieno')).body.code).toBe('invalid_state')
    const asking = await take(await stageEvent({ attendeeNames: 'required' }))
    for (const name of ['', ' ', 'a\nb', 'x'.repeat(161)])
      expect((await setName(asking.player, asking.reservationId, 1, name)).status).toBe(422)
  })

  it('can be asked for no longer after publication, but not newly be required', async () => {
    const change = async (from: string, to: string) => {
      const staged = await stageEvent({ attendeeNames: from })
      return (await as(staged.operator, 'PUT', `/events/${staged.id}`, { attendeeNames: to })).body
    }
    expect(await change('required', 'none')).toMatchObject({ attendeeNames: 'none' })
    expect(await change('none', 'required')).toMatchObject({
      code: 'invalid_state',
      errors: [{ path: 'attendeeNames' }],
    })
  })

  it('is asked for by a copy of the event too', async () => {
    const staged = await stageEvent({ attendeeNames: 'required' })
    const times = { startsAt: iso(STARTS_AT), endsAt: iso(ENDS_AT) }
    const { body } = await as(staged.operator, 'POST', `/events/${staged.id}/clone`, times)
    expect(body).toMatchObject({ status: 'draft', attendeeNames: 'required' })
  })
})
