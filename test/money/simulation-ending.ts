// How a simulation ends: what is still on its way arrives, raffles are drawn, winners and operators do their part, and
// the sweep has its time.
import { env } from 'cloudflare:workers'
import type { Person } from '../harness/people.ts'
import { at, holderOf, MINUTE, read, winnersOf } from '../raffles/scenario.ts'
import type { World } from './simulation-world.ts'

const ADDRESS = { name: 'Amina', lines: ['1 Road'], city: 'Nairobi', country: 'KE' }
/** Rounds of people and sweeps; more than any refund, payout or redraw needs. */
const ROUNDS = 8
/** The last look at a payment is an hour after it; refunds are tried again after 1, 4, 16 and 64 minutes. */
const PAUSES_MINUTES = [1, 1, 5, 10, 25, 60] as const

export async function settle(world: World): Promise<void> {
  world.downUntil = 0
  world.note('the end begins')
  for (const letter of world.letters) await world.deliver(letter)
  for (const pause of PAUSES_MINUTES) await wait(world, pause)
  for (const raffle of world.raffles) await toItsDraw(world, raffle.id)
  for (let round = 0; round < ROUNDS; round++) {
    const before = await standing()
    await peopleAct(world)
    for (const pause of PAUSES_MINUTES.slice(0, 4)) await wait(world, pause)
    if ((await standing()) === before) break
  }
  for (const raffle of world.raffles) await mustBeOver(world, raffle.id)
}

async function wait(world: World, minutes: number): Promise<void> {
  at(Date.now() + minutes * MINUTE)
  await world.sweep()
}

async function toItsDraw(world: World, id: string): Promise<void> {
  const { freezeAt, effectiveDrawAt } = await read(id)
  for (const instant of [freezeAt, effectiveDrawAt]) {
    at(Math.max(Date.now(), Date.parse(instant)))
    await world.sweep()
  }
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
  for (const { id } of world.raffles) for (const winner of await winnersOf(id)) await claim(world, winner.id)
  await ofRows('SELECT id FROM payments WHERE attention IS NOT NULL', (id) =>
    world.ask(world.operator, 'POST', `/payments/${id}/reconcile`),
  )
  const manual = `SELECT id FROM refunds WHERE provider = 'manual' AND status IN ('due', 'sent', 'failed')`
  await ofRows(manual, (id) =>
    world.ask(world.operator, 'POST', `/refunds/${id}/mark-paid`, { reference: 'cash' }),
  )
  for (const { id } of world.raffles) await payOrganiser(world, id)
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
  const winner = await env.DB.prepare('SELECT status, unit, raffle_id FROM winners WHERE id = ?')
    .bind(winnerId)
    .first<{ status: string; unit: string; raffle_id: string }>()
  if (winner === null || winner.status !== 'announced') return
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
  if ((await read(raffleId)).status !== 'settled') return
  const body = { raffleId, provider: 'sandbox', destination: 'account 0113' }
  await twice(() => world.ask(world.operator, 'POST', '/payouts', body, world.newKey()))
}

async function mustBeOver(world: World, id: string): Promise<void> {
  const { status } = await read(id)
  if (status !== 'settled' && status !== 'cancelled') world.wrong.push(`raffle ${id} is left ${status}`)
  const open = await env.DB.prepare(
    `SELECT id || ' is left ' || status AS what FROM refunds WHERE status NOT IN ('paid', 'refused')
     UNION ALL SELECT id || ' is left ' || status FROM payouts WHERE status NOT IN ('paid', 'cancelled')`,
  ).all<{ what: string }>()
  for (const { what } of open.results) if (!world.wrong.includes(what)) world.wrong.push(what)
}
