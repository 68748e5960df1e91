// An admission is offered to an address, and moves to whoever proves it: once, and never behind somebody's back.
import { expect, it, vi } from 'vitest'
import { MAX_OPEN_OFFERS_TO_ADDRESS } from '../../src/admissions/transfers/offer-ticket.ts'
import * as client from '../../src/tickets/client.ts'
import { mailsTo } from '../accounts/mail/mailbox.ts'
import { stageEvent, takes } from '../events/event-stage.ts'
import { expectLogged } from '../harness/log.ts'
import { type Person, registerPlayer, signedInAdmin, uniqueEmail } from '../harness/people.ts'
import { as, at, DAY, HOUR, iso, MINUTE, NOW, sweep, useClock } from '../raffles/scenario.ts'
import { codesOf, scan, take } from './door-stage.ts'

useClock()

const EVENT = { startsAt: iso(NOW + 10 * DAY), endsAt: iso(NOW + 10 * DAY + HOUR) }

const offer = (person: Person, reservationId: string, number: number, email: string) =>
  as(person, 'POST', `/tickets/${reservationId}/admissions/${number}/transfer`, { email })

const answer = (person: Person, id: string, verb: 'accept' | 'decline' | 'cancel') =>
  as(person, 'POST', `/tickets/transfers/${id}/${verb}`)

const list = async (person: Person, direction: 'in' | 'out') =>
  (await as(person, 'GET', `/tickets/transfers?direction=${direction}`)).body.data

/** Amina has two free tickets and offers the first to Brian. */
async function stageOffer(changes: Record<string, unknown> = {}) {
  const staged = await stageEvent({ ...EVENT, ...changes })
  const taken = await take(staged, 2)
  const brian = await registerPlayer()
  const offered = await offer(taken.player, taken.reservationId, 1, brian.email)
  expect(offered.status, JSON.stringify(offered.body)).toBe(201)
  return { staged, taken, amina: taken.player, brian, id: offered.body.id as string, offered: offered.body }
}

it('moves to whoever accepts, with a new code; the old one dies', async () => {
  const { staged, taken, amina, brian, id, offered } = await stageOffer()
  expect(offered).toMatchObject({
    state: 'open',
    number: 1,
    reservationId: taken.reservationId,
    email: brian.email,
    expiresAt: iso(NOW + 7 * DAY),
  })
  await sweep()
  const [mail] = await mailsTo(brian.email)
  expect(mail!.text).toContain(id)
  expect(mail!.text).not.toContain(amina.name)
  expect(await list(brian, 'in')).toMatchObject([{ id, reservationId: null, email: null }])
  expect(await list(amina, 'out')).toMatchObject([{ id, email: brian.email }])
  const [old] = await codesOf(taken)

  const accepted = await answer(brian, id, 'accept')
  expect(accepted.body).toMatchObject({ id, state: 'accepted', email: null })
  expect((await answer(brian, id, 'accept')).body).toEqual(accepted.body)
  expect([await list(brian, 'in'), await list(amina, 'out')]).toMatchObject([
    [],
    [{ id, state: 'accepted', email: null }],
  ])
  const [code] = await codesOf({ player: brian, reservationId: accepted.body.reservationId, numbers: [1] })
  expect((await scan(staged, old!)).status).toBe(409)
  expect((await scan(staged, code!)).status).toBe(201)
  // It has moved once.
  const again = await offer(brian, accepted.body.reservationId, 1, uniqueEmail())
  expect(again.body.code).toBe('invalid_state')
  expect((await offer(amina, taken.reservationId, 1, uniqueEmail())).body.code).toBe('invalid_state')
})

it('is found by its giver and by the owner of the address alone', async () => {
  const { taken, amina, brian, id } = await stageOffer()
  const [stranger, unproved, admin] = [
    await registerPlayer(),
    await registerPlayer({ isProved: false }),
    await signedInAdmin(),
  ]
  for (const person of [stranger, amina, admin]) expect((await answer(person, id, 'accept')).status).toBe(404)
  for (const person of [stranger, amina]) expect((await answer(person, id, 'decline')).status).toBe(404)
  for (const person of [stranger, brian]) expect((await answer(person, id, 'cancel')).status).toBe(404)
  expect((await answer(unproved, id, 'accept')).status).toBe(403)
  expect((await offer(stranger, taken.reservationId, 2, uniqueEmail())).status).toBe(404)
  expect([await list(stranger, 'in'), await list(stranger, 'out')]).toEqual([[], []])
})

it('answers the same whether or not anybody has the address', async () => {
  const { taken, amina } = await stageOffer()
  const nobody = await offer(amina, taken.reservationId, 2, uniqueEmail())
  expect(nobody).toMatchObject({ status: 201, body: { state: 'open', number: 2 } })
})

