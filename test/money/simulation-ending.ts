// How a simulation ends: what is still on its way arrives, raffles are drawn, winners and operators do their part, and
// the sweep has its time.
import { env } from 'cloudflare:workers'
import { GRACE_MS } from '../../src/orders/place-order.ts'
import type { Person } from '../harness/people.ts'
import { at, DAY, holderOf, MINUTE, read } from '../raffles/scenario.ts'
import { MAIL_FAULTS } from './simulation-mailer.ts'
import type { World } from './simulation-world.ts'

const ADDRESS = { name: 'Amina', lines: ['1 Road'], city: 'Nairobi', country: 'KE' }
/** Rounds of people and sweeps; more than any refund, payout or redraw needs. */
const ROUNDS = 8
const SWEEPS_A_ROUND = 40
/** The clock jumps to what is due next, and further each time: what is left then is due for good. */
const FIRST_JUMP_MINUTES = 9
const LONGEST_JUMP_MINUTES = 27
/** Nobody forgets to claim, so that no claim window has to run out. */
const FAR_AWAY_MS = 7 * DAY

export async function settle(world: World): Promise<void> {
  world.downUntil = 0
  // It alone may go on to fail: mails are tried for longer than that.
  if (world.chance(50)) world.mailer.fail(world.pick(MAIL_FAULTS)!, Date.now() + 30 * MINUTE)
  world.note('the end begins')
  for (const letter of world.letters) await world.deliver(letter)
  for (let round = 0; round < ROUNDS; round++) {
    await runOut(world)
    const before = await standing()
    await peopleAct(world)
    if ((await standing()) === before) break
  }
  await mustBeOver(world)
}

async function runOut(world: World): Promise<void> {
  let jump = FIRST_JUMP_MINUTES
  for (let count = 0; count < SWEEPS_A_ROUND; count++) {
    const due = await nextDue()
    if (due === null || due > Date.now() + FAR_AWAY_MS) return
    at(Math.max(Date.now() + jump * MINUTE, due))
    await world.sweep()
    jump = Math.min(3 * jump, LONGEST_JUMP_MINUTES)
  }
  world.wrong.push(`something is due after ${SWEEPS_A_ROUND} sweeps still`)
}

const DUE = [
  ...['orders', 'payments', 'refunds', 'payouts', 'raffles', 'pools', 'grants', 'mails', 'notices'].map(
    (table) => `SELECT min(due_at) AS due FROM ${table}`,
  ),
  'SELECT min(received_at) AS due FROM webhooks WHERE acted_at IS NULL',
  `SELECT min(held_until) + ${GRACE_MS} AS due FROM stock_holds WHERE state = 'held'`,
  'SELECT min(started_at) AS due FROM refund_runs WHERE finished_at IS NULL',
]

/** Of everything that the sweep looks after. */
async function nextDue(): Promise<number | null> {
  const answers = await env.DB.batch<{ due: number | null }>(DUE.map((query) => env.DB.prepare(query)))
  const due = answers.flatMap(({ results }) => results[0]!.due ?? [])
  return due.length === 0 ? null : Math.min(...due)
}

/** Of everything that people have a hand in: as long as it changes, there is more to do. */
async function standing(): Promise<string> {
  const answers = await env.DB.batch(
    ['raffles', 'winners', 'payouts', 'refunds'].map((table) =>
      env.DB.prepare(`SELECT id, status FROM ${table} ORDER BY id`),
    ),
  )
  return JSON.stringify(answers.map(({ results }) => results))
}

async function peopleAct(world: World): Promise<void> {
  await ofRows(`SELECT id FROM winners WHERE status = 'announced' ORDER BY raffle_id, unit`, (id) =>
    claim(world, id),
  )
  await ofRows('SELECT id FROM payments WHERE attention IS NOT NULL', (id) =>
    world.ask(world.operator, 'POST', `/payments/${id}/reconcile`),
  )
  const manual = `SELECT id FROM refunds WHERE provider = 'manual' AND status IN ('due', 'sent', 'failed')`
  await ofRows(manual, (id) =>
    world.ask(world.operator, 'POST', `/refunds/${id}/mark-paid`, { reference: 'cash' }),
  )
  const settled = `SELECT id FROM raffles WHERE status = 'settled'
    AND NOT EXISTS (SELECT 1 FROM payouts WHERE kind = 'organiser' AND subject = raffles.id)`
  await ofRows(settled, (id) => payOrganiser(world, id))
  await ofRows(`SELECT id FROM payouts WHERE status = 'requested'`, (id) =>
    twice(() => world.ask(world.approver, 'POST', `/payouts/${id}/approve`)),
  )
  await ofRows(`SELECT id FROM payouts WHERE provider = 'manual' AND status IN ('approved', 'sent')`, (id) =>
    twice(() => world.ask(world.operator, 'POST', `/payouts/${id}/mark-paid`, { reference: 'by bank' })),
  )
  await ofRows(`SELECT id FROM payouts WHERE status = 'failed'`, (id) =>
    twice(() => world.ask(world.approver, 'POST', `/payouts/${id}/retry`, {}, world.newKey())),
  )
}

/** Everything that moves money out is asked for twice at the same time. */
const twice = (ask: () => Promise<unknown>) => Promise.all([ask(), ask()])

async function ofRows(query: string, each: (id: string) => Promise<unknown>): Promise<void> {
  const { results } = await env.DB.prepare(query).all<{ id: string }>()
  for (const { id } of results) await each(id)
}

async function claim(world: World, winnerId: string): Promise<void> {
  const winner = await env.DB.prepare('SELECT unit, raffle_id FROM winners WHERE id = ?')
    .bind(winnerId)
    .first<{ unit: string; raffle_id: string }>()
  if (winner === null) return
  const holder = (await holderOf(winnerId)) as Person
  const { prizes } = await read(winner.raffle_id)
  const { kind } = prizes[Number(winner.unit.split('#')[0]) - 1]
  if (kind === 'item') {
    await world.ask(holder, 'POST', `/winners/${winnerId}/claim`, { deliveryAddress: ADDRESS })
    await world.ask(world.operator, 'POST', `/winners/${winnerId}/deliver`)
    return
  }
  const method = { provider: world.chance(70) ? 'sandbox' : 'manual', destination: 'account 0112' }
  const { body } = await world.ask(holder, 'POST', '/users/me/payout-methods', method)
  await twice(() => world.ask(holder, 'POST', `/winners/${winnerId}/claim`, { payoutMethodId: body.id }))
}

async function payOrganiser(world: World, raffleId: string): Promise<void> {
  const body = { raffleId, provider: 'sandbox', destination: 'account 0113' }
  await twice(() => world.ask(world.operator, 'POST', '/payouts', body, world.newKey()))
}

async function mustBeOver(world: World): Promise<void> {
  const open = await env.DB.prepare(
    `SELECT 'raffle ' || id || ' is left ' || status AS what FROM raffles
       WHERE status NOT IN ('settled', 'cancelled')
     UNION ALL SELECT 'refund ' || id || ' is left ' || status FROM refunds
       WHERE status NOT IN ('paid', 'refused')
     UNION ALL SELECT 'payout ' || id || ' is left ' || status FROM payouts
       WHERE status NOT IN ('paid', 'cancelled')`,
  ).all<{ what: string }>()
  world.wrong.push(...open.results.map(({ what }) => what))
}
