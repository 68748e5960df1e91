import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { call } from '../harness/client.ts'
import { registerPlayer } from '../harness/people.ts'
import { as, newKey, stageRaffle, sweep, useClock } from '../raffles/scenario.ts'
import { audit } from './audit.ts'

useClock()
it('audits', async () => {
  const staged = await stageRaffle({
    ticketPrice: { amount: 1000, currency: 'KES' },
    providers: ['sandbox'],
    drawAt: '2031-05-05T13:30:00.000Z',
  })
  const p = await registerPlayer()
  const a = await as(
    p,
    'POST',
    '/orders',
    { lines: [{ raffleId: staged.id, quantity: 2 }], payment: { provider: 'sandbox' } },
    { headers: { 'idempotency-key': newKey() } },
  )
  console.log(a.status, JSON.stringify(a.body))
  expect(await audit(env, { settled: false })).toEqual([])
  const url = new URL(a.body.payment.checkoutUrl)
  const done = await call('POST', url.pathname, {
    form: { action: 'approve' },
    headers: { origin: url.origin },
  })
  console.log(done.status)
  expect(await audit(env, { settled: true })).toEqual([])
  expect(await audit(env, { settled: true, raffles: [staged.id] })).toEqual([])
  console.log(JSON.stringify((await env.DB.prepare('SELECT * FROM transfers').all()).results))
  const r = await as(
    staged.operator,
    'POST',
    `/orders/${a.body.id}/refunds`,
    { reason: 'because so', lines: [{ line: 0, numbers: [1] }] },
    { headers: { 'idempotency-key': newKey() } },
  )
  console.log(r.status, JSON.stringify(r.body))
  expect(await audit(env, { settled: true })).toEqual([])
  const c = await as(staged.operator, 'POST', `/raffles/${staged.id}/cancel`, { reason: 'because so' })
  console.log(c.status)
  expect(await audit(env, { settled: false })).toEqual([])
  console.log(await audit(env, { settled: true }))
  await sweep()
  await sweep()
  await sweep()
  expect(await audit(env, { settled: true })).toEqual([])
  console.log(JSON.stringify((await env.DB.prepare('SELECT * FROM transfers').all()).results))
})
