// How a simulation ends: late webhooks arrive, raffles are drawn, winners and operators act, and sweeps run until nothing
// is left to do.
import { env } from 'cloudflare:workers'
import { GRACE_MS } from '../../src/tickets/pool-contract.ts'
import { signedInAdmin } from '../harness/people.ts'
import { as, at, HOUR, MINUTE } from '../raffles/scenario.ts'
import { MAIL_FAULTS } from './mailer.ts'
import {
  approves,
  drawsOnAnotherTill,
  marksPaid,
  requestOrganiserPayout,
  retries,
  topsUp,
} from './payouts.ts'
import {
  claim,
  dealWithPrizes,
  decide,
  deliversPrize,
  disqualify,
  type Prize,
  pickWhere,
  prizesToClaim,
  propose,
} from './winners.ts'
import type { World } from './world.ts'

/** Random steps about prizes and payouts, before everybody does what is left to do. */
const PRIZE_STEPS_MIN = 4
const PRIZE_STEPS_MORE = 5
/** Rounds of actions and sweeps: more than any refund, payout or redraw needs. */
const ROUNDS = 16
const SWEEPS_A_ROUND = 40
/** The clock jumps to the next due time, and further each time. What is due even then stays due for ever. */
const FIRST_JUMP_MINUTES = 9
const LONGEST_JUMP_MINUTES = 81
/** Only the end of a claim window is due later than this, and people act before it. */
const FAR_AWAY_MS = 6 * HOUR
const FORGETS_PERCENT = 12

export async function settle(world: World): Promise<void> {
  world.bringSandboxBack()
  // Only the mail provider may keep failing: mails are retried for longer than this.
  if (world.chance(50)) world.mailer.fail(world.pick(MAIL_FAULTS)!, Date.now() + 30 * MINUTE)
  world.note('the end begins')
  for (const webhook of world.webhooks) await world.deliver(webhook)
  await sweepUntilIdle(world)
  const steps = PRIZE_STEPS_MIN + world.below(PRIZE_STEPS_MORE)
  for (let count = 0; count < steps; count++) await dealWithPrizes(world)
  world.bringSandboxBack()
  await drawsOnAnotherTill(world)
  // Checked before the organisation pays in, because that can hide a till that lacked money.
  world.wrong.push(...(await world.audit(false)))
  const admin = await signedInAdmin()
  await twice(() => topsUp(world, admin))
  await finish(world)
}

/** Sweeps and people act in turn, until nothing is left to do. */
export async function finish(world: World): Promise<void> {
  for (let round = 0; round < ROUNDS && world.wrong.length === 0; round++) {
    await sweepUntilIdle(world)
    const before = await statuses()
    await peopleAct(world)
    if ((await statuses()) !== before) continue
    // Only the claim windows of forgotten prizes are left.
    const due = await nextDue()
    if (due === null) break
    await sweepAt(world, due)
  }
  await checkNothingIsOpen(world)
  await checkTrialBalance(world)
}

interface Shown {
  account: string
  currency: string
  debit: number
  credit: number
}

/** The trial balance must equal the sums of the ledger's rows, and add up to zero. */
async function checkTrialBalance(world: World): Promise<void> {
  const { body } = await as(await signedInAdmin(), 'GET', '/ledger/trial-balance')
  const rows = env.DB.prepare('SELECT debit, credit, currency, amount FROM transfers')
  const { results } = await rows.all<{ debit: string; credit: string; currency: string; amount: number }>()
  const left = new Map<string, number>()
  const add = (account: string, currency: string, amount: number) => {
    const key = `${account} in ${currency}`
    left.set(key, (left.get(key) ?? 0) + amount)
  }
  for (const { debit, credit, currency, amount } of results) {
    add(debit, currency, amount)
    add(credit, currency, -amount)
  }
  let total = 0
  for (const { account, currency, debit, credit } of body.data as Shown[]) {
    add(account, currency, credit - debit)
    total += debit - credit
  }
  for (const [account, amount] of left) {
    if (amount !== 0) world.wrong.push(`the trial balance is off by ${amount} for ${account}`)
  }
  if (total !== 0 || !body.balanced) world.wrong.push(`the trial balance sums to ${total}`)
}

/** Sweeps until nothing is due within `FAR_AWAY_MS`. */
export async function sweepUntilIdle(world: World): Promise<void> {
  let jump = FIRST_JUMP_MINUTES
  for (let count = 0; count < SWEEPS_A_ROUND; count++) {
    const due = await nextDue()
    if (due === null || due > Date.now() + FAR_AWAY_MS) return
    await sweepAt(world, Math.max(Date.now() + jump * MINUTE, due))
    jump = Math.min(3 * jump, LONGEST_JUMP_MINUTES)
  }
  world.wrong.push(`something is still due after ${SWEEPS_A_ROUND} sweeps`)
}

async function sweepAt(world: World, ms: number): Promise<void> {
  at(ms)
  await world.meanwhile()
  await world.sweep()
}

const DUE = [
  ...[
    'orders',
    'payments',
    'pools',
    'grants',
    'mails',
    'notices',
    'ticket_types',
    'capacity_groups',
    'event_notices',
    'ticket_transfers',
    'ticket_returns',
  ].map((table) => `SELECT min(due_at) AS due FROM ${table}`),
  // What M-Pesa or Stripe does not confirm is polled each hour, until people have looked at the provider's statement.
  ...['refunds', 'payouts'].map(
    (table) => `SELECT min(due_at) AS due FROM ${table}
      WHERE NOT (provider IN ('mpesa', 'stripe') AND status = 'sent' AND attention IS NOT NULL)`,
  ),
  // A drawn raffle keeps checking for refunds that wait for people.
  `SELECT min(due_at) AS due FROM raffles WHERE status <> 'drawn'
     OR NOT EXISTS (SELECT 1 FROM refunds WHERE status NOT IN ('paid', 'refused'))`,
  'SELECT min(received_at) AS due FROM webhooks WHERE acted_at IS NULL',
  'SELECT min(tell_at) AS due FROM sandbox_charges',
  `SELECT min(held_until) + ${GRACE_MS} AS due FROM stock_holds WHERE state = 'held'`,
  'SELECT min(started_at) AS due FROM refund_runs WHERE finished_at IS NULL',
]

