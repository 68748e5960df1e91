// Permissions on series: everybody reads them, only members who may write the organisation's raffles change them.
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { operations } from '../harness/client.ts'
import { addOperator, organisationWithOperator, registerPlayer } from '../harness/people.ts'
import { as, readAll, useClock } from './scenario.ts'
import { seriesBody, stageSeries } from './series-stage.ts'

const SERIES = newId('series')
const PRIZES = { prizes: [{ title: 'A mug', quantity: 1 }] }

const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/api/v1/series', body: seriesBody() },
  { method: 'PUT', path: `/api/v1/series/${SERIES}`, body: { title: 'Weekly' } },
  { method: 'PUT', path: `/api/v1/series/${SERIES}/rewards/2031-05-06`, body: PRIZES },
  { method: 'DELETE', path: `/api/v1/series/${SERIES}/rewards/2031-05-06` },
  { method: 'PUT', path: `/api/v1/series/${SERIES}/skips/2031-05-06` },
  { method: 'DELETE', path: `/api/v1/series/${SERIES}/skips/2031-05-06` },
  { method: 'DELETE', path: `/api/v1/series/${SERIES}` },
]
const OF_ONE = ROUTES.filter(({ path }) => path.includes(SERIES))

protectedRoutes(ROUTES)

describe('the protected routes of series', () => {
  useClock()

  it('are all in this file', () => {
    const known = ROUTES.map(
      ({ method, path }) =>
        `${method} ${path.replace(/series_\w+/, ':id').replace(/\d{4}-\d{2}-\d{2}/, ':date')}`,
    )
    const declared = operations
      .filter(({ path, description }) => path.startsWith('/api/v1/series') && description.auth === 'user')
      .map(({ method, path }) => `${method} ${path}`)
    expect(known.sort()).toEqual(declared.sort())
  })

  it('answer outsiders exactly as for an unknown id', async () => {
    const { id, body, organisation } = await stageSeries()
    const { operator } = await organisationWithOperator()
    const janitor = await addOperator(organisation.id, 'janitor')
    for (const { method, path, body: sent } of OF_ONE) {
      const local = path.replace('/api/v1', '')
      for (const person of [operator, await registerPlayer()]) {
        const unknown = await as(person, method, local, sent)
        const theirs = await as(person, method, local.replace(SERIES, id), sent)
        expect(unknown.body.detail).toBe('No such series.')
        expect({ ...theirs.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' })
      }
      expect((await as(janitor, method, local.replace(SERIES, id), sent)).status).toBe(403)
    }
    expect((await as(null, 'GET', `/series/${id}`)).body).toEqual(body)
    expect((await as(janitor, 'POST', '/series', seriesBody())).status).toBe(403)
  })

  it('let everybody read, page by page', async () => {
    const { id, body, organisation, operator } = await stageSeries()
    const second = (await as(operator, 'POST', '/series', seriesBody({ title: 'Second' }))).body
    const mine = `/series?organisationId=${organisation.id}`
    expect(await readAll(mine, 1)).toEqual([second, body])
    await as(operator, 'PUT', `/series/${second.id}`, { status: 'ended' })
    expect(await readAll(`${mine}&status=active`, 10)).toEqual([body])
    for (const date of ['2031-05-08', '2031-05-06', '2031-05-07']) {
      await as(operator, 'PUT', `/series/${id}/rewards/${date}`, PRIZES)
    }
    const rewards = await readAll(`/series/${id}/rewards`, 2)
    expect(rewards.map(({ date }) => date)).toEqual(['2031-05-06', '2031-05-07', '2031-05-08'])
    for (const path of ['', '/rewards', '/occurrences']) {
      expect((await as(null, 'GET', `/series/${SERIES}${path}`)).status).toBe(404)
    }
  })
})
