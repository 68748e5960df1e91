// Series for tests: created through the API, with their raffles as anonymous readers see them.
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { Answer } from '../harness/client.ts'
import { type Organisation, organisationWithOperator, type Person } from '../harness/people.ts'
import { as } from './scenario.ts'

/** A draw every evening in Nairobi (17:00 UTC), entries from the evening before; `NOW` is at noon, UTC. */
export const seriesBody = (changes: Record<string, unknown> = {}) => ({
  title: 'Daily lucky draw',
  cadence: { every: 'day' },
  time: '20:00',
  timeZone: 'Africa/Nairobi',
  opensBefore: 24 * 60,
  closesBefore: 5,
  startsOn: '2031-05-05',
  terms: {
    ticketPrice: { amount: 0, currency: 'KES' },
    totalTickets: 50,
    numbering: 'random',
    prizes: [{ title: 'A bookmark', quantity: 1 }],
    winPolicy: 'perTicket',
  },
  ...changes,
})

export interface StagedSeries {
  id: string
  path: string
  organisation: Organisation
  operator: Person
  body: Answer['body']
}

export async function stageSeries(changes: Record<string, unknown> = {}): Promise<StagedSeries> {
  const organisation = await organisationWithOperator()
  const { operator } = organisation
  const { status, body } = await as(operator, 'POST', '/series', seriesBody(changes))
  expect(status, JSON.stringify(body)).toBe(201)
  return { id: body.id, path: `/series/${body.id}`, organisation, operator, body }
}

/** The published raffles of a series, the soonest draw first. */
export async function rafflesOf(id: string): Promise<Answer['body'][]> {
  const { status, body } = await as(null, 'GET', `/raffles?seriesId=${id}&sort=drawAt&limit=100`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.data
}

export const daysOf = async (id: string): Promise<string[]> =>
  (await rafflesOf(id)).map(({ title }) => title.split(', ')[1])

export async function upcoming(id: string): Promise<Answer['body'][]> {
  return (await as(null, 'GET', `/draws/upcoming?seriesId=${id}`)).body.data
}

export async function occurrences(
  id: string,
  limit = 4,
  person: Person | null = null,
): Promise<Answer['body'][]> {
  const { status, body } = await as(person, 'GET', `/series/${id}/occurrences?limit=${limit}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.data
}

/** Counts the raffles of a series in the database, drafts included, and its claims of days. */
export async function countRows(id: string): Promise<{ raffles: number; claims: number }> {
  const count = async (table: string) =>
    (await env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE series_id = ?`)
      .bind(id)
      .first<number>('n'))!
  return { raffles: await count('raffles'), claims: await count('series_occurrences') }
}
