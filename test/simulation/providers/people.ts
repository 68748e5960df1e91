// What operators and administrators do about money that M-Pesa or Stripe did not report: they compare it with the provider's
// statement, which here is the fake's own books. Nothing that is unknown may be missing on their lists.
import { env } from 'cloudflare:workers'
import { signedInAdmin } from '../../harness/people.ts'
import type { World } from '../world.ts'
import type { ProviderNetwork } from './network.ts'

interface PaymentRow {
  id: string
  attention: string | null
  dueAt: number | null
  isCredited: number
}

const PAYMENTS = `SELECT id, attention, due_at AS dueAt,
    EXISTS (SELECT 1 FROM receipts WHERE payment_id = payments.id) AS isCredited
  FROM payments WHERE provider IN ('mpesa', 'stripe')`

interface SentRow {
  id: string
  paymentId: string | null
  status: string
  attention: string | null
  dueAt: number | null
}

const sentFrom = (table: 'refunds' | 'payouts'): string =>
  `SELECT id, ${table === 'refunds' ? 'payment_id' : 'NULL'} AS paymentId, status, attention, due_at AS dueAt FROM ${table}
   WHERE provider IN ('mpesa', 'stripe') AND status IN ('due', 'sent', 'failed')`

const read = async <Row>(query: string): Promise<Row[]> => (await env.DB.prepare(query).all<Row>()).results

export async function manageProviders(world: World, network: ProviderNetwork): Promise<void> {
  const admin = await signedInAdmin()
  for (const row of await read<PaymentRow>(PAYMENTS)) {
    const paid = network.promptsOf(row.id).find(({ code }) => code === 0)
    const isMissing = paid !== undefined && row.isCredited === 0
    if (isMissing && row.attention === null && row.dueAt === null) {
      world.wrong.push(`payment ${row.id} was paid, is not credited, and nobody is told`)
    }
    if (row.attention === null) continue
    const path = `/payments/${row.id}`
    const done = isMissing
      ? await world.call(admin, 'POST', `${path}/receipts`, { reference: paid.receipt })
      : await world.call(admin, 'POST', `${path}/dismiss`, { reason: 'Compared with the statement.' })
    world.note(`  “${row.attention}” → ${isMissing ? 'recorded' : 'dismissed'} ${done.status}`)
  }
  for (const table of ['refunds', 'payouts'] as const) {
    for (const row of await read<SentRow>(sentFrom(table))) {
      const { mpesa, stripe, reference } = network.arrivalsOf(row.id)
      const hasArrived = mpesa + stripe > 0
      if (row.attention === null && row.dueAt === null) {
        world.wrong.push(`${row.id} is ${row.status}, and nobody is told`)
      }
      if (row.attention === null) continue
      const path = `/${table}/${row.id}`
      if (row.status === 'failed' && hasArrived) {
        world.wrong.push(`${row.id} has arrived, and is shown as failed: ${row.attention}`)
      } else if (table === 'refunds' && row.status === 'failed') {
        // Some are tried once more, and by hand at the same time: only one of them may pay.
        const again = world.chance(50)
        await Promise.all([
          world.call(world.operator, 'POST', `${path}/mark-paid`, { reference: 'cash' }),
          again && world.call(world.operator, 'POST', `/payments/${row.paymentId}/reconcile`),
        ])
      } else if (row.status === 'sent') {
        const verb = hasArrived ? 'mark-paid' : 'mark-failed'
        const body = hasArrived ? { reference } : { reason: 'The statement does not have it.' }
        const { status } = await world.call(admin, 'POST', `${path}/${verb}`, body)
        world.note(`  ${row.id} “${row.attention}” → ${verb} ${status}`)
      }
    }
  }
}