/** When the sweep has something to do next; null: never. */
async function nextDue(): Promise<number | null> {
  const answers = await env.DB.batch<{ due: number | null }>(DUE.map((query) => env.DB.prepare(query)))
  const due = answers.flatMap(({ results }) => results[0]!.due ?? [])
  return due.length === 0 ? null : Math.min(...due)
}

/** The status of everything that people act on. While it changes, people have more to do. */
async function statuses(): Promise<string> {
  const answers = await env.DB.batch([
    ...['raffles', 'winners', 'payouts', 'refunds'].map((table) =>
      env.DB.prepare(`SELECT id, status FROM ${table} ORDER BY id`),
    ),
    env.DB.prepare('SELECT winner_id, status FROM disqualifications ORDER BY winner_id'),
  ])
  return JSON.stringify(answers.map(({ results }) => results))
}

async function peopleAct(world: World): Promise<void> {
  await world.manage()
  for (const prize of await prizesToClaim()) await claimOrForget(world, prize)
  await forEachId('SELECT id FROM payments WHERE attention IS NOT NULL', (id) =>
    world.call(world.operator, 'POST', `/payments/${id}/reconcile`),
  )
  const manual = `SELECT id FROM refunds WHERE provider = 'manual' AND status IN ('due', 'sent', 'failed')`
  await forEachId(manual, (id) =>
    world.call(world.operator, 'POST', `/refunds/${id}/mark-paid`, { reference: 'cash' }),
  )
  const settled = `SELECT id FROM raffles WHERE status = 'settled'
    AND NOT EXISTS (SELECT 1 FROM payouts WHERE kind = 'organiser' AND raffle_id = raffles.id)`
  await forEachId(settled, (id) => twice(() => requestOrganiserPayout(world, id, 'sandbox')))
  await forEachId(`SELECT id FROM winners WHERE status = 'claimed' AND delivery_address IS NOT NULL`, (id) =>
    deliversPrize(world, id),
  )
  // One payout meets a proposal that waits.
  await forEachId(
    `SELECT subject AS id FROM payouts JOIN winners ON winners.id = subject JOIN raffles ON raffles.id = winners.raffle_id
     WHERE kind = 'prize' AND payouts.status = 'requested' ORDER BY title, unit, winners.attempt LIMIT 1`,
    (id) => propose(world, id),
  )
  await forEachId(`SELECT id FROM payouts WHERE status = 'requested'`, (id) =>
    twice(() => approves(world, id)),
  )
  // Too late to disqualify: their payouts are sent.
  await forEachId(`SELECT subject AS id FROM payouts WHERE kind = 'prize' AND status = 'sent'`, (id) =>
    disqualify(world, id),
  )
  await forEachId(
    `SELECT id FROM payouts WHERE provider = 'manual' AND status IN ('approved', 'sent')`,
    (id) => twice(() => marksPaid(world, id)),
  )
  await forEachId(`SELECT id FROM payouts WHERE status = 'failed'`, (id) =>
    twice(() => retries(world, id, world.newKey())),
  )
  // A dispute may have taken the money back since the shop requested it.
  await forEachId(`SELECT id FROM payouts WHERE kind = 'shop' AND status IN ('requested', 'failed')`, (id) =>
    world.call(world.approver, 'POST', `/payouts/${id}/cancel`),
  )
  // Last, so that everything before has met the proposals that wait.
  await forEachId(
    `SELECT winner_id AS id FROM disqualifications JOIN winners ON winners.id = winner_id
       JOIN raffles ON raffles.id = raffle_id
     WHERE disqualifications.status = 'proposed' AND winners.status IN ('announced', 'claimed')
     ORDER BY title, unit, winners.attempt`,
    (id) => decide(world, id, world.chance(50) ? 'confirm' : 'withdraw'),
  )
}

/** Every request that moves money is sent twice at the same time. */
const twice = (send: () => Promise<unknown>) => Promise.all([send(), send()])

async function forEachId(query: string, each: (id: string) => Promise<unknown>): Promise<void> {
  const { results } = await env.DB.prepare(query).all<{ id: string }>()
  for (const { id } of results) await each(id)
}

/** Most winners claim their prize. Some forget it and never do. */
async function claimOrForget(world: World, prize: Prize): Promise<void> {
  const forgets = world.chance(FORGETS_PERCENT)
  const where = pickWhere(world)
  if (forgets) world.forgotten.add(prize.winnerId)
  if (!world.forgotten.has(prize.winnerId)) await twice(() => claim(world, prize, where))
}

async function checkNothingIsOpen(world: World): Promise<void> {
  const open = await env.DB.prepare(
    `SELECT 'raffle ' || id || ' is left ' || status AS what FROM raffles
       WHERE status NOT IN ('draft', 'settled', 'cancelled')
     UNION ALL SELECT 'refund ' || id || ' is left ' || status FROM refunds
       WHERE status NOT IN ('paid', 'refused')
     UNION ALL SELECT 'payout ' || id || ' is left ' || status FROM payouts
       WHERE status NOT IN ('paid', 'cancelled')`,
  ).all<{ what: string }>()
  world.wrong.push(...open.results.map(({ what }) => what))
}
