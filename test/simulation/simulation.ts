// The simulation: a seed drives buyers, winners, operators, shops, a bad network and the clock. Then the clock runs until
// everything can settle, and the audit checks all money, stock, entries, prizes and mails. A seed always repeats its moves.
import { reset } from 'cloudflare:test'
import { migrateAll } from '../harness/databases.ts'
import type { LogPattern } from '../harness/log.ts'
import { at, NOW } from '../raffles/scenario.ts'
import { settle } from './ending.ts'
import { holdEvent } from './events.ts'
import { guaranteePrizes } from './guarantees.ts'
import { sell } from './moves.ts'
import { PROVOKED_AT_PROVIDERS } from './providers/moves.ts'
import { sellByEveryProvider } from './providers/sale.ts'
import { ANSWER_LOST, SANDBOX_DOWN, World } from './world.ts'

const STEPS_MIN = 20
const STEPS_MORE = 16
const AUDIT_PERCENT = 6
export const SEED_TIMEOUT_MS = 120_000
/** The log lines of faults that a seed provokes: the sandbox is down, or its responses are lost. */
export const PROVOKED: LogPattern[] = [
  { reason: SANDBOX_DOWN },
  { reason: ANSWER_LOST },
  { reason: 'The webhook had no effect: sandbox could not be reached.' },
  { reason: /^sandbox cannot be reached\./ },
  ...PROVOKED_AT_PROVIDERS,
]
/** How many of the last steps a failure shows. */
const STEPS_SHOWN = 40

export type Life = (world: World, seed: number) => Promise<void>

/**
 * Runs one seed. Returns null, or the failures in sentences with the last steps. `life`: which part of it. `done`: counts
 * what has succeeded.
 */
export async function simulate(
  seed: number,
  { life = live, done }: { life?: Life; done?: Map<string, number> } = {},
): Promise<string | null> {
  await reset()
  await migrateAll()
  at(NOW)
  const world = new World(seed)
  try {
    await life(world, seed)
  } catch (error) {
    world.wrong.push(`it threw ${error instanceof Error ? error.stack : String(error)}`)
  }
  for (const [what, count] of world.done) done?.set(what, (done.get(what) ?? 0) + count)
  if (world.wrong.length === 0) return null
  const steps = world.steps.slice(-STEPS_SHOWN)
  return [
    `seed ${seed} (again: FROM=${seed} SEEDS=1${life === eventOnly ? ' PART=event' : ''} npm run simulate):`,
    ...world.wrong.map((each) => `  ✗ ${each}`),
    'after',
    ...steps.map((each) => `  ${each}`),
  ].join('\n')
}

export async function live(world: World, seed: number): Promise<void> {
  await world.build()
  const steps = STEPS_MIN + world.below(STEPS_MORE)
  for (let count = 0; count < steps; count++) {
    world.isLate = count > steps / 2
    await sell(world)
    if (world.chance(AUDIT_PERCENT)) world.wrong.push(...(await world.audit(false)))
    if (world.wrong.length > 0) return
  }
  // Checked before the end too, because a later draw can hide a failure.
  world.wrong.push(...(await world.audit(false)))
  if (world.wrong.length > 0) return
  await settle(world)
  if (world.wrong.length === 0) await guaranteePrizes(world, seed)
  if (world.wrong.length === 0) await holdEvent(world)
  if (world.wrong.length === 0) await sellByEveryProvider(world)
  world.wrong.push(...(await world.audit(true)))
}

/** Only what people buy and are paid by M-Pesa and Stripe too. */
export async function sellOnly(world: World): Promise<void> {
  await world.build()
  await sellByEveryProvider(world)
  world.wrong.push(...(await world.audit(true)))
}

/** An event alone, which takes a fraction of the time. */
export async function eventOnly(world: World): Promise<void> {
  await world.buildShop()
  await holdEvent(world)
  world.wrong.push(...(await world.audit(true)))
}