it('ends by a cancellation, a refusal or its time, and then may be offered again', async () => {
  const { taken, amina, brian, id } = await stageOffer()
  expect((await offer(amina, taken.reservationId, 1, uniqueEmail())).body.code).toBe('conflict')
  for (let round = 0; round < 2; round++) expect((await answer(amina, id, 'cancel')).status).toBe(204)
  expect((await answer(brian, id, 'accept')).status).toBe(404)
  const second = (await offer(amina, taken.reservationId, 1, brian.email)).body.id
  for (let round = 0; round < 2; round++) expect((await answer(brian, second, 'decline')).status).toBe(204)
  expect((await answer(amina, second, 'cancel')).body.code).toBe('invalid_state')
  const third = (await offer(amina, taken.reservationId, 1, brian.email)).body.id
  at(NOW + 7 * DAY)
  expect((await answer(brian, third, 'accept')).status).toBe(404)
  await sweep()
  expect((await list(amina, 'out')).map(({ state }: { state: string }) => state)).toEqual([
    'expired',
    'declined',
    'cancelled',
  ])
  expect((await offer(amina, taken.reservationId, 1, brian.email)).body).toMatchObject({
    expiresAt: EVENT.startsAt,
  })
})

it('is refused to oneself, after a check-in, once the event has begun, and where the event forbids it', async () => {
  const { staged, taken, amina, brian, id } = await stageOffer()
  expect((await offer(amina, taken.reservationId, 2, amina.email)).body.code).toBe('validation_failed')
  expect((await offer(amina, taken.reservationId, 3, brian.email)).body.code).toBe('invalid_state')
  const codes = await codesOf(taken)
  for (const code of codes) expect((await scan(staged, code)).status).toBe(201)
  expect((await offer(amina, taken.reservationId, 2, brian.email)).body.code).toBe('invalid_state')
  expect((await answer(brian, id, 'accept')).status).toBe(404)
  const fixed = await stageEvent({ ...EVENT, transferable: false })
  const kept = await take(fixed)
  expect((await offer(kept.player, kept.reservationId, 1, brian.email)).body.code).toBe('invalid_state')
  const other = await take(await stageEvent(EVENT))
  at(NOW + 10 * DAY)
  expect((await offer(other.player, other.reservationId, 1, brian.email)).body.code).toBe('invalid_state')
})

it('is not made by somebody whose own address is not verified', async () => {
  const staged = await stageEvent(EVENT)
  const { types } = staged
  const stranger = await registerPlayer({ isProved: false })
  const reservationId = await takes(stranger, types.free)
  const to = uniqueEmail()
  expect((await offer(stranger, reservationId, 1, to)).body.code).toBe('forbidden')
  await sweep()
  expect(await mailsTo(to)).toEqual([])
})

it('is one of ten at most that wait for one address, whoever makes them', async () => {
  const staged = await stageEvent(EVENT)
  const capacity = 2 * MAX_OPEN_OFFERS_TO_ADDRESS
  await as(staged.operator, 'PUT', `/events/${staged.id}/ticket-types/${staged.types.free}`, { capacity })
  const [first, second] = [await take(staged, 6), await take(staged, 6)]
  const brian = await registerPlayer()
  const offers = [first, second].flatMap(({ player, reservationId, numbers }) =>
    numbers.map((number: number) => ({ player, reservationId, number })),
  )
  const answers = []
  for (const { player, reservationId, number } of offers)
    answers.push(await offer(player, reservationId, number, brian.email))
  expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(201), 409, 409])
  expect(answers.at(-1)!.body.detail).toContain('wait for an answer')
  expect((await answer(brian, answers[0]!.body.id, 'decline')).status).toBe(204)
  const { player, reservationId, number } = offers.at(-1)!
  expect((await offer(player, reservationId, number, brian.email)).status).toBe(201)
})

it('is not accepted from a suspended giver, nor for a cancelled event', async () => {
  const admin = await signedInAdmin()
  const first = await stageOffer()
  await as(admin, 'PUT', `/users/${first.amina.id}/status`, { status: 'suspended' })
  expect((await answer(first.brian, first.id, 'accept')).status).toBe(404)
  const second = await stageOffer()
  await as(second.staged.operator, 'POST', `/events/${second.staged.id}/cancel`, { reason: 'A storm.' })
  expect((await answer(second.brian, second.id, 'accept')).status).toBe(404)
})

it('fails without harm if the ticket was given back meanwhile', async () => {
  const { taken, amina, brian, id } = await stageOffer()
  await as(amina, 'POST', `/tickets/${taken.reservationId}/return`, { numbers: [1] })
  expect((await answer(brian, id, 'accept')).body.code).toBe('invalid_state')
  expect(await list(amina, 'out')).toMatchObject([{ state: 'failed' }])
})

it('is finished by the sweep if the process dies before the pool or after it', async () => {
  for (const isAsked of [false, true]) {
    const { amina, brian, id } = await stageOffer()
    const real = client.askPool
    const spy = vi.spyOn(client, 'askPool').mockImplementation(async (ctx, place, ask) => {
      if (isAsked) await real(ctx, place, ask)
      throw new Error('the process died')
    })
    expectLogged('unexpected error')
    expect((await answer(brian, id, 'accept')).status).toBe(500)
    spy.mockRestore()
    expect((await answer(amina, id, 'cancel')).body.code).toBe('invalid_state')
    at(NOW + 2 * MINUTE)
    await sweep()
    expect((await answer(brian, id, 'accept')).body).toMatchObject({ state: 'accepted' })
    const { data } = (await as(brian, 'GET', '/tickets')).body
    expect(data).toHaveLength(1)
    at(NOW)
  }
})
