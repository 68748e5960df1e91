import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { refundWithin } from '../../src/orders/refund-raffle.ts'
import { readRefundRun } from '../../src/orders/read-refund-run.ts'
import { sweepRefunds } from '../../src/orders/sweep-refunds.ts'
import { newId } from '../../src/core/ids.ts'
import { testContext, signedInAdmin } from '../harness/people.ts'
import { stageRaffle } from '../raffles/scenario.ts'
const TOTAL = 100_000
it('refunds 100000', { timeout: 300_000 }, async () => {
  const iso = (ms: number) => new Date(Date.now() + ms).toISOString()
  const staged = await stageRaffle({ ticketPrice: { amount: 500, currency: 'KES' }, providers: ['sandbox'], opensAt: iso(-1000), closesAt: iso(3600_000), drawAt: iso(7200_000) })
  for (let done = 0; done < TOTAL; done += 5000) {
    const ids = Array.from({ length: 5000 }, () => newId('order'))
    const rows = JSON.stringify(ids.map((id) => [id, newId('payment')]))
    const run = (q: string) => env.DB.prepare(q).bind(rows)
    await env.DB.batch([
      run(`INSERT INTO orders (id, user_id, key, request, currency, amount, status, pay_until, receipt, settled_at, created_at, updated_at) SELECT value->>0, value->>0, 'k', '', 'KES', 500, 'paid', 0, 'sandbox:c' || (value->>1), 1, 0, 0 FROM json_each(?1)`),
      run(`INSERT INTO order_lines (order_id, line, kind, item_id, organisation_id, title, quantity, unit_amount, state, reservation_id) SELECT value->>0, 0, 'raffle', '${staged.id}', 'x', 'A', 1, 500, 'issued', value->>0 FROM json_each(?1)`),
      run(`INSERT INTO payments (id, order_id, key, provider, amount, currency, status, reference, created_at, updated_at) SELECT value->>1, value->>0, '', 'sandbox', 500, 'KES', 'succeeded', value->>1, 0, 0 FROM json_each(?1)`),
      run(`INSERT INTO receipts (provider, reference, payment_id, order_id, amount, currency, at) SELECT 'sandbox', 'c' || (value->>1), value->>1, value->>0, 500, 'KES', 0 FROM json_each(?1)`),
    ])
  }
  await env.DB.prepare(`INSERT INTO refund_runs (raffle_id, reason, started_at) VALUES (?, 'rain', ?)`).bind(staged.id, Date.now()).run()
  const log: string[] = []
  let t = Date.now(); let pages = 0; let sweeps = 0
  for (;;) { const n = await refundWithin(testContext(), { ordersAPage: 500, maxMs: 10_000 }); sweeps++; pages += n; log.push(`sweep ${sweeps}: ${n} pages ${Date.now() - t} ms`); if (n === 0 || sweeps > 30) break
    const r = await env.DB.prepare('SELECT finished_at f, done FROM refund_runs').first<any>(); if (r.f) { log.push('done ' + r.done); break } }
  const ctx = testContext(); ctx.actor = await signedInAdmin().then((a) => ({ userId: a.id, sessionId: a.sessionId }))
  t = Date.now(); const p = await readRefundRun(ctx, staged.id); log.push(`progress ${Date.now() - t} ms ${JSON.stringify(p)}`)
  t = Date.now(); const s = await sweepRefunds(testContext()); log.push(`sent ${JSON.stringify(s)} in ${Date.now() - t} ms`)
  await env.DB.prepare('UPDATE refunds SET due_at = NULL').run()
  throw new Error(log.join('\n'))
})
