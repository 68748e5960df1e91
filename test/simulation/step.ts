// A step of a simulation: time passes, then one move runs, or a few at the same time. A move draws all its random numbers
// when it is chosen, before it acts. So a seed repeats its moves, whatever the responses and the order of parallel moves.
import { at, MINUTE, SECOND } from '../raffles/scenario.ts'
import type { World } from './world.ts'

export interface Move {
  says: string
  run: () => Promise<unknown>
}

export type Choose = (world: World) => Move
export type Weighted = readonly [weight: number, choose: Choose]

export const NOTHING: Move = { says: 'nothing', run: async () => {} }

/** Prefers the latest items, because they can still change. */
export function recent<Item>({ below }: World, items: readonly Item[]): Item | undefined {
  const back = Math.min(below(items.length + 1), below(items.length + 1))
  return items[items.length - 1 - back]
}

export const times = (count: number, send: () => Promise<unknown>): Promise<unknown> =>
  Promise.all(Array.from({ length: count }, send))

function chooseOf(world: World, moves: readonly Weighted[]): Move {
  let left = world.below(moves.reduce((sum, [weight]) => sum + weight, 0))
  for (const [weight, choose] of moves) {
    left -= weight
    if (left < 0) return choose(world)
  }
  return NOTHING
}

function pauseMs({ below }: World): number {
  const pause = below(10)
  if (pause < 5) return below(5 * SECOND)
  if (pause < 8) return below(MINUTE)
  return below((pause < 9 ? 4 : 13) * MINUTE)
}

/** Calls `moves` before it chooses each move. */
export async function step(world: World, moves: () => readonly Weighted[]): Promise<void> {
  at(Date.now() + pauseMs(world))
  const count = world.chance(25) ? 2 + world.below(3) : 1
  const chosen = Array.from({ length: count }, () => chooseOf(world, moves()))
  world.note(chosen.map(({ says }) => says).join('; at the same time '))
  await Promise.all(chosen.map(({ run }) => run()))
}
