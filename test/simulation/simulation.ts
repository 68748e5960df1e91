// The simulation: a seed drives buyers, winners, operators, shops, a bad network and the clock; then the clock runs until
// everything can be settled, and the audit says whether all money, stock, entries, prizes and mails are accounted for. A seed decides the same.
import { applyD1Migrations, reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { Said } from '../harness/log.ts'
import { at, NOW } from '../raffles/scenario.ts'
import { settle } from './ending.ts'
import { sell } from './moves.ts'
import { ANSWER_LOST, SANDBOX_DOWN, World } from './world.ts'

const STEPS_MIN = 20
const STEPS_MORE = 16
const AUDIT_PERCENT = 6
export const SEED_TIMEOUT_MS = 60_000
/** What the log says of the faults that a seed brings: a sandbox that is down, or whose answers are lost. */
export const PROVOKED: Said[] = [
  { reason: SANDBOX_DOWN },
  { reason: ANSWER_LOST },
  { reason: 'Nothing came of it: sandbox could not be asked.' },
  { reason: /^sandbox cannot be reached\./ },
]
/** Of a failure, so many steps are shown. */
const STEPS_TOLD = 40

/** What is wrong after `seed`, in sentences with the last steps; null: nothing. */
export async function simulate(seed: number): Promise<string | null> {
  await reset()
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS)
  at(NOW)
  const world = new World(seed)
  try {
    await live(world)
  } catch (error) {
    world.wrong.push(`it threw ${error instanceof Error ? error.stack : String(error)}`)
  }
  if (world.wrong.length === 0) return null
  const steps = world.steps.slice(-STEPS_TOLD)
  return [
    `seed ${seed} (again: FROM=${seed} SEEDS=1 npm run simulate):`,
    ...world.wrong.map((each) => `  ✗ ${each}`),
    'after',
    ...steps.map((each) => `  ${each}`),
  ].join('\n')
}

async function live(world: World): Promise<void> {
  await world.build()
  const steps = STEPS_MIN + world.below(STEPS_MORE)
  for (let count = 0; count < steps; count++) {
    world.isLate = count > steps / 2
    await sell(world)
    if (world.chance(AUDIT_PERCENT)) world.wrong.push(...(await world.audit(false)))
    if (world.wrong.length > 0) return
  }
  // Some of what is wrong now would be right once raffles are drawn.
  world.wrong.push(...(await world.audit(false)))
  if (world.wrong.length > 0) return
  await settle(world)
  world.wrong.push(...(await world.audit(true)))
}
