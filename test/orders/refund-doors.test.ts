// The doors of refunds refuse whoever is not signed in.
import { newId } from '../../src/core/ids.ts'
import { protectedDoors } from '../harness/auth-battery.ts'

const ORDER = newId('order')

protectedDoors([
  {
    method: 'POST',
    path: `/api/v1/orders/${ORDER}/refunds`,
    body: { reason: 'rain' },
    headers: { 'idempotency-key': 'a-key' },
  },
  { method: 'GET', path: `/api/v1/orders/${ORDER}/refunds` },
  {
    method: 'POST',
    path: `/api/v1/refunds/${newId('refund')}/mark-paid`,
    body: { reference: 'cash 1' },
  },
])
