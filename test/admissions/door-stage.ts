// Tickets and scans for tests, made through the API.
import { expect } from 'vitest'
import { type StagedEvent, stageEvent, type TypeName } from '../events/event-stage.ts'
import type { Answer } from '../harness/client.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, newKey } from '../raffles/scenario.ts'

export interface Taken {
  player: Person
  reservationId: string
  numbers: number[]
}

/** Free tickets of an event, for somebody new or for `player`. */
export async function take(
  staged: StagedEvent,
  quantity = 1,
  player?: Person,
  type: TypeName = 'free',
): Promise<Taken> {
  const person = player ?? (await registerPlayer())
  const body = { ticketTypeId: staged.types[type], quantity }
  const { status, body: made } = await as(person, 'POST', '/tickets/purchase', body, {
    headers: { 'idempotency-key': newKey() },
  })
  expect(status, JSON.stringify(made)).toBe(201)
  const numbers = made.tickets.map(({ number }: { number: number }) => number)
  return { player: person, reservationId: made.reservation.id, numbers }
}

export const admissionsOf = async ({ player, reservationId }: Taken): Promise<Answer['body'][]> => {
  const { status, body } = await as(player, 'GET', `/tickets/${reservationId}/admissions`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.data
}

export const codesOf = async (taken: Taken): Promise<string[]> =>
  (await admissionsOf(taken)).map(({ code }) => code)

export const scan = (staged: StagedEvent, code: string, more: object = {}, by: Person = staged.operator) =>
  as(by, 'POST', `/events/${staged.id}/check-ins`, { code, ...more })

export async function scanLate(staged: StagedEvent, scans: object[]): Promise<Answer['body'][]> {
  const { status, body } = await as(staged.operator, 'POST', `/events/${staged.id}/check-ins/batch`, {
    scans,
  })
  expect(status, JSON.stringify(body)).toBe(200)
  return body.results
}

/** An event with one ticket taken, and its code. */
export async function stageTicket(changes: Record<string, unknown> = {}) {
  const staged = await stageEvent(changes)
  const taken = await take(staged)
  const [code] = await codesOf(taken)
  return { staged, taken, code: code! }
}

export const checkInsOf = async (staged: StagedEvent, query = ''): Promise<Answer['body'][]> => {
  const { status, body } = await as(staged.operator, 'GET', `/events/${staged.id}/check-ins${query}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.data
}

export const countsOf = async (staged: StagedEvent): Promise<Answer['body']> =>
  (await as(staged.operator, 'GET', `/events/${staged.id}/check-ins/counts`)).body
