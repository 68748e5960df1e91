// Guarantees at the end of a simulation: the organisation promises more than it has, with several raffles at once. All random
// choices come from a generator of its own, so they shift no other move.
import { env } from 'cloudflare:workers'
import { MAX_AMOUNT } from '../../src/core/money.ts'
import type { RandomBelow } from '../../src/tickets/pool/allocator.ts'
import { type Person, signedInAdmin } from '../harness/people.ts'
import { at, HOUR, iso, type Staged, stageDraft } from '../raffles/scenario.ts'
import { seededBelow } from '../tickets/seeded-random.ts'
import { approves } from './payouts.ts'
import { claim, prizesToClaim } from './winners.ts'
import { CURRENCY, type World } from './world.ts'

const ROUNDS = 3
/** Sums are whole hundreds: the sandbox fails or delays some others. */
const STEP = 100
const WHERE = { provider: 'sandbox', destination: 'account 0112' } as const
const money = (amount: number) => ({ amount, currency: CURRENCY })

export async function guaranteePrizes(world: World, seed: number): Promise<void> {
  const below = seededBelow(-seed)
  // The first numbers of neighbouring seeds are alike.
  for (let skip = 0; skip < 5; skip++) below(2)
  const admin = await signedInAdmin()
  for (let round = 0; round < ROUNDS && world.wrong.length === 0; round++) {
    const staged = await publishTooMany(world, below)
    await changeTheirMind(world, below, staged)
    for (const { id } of staged) {
      const buyer = world.buyers[below(world.buyers.length)]!
      await world.call(buyer, 'POST', '/tickets/purchase', { raffleId: id, quantity: 1 }, world.newKey())
    }
    if (below(2) === 0) await payIn(world, admin, `round ${round}`, STEP * below(30))
    world.wrong.push(...(await world.audit(false)))
    for (let hours = 0; hours < 3; hours++) {
      at(Date.now() + HOUR)
      await world.sweep()
    }
    if (below(3) > 0) await payWinners(world)
    world.wrong.push(...(await world.audit(false)))
  }
  // What the limit covered is paid in at last.
  await payIn(world, admin, 'the end', 1_000 * STEP)
  await payWinners(world)
  at(Date.now() + HOUR)
  await world.sweep()
}

/** Two raffles that the organisation can cover one by one, but not together, and one that it can never cover. */
async function publishTooMany(world: World, below: RandomBelow): Promise<Staged[]> {
  const path = `/organisations/${world.organisation.id}/balance`
  const { body } = await world.call(world.operator, 'GET', path)
  const { left, setAside, guaranteeLimit } = body.data[0]
  const free = Math.max(0, left.amount + guaranteeLimit.amount - setAside.amount)
  const half = Math.floor(free / 2 / STEP)
  const prizes = [half + 1 + below(half + 1), half + 1 + below(half + 1), MAX_AMOUNT / STEP]
  const staged = await Promise.all(prizes.map((steps) => stageGuaranteed(world, steps * STEP)))
  const answers = await Promise.all(
    [...staged, ...staged].map(({ id }) => world.call(world.operator, 'POST', `/raffles/${id}/publish`)),
  )
  world.note(
    `guarantees of ${prizes.join(', ')} × ${STEP} → ${answers.map(({ status }) => status).join(', ')}`,
  )
  return staged
}

const stageGuaranteed = (world: World, amount: number): Promise<Staged> =>
  stageDraft(
    {
      title: 'Guaranteed',
      closesAt: iso(Date.now() + HOUR),
      drawAt: iso(Date.now() + 2 * HOUR),
      prizes: [{ title: 'Cash', quantity: 1, kind: 'cash', value: money(amount) }],
      guaranteed: true,
    },
    world.organisation,
  )

/** Changes the prizes of some and cancels others, at the same time. */
async function changeTheirMind(world: World, below: RandomBelow, staged: Staged[]): Promise<void> {
  const wishes = staged.map(({ id }) => ({ id, wish: below(4), amount: STEP * (1 + below(700)) }))
  const answers = await Promise.all(
    wishes.map(({ id, wish, amount }) => {
      const prizes = [{ title: 'Cash', quantity: 1, kind: 'cash', value: money(amount) }]
      if (wish === 0) return world.call(world.operator, 'PUT', `/raffles/${id}`, { prizes })
      const reason = { reason: 'The organisation has changed its mind.' }
      return wish === 1 ? world.call(world.operator, 'POST', `/raffles/${id}/cancel`, reason) : null
    }),
  )
  const what = wishes.map(({ wish, amount }) => [`prize of ${amount}`, 'cancel', '–', '–'][wish])
  world.note(`  then ${what.join(', ')} → ${answers.map((each) => each?.status ?? '–').join(', ')}`)
}

/** Every winner claims, and every prize is approved twice at the same time. */
async function payWinners(world: World): Promise<void> {
  for (const prize of await prizesToClaim()) {
    if (!world.forgotten.has(prize.winnerId)) await claim(world, prize, WHERE)
  }
  const { results } = await env.DB.prepare(`SELECT id FROM payouts WHERE status = 'requested'`).all<{
    id: string
  }>()
  for (const { id } of results) await Promise.all([approves(world, id), approves(world, id)])
}

const payIn = (world: World, admin: Person, reference: string, amount: number) =>
  world.call(admin, 'POST', `/organisations/${world.organisation.id}/top-ups`, {
    reference,
    provider: 'sandbox',
    amount: money(amount),
  })
