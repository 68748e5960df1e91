// The routes of orders and refunds refuse everyone who is not signed in.
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { protectedRoutes, type Route } from '../harness/auth-battery.ts'
import { operations } from '../harness/client.ts'

const ORDER = `/api/v1/orders/${newId('order')}`
const headers = { 'idempotency-key': 'a-key' }
const payment = { provider: 'sandbox' }

const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/api/v1/orders',
    body: { lines: [{ raffleId: newId('raffle'), quantity: 1 }], payment },
    headers,
  },
  { method: 'GET', path: '/api/v1/orders' },
  { method: 'GET', path: ORDER },
  { method: 'POST', path: `${ORDER}/pay`, body: payment, headers },
  { method: 'POST', path: `${ORDER}/cancel` },
  { method: 'POST', path: `${ORDER}/refunds`, body: { reason: 'rain' }, headers },
  { method: 'GET', path: `${ORDER}/refunds` },
  { method: 'POST', path: `${ORDER}/take-back`, body: { line: 0, numbers: [3], reason: 'rain' } },
  { method: 'POST', path: `${ORDER}/fulfilment`, body: { line: 0, status: 'packed' } },
  {
    method: 'POST',
    path: `/api/v1/refunds/${newId('refund')}/mark-paid`,
    body: { reference: 'cash 1' },
  },
  {
    method: 'POST',
    path: `/api/v1/refunds/${newId('refund')}/mark-failed`,
    body: { reason: 'It is not in the statement.' },
  },
]
protectedRoutes(ROUTES)

describe('the routes of orders and refunds', () => {
  it('are all tested in this file', () => {
    const known = ROUTES.map(({ method, path }) => `${method} ${path.replace(/(order|refund)_\w+/, ':id')}`)
    const declared = operations
      .filter(({ path }) => /^\/api\/v1\/(orders|refunds)/.test(path))
      .map(({ method, path }) => `${method} ${path}`)
    expect(known.sort()).toEqual([...new Set(declared)].sort())
  })
})
