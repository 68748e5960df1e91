import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { operations } from '../harness/client.ts'
import { addOperator, organisationWithOperator, registerPlayer, signedInAdmin } from '../harness/people.ts'
import { as, HOUR, iso, KES, useClock } from '../raffles/scenario.ts'
import { ENDS_AT, eventBody, STARTS_AT, stageDraftEvent, stageEvent } from './event-stage.ts'

const EVENT = newId('event')
const OF_EVENT = `/api/v1/events/${EVENT}`
const TYPE = `${OF_EVENT}/ticket-types/${newId('ticketType')}`
const GROUP = `${OF_EVENT}/capacity-groups/${newId('capacityGroup')}`
const CHECK_IN = `${OF_EVENT}/check-ins/${newId('checkIn')}`
const LATER = { startsAt: iso(STARTS_AT + HOUR), endsAt: iso(ENDS_AT + HOUR) }

/** Every protected route under /api/v1/events, with a valid body. */
const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/api/v1/events', body: eventBody() },
  { method: 'PUT', path: OF_EVENT, body: { title: 'Blues' } },
  { method: 'DELETE', path: OF_EVENT },
  { method: 'POST', path: `${OF_EVENT}/publish` },
  { method: 'POST', path: `${OF_EVENT}/postpone`, body: { ...LATER, reason: 'A storm.' } },
  { method: 'POST', path: `${OF_EVENT}/cancel`, body: { reason: 'rain' } },
  { method: 'POST', path: `${OF_EVENT}/clone`, body: LATER },
  { method: 'POST', path: `${OF_EVENT}/rebuild` },
  { method: 'GET', path: `${OF_EVENT}/takings` },
  { method: 'GET', path: `${OF_EVENT}/refund-run` },
  {
    method: 'POST',
    path: `${OF_EVENT}/ticket-types`,
    body: { name: 'Balcony', price: KES(0), capacity: 1 },
  },
  { method: 'PUT', path: TYPE, body: { capacity: 9 } },
  { method: 'DELETE', path: TYPE },
  { method: 'POST', path: `${TYPE}/waiting-list`, body: { quantity: 1 } },
  { method: 'GET', path: `${TYPE}/waiting-list` },
  { method: 'DELETE', path: `${TYPE}/waiting-list` },
  { method: 'GET', path: `${OF_EVENT}/capacity-groups` },
  { method: 'POST', path: `${OF_EVENT}/capacity-groups`, body: { name: 'The hall', capacity: 5 } },
  { method: 'PUT', path: GROUP, body: { capacity: 9 } },
  { method: 'DELETE', path: GROUP },
  { method: 'POST', path: `${OF_EVENT}/check-ins`, body: { code: 'A' } },
  {
    method: 'POST',
    path: `${OF_EVENT}/check-ins/batch`,
    body: { scans: [{ code: 'A', scanId: 'a', scannedAt: '2031-05-05T12:00:00Z' }] },
  },
  { method: 'GET', path: `${OF_EVENT}/check-ins` },
  { method: 'GET', path: `${OF_EVENT}/check-ins/counts` },
  { method: 'GET', path: CHECK_IN },
  { method: 'POST', path: `${CHECK_IN}/undo`, body: { reason: 'By mistake.' } },
  { method: 'GET', path: `${OF_EVENT}/admissions` },
  { method: 'GET', path: `${OF_EVENT}/admissions.csv` },
]

protectedRoutes(ROUTES)

describe('the protected routes of events', () => {
  useClock()

  it('are all in this file', () => {
    const shapeOf = (path: string) =>
      path
        .replace(/ttype_\w+/, ':typeId')
        .replace(/cgroup_\w+/, ':groupId')
        .replace(/checkin_\w+/, ':checkInId')
    const known = ROUTES.map(({ method, path }) => `${method} ${shapeOf(path.replace(EVENT, ':id'))}`)
    const declared = operations
      .filter(({ path, description }) => path.startsWith('/api/v1/events') && description.auth === 'user')
      .map(({ method, path }) => `${method} ${path}`)
    expect(known.sort()).toEqual([...new Set(declared)].sort())
  })

  /** The routes of one event that only its organisation may call. Players join waiting lists; admins alone rebuild. */
  const OF_ONE = ROUTES.filter(({ path }) => path.includes(EVENT) && !/\/(waiting-list|rebuild)$/.test(path))
  const nameOf = ({ method, path }: Route) => `${method} ${path.replace(/_\w{26}/g, '')}`
  const pathOf = ({ path }: Route, eventId: string) => path.replace('/api/v1', '').replace(EVENT, eventId)
  const as404 = { status: 404, code: 'not_found' }

  it('answer for another organisation’s events exactly as for unknown ids', async () => {
    const published = await stageEvent()
    const draft = await stageDraftEvent({}, published.organisation)
    const { operator } = await organisationWithOperator()
    for (const route of OF_ONE) {
      const answer = (eventId: string) => as(operator, route.method, pathOf(route, eventId), route.body)
      const unknown = await answer(EVENT)
      expect(unknown.body, nameOf(route)).toMatchObject(as404)
      for (const { id } of [published, draft]) {
        expect({ ...(await answer(id)).body, requestId: '' }, nameOf(route)).toEqual({
          ...unknown.body,
          requestId: '',
        })
      }
    }
    const { operator: owner } = published
    expect((await as(owner, 'GET', `/events/${published.id}`)).body.status).toBe('published')
    expect((await as(owner, 'GET', `/events/${draft.id}`)).body.status).toBe('draft')
  })

  it('refuse a member without permissions, and answer not_found to players', async () => {
    const { id, organisation } = await stageEvent()
    const janitor = await addOperator(organisation.id, 'janitor')
    const player = await registerPlayer()
    for (const route of OF_ONE) {
      const refused = await as(janitor, route.method, pathOf(route, id), route.body)
      expect(refused.body, nameOf(route)).toMatchObject({ status: 403, code: 'forbidden' })
      const unseen = await as(player, route.method, pathOf(route, id), route.body)
      expect(unseen.body, nameOf(route)).toMatchObject(as404)
    }
  })

  it('rebuild an event’s projection only for administrators', async () => {
    const { id, operator } = await stageEvent()
    for (const person of [operator, await registerPlayer()]) {
      expect((await as(person, 'POST', `/events/${id}/rebuild`)).status).toBe(403)
    }
    expect((await as(await signedInAdmin(), 'POST', `/events/${id}/rebuild`)).body.id).toBe(id)
  })
})
