// The prizes of a simulation. Winners claim them, change where to be paid, decline or forget them. Operators deliver, pay,
// disqualify and redraw, sometimes two requests about one prize at the same time.
import { env } from 'cloudflare:workers'
import type { Provider } from '../../src/money/provider-name.ts'
import type { Answer } from '../harness/client.ts'
import { agePayoutMethods, methodTo } from '../payouts/payout-stage.ts'
import { alarmRings, disputes, sandboxFails, sweeps } from './moves.ts'
import { approves, dealsWithPayout, marksPaid, requestsOrganiserPayout, retries } from './payouts.ts'
import { fulfils, requestsShopPayout, revokes } from './shop.ts'
import { type Choose, step, type Weighted } from './step.ts'
import type { World } from './world.ts'

export interface Prize {
  winnerId: string
  status: string
  raffleId: string
  unit: string
  userId: string
  kind: 'cash' | 'share' | 'item'
  payoutId: string | null
}

/** In an order that depends on the seed and not on the ids. */
const prizesThat = (condition: string): string => `
  SELECT winners.id AS winnerId, winners.status, winners.raffle_id AS raffleId, unit, winners.user_id AS userId, payouts.id AS payoutId,
    json_extract(prizes, '$[' || (CAST(unit AS INTEGER) - 1) || '].kind') AS kind
  FROM winners JOIN raffles ON raffles.id = winners.raffle_id
    LEFT JOIN payouts ON payouts.kind = 'prize' AND subject = winners.id
  WHERE ${condition} ORDER BY title, unit, winners.attempt`
const TO_CLAIM = prizesThat(`winners.status = 'announced'`)
const OPEN = prizesThat(`winners.status IN ('announced', 'claimed')`)
const GONE = prizesThat(`winners.status IN ('declined', 'expired', 'disqualified')`)

async function read(query: string): Promise<Prize[]> {
  const { results } = await env.DB.prepare(query).all<Prize>()
  return results
}

export const prizesToClaim = (): Promise<Prize[]> => read(TO_CLAIM)

const ADDRESS = { name: 'Amina', lines: ['1 Road'], city: 'Nairobi', country: 'KE' }

/** Where a winner wants the prize to be paid. */
interface Where {
  provider: Provider
  destination: string
}

export const pickWhere = (world: World): Where => ({
  provider: world.pickProvider(),
  destination: `account ${world.pick(['0112', '0115'])}`,
})

export async function claim(world: World, { winnerId, userId, kind }: Prize, where: Where): Promise<Answer> {
  const winner = world.buyers.find(({ id }) => id === userId)!
  const path = `/winners/${winnerId}/claim`
  if (kind === 'item') return world.call(winner, 'POST', path, { deliveryAddress: ADDRESS })
  const payoutMethodId = await methodOf(world, userId, where)
  const claimed = payoutMethodId === null ? null : await world.call(winner, 'POST', path, { payoutMethodId })
  // A phone that nobody has paid from is not proved, and M-Pesa pays whole shillings only.
  if (claimed === null || (claimed.status === 422 && world.isEverywhere)) {
    return world.call(winner, 'POST', path, {
      payoutMethodId: await methodOf(world, userId, { ...where, provider: 'sandbox' }),
    })
  }
  return claimed
}

/** A person has only a few payout methods and reuses them. Null: its provider cannot be reached. */
function methodOf(world: World, userId: string, where: Where): Promise<string | null> {
  const name = `${userId} ${where.provider} ${where.destination}`
  const made =
    world.methods.get(name) ??
    world
      .call(
        world.buyers.find(({ id }) => id === userId)!,
        'POST',
        '/users/me/payout-methods',
        methodTo(where.provider, world.destinationOf(where.provider, userId, where.destination)),
      )
      .then(async ({ status, body }) => {
        if (status !== 201) {
          world.methods.delete(name)
          return null
        }
        await agePayoutMethods(body.id)
        return body.id as string
      })
  world.methods.set(name, made)
  return made
}

/** A request about a prize. */
type Action = (world: World, prize: Prize, more: { where: Where; key: string }) => Promise<Answer | null>

const claims: Action = (world, prize, { where }) => claim(world, prize, where)
const declines: Action = (world, { winnerId, userId }) =>
  world.call(world.buyers.find(({ id }) => id === userId)!, 'POST', `/winners/${winnerId}/decline`)
/** Half of the proposals wait until the end. By the place that was picked anyway, so that this draws no random number. */
const disqualifies: Action = (world, { winnerId }, { where }) =>
  where.destination.endsWith('2') ? disqualify(world, winnerId) : propose(world, winnerId)
export const propose = (world: World, winnerId: string): Promise<Answer> =>
  world.call(world.operator, 'POST', `/winners/${winnerId}/disqualify`, { reason: 'Under age.' })
/** One operator proposes, and another one confirms at once. */
export async function disqualify(world: World, winnerId: string): Promise<Answer> {
  const proposed = await propose(world, winnerId)
  return proposed.status === 200 ? decide(world, winnerId, 'confirm') : proposed
}
export const decide = (world: World, winnerId: string, verb: 'confirm' | 'withdraw'): Promise<Answer> =>
  world.call(world.approver, 'POST', `/winners/${winnerId}/disqualify/${verb}`)
export const deliversPrize = (world: World, winnerId: string): Promise<Answer> =>
  world.call(world.operator, 'POST', `/winners/${winnerId}/deliver`)
const ofPayout =
  (action: typeof retries): Action =>
  async (world, { payoutId }, { key }) =>
    payoutId === null ? null : action(world, payoutId, key)

type Named = readonly [name: string, action: Action]

const CLAIMS: Named = ['claims', claims]
const DISQUALIFIES: Named = ['disqualifies', disqualifies]
const APPROVES: Named = ['approves', ofPayout(approves)]
const RETRIES: Named = ['retries', ofPayout(retries)]
const MARKS_PAID: Named = ['marks as paid', ofPayout(marksPaid)]
const DELIVERS: Named = ['delivers', (world, { winnerId }) => deliversPrize(world, winnerId)]
/** Likely actions by the prize's status. Some of them come too early or too late. */
const ACTIONS: Record<string, readonly Named[]> = {
  announced: [CLAIMS, CLAIMS, CLAIMS, CLAIMS, ['declines', declines], DISQUALIFIES, APPROVES],
  claimed: [APPROVES, APPROVES, APPROVES, RETRIES, MARKS_PAID, DELIVERS, CLAIMS, CLAIMS, DISQUALIFIES],
}

export const dealsWithPrize: Choose = (world) => {
  const place = world.below(100)
  const chances = [world.below(100), ...(world.chance(50) ? [world.below(100)] : [])]
  const doers = chances.map((chance) => ({ chance, where: pickWhere(world) }))
  const key = world.newKey()
  return {
    says: `${doers.length} requests about prize ${place}`,
    run: async () => {
      const open = await read(OPEN)
      const prize = open[place % open.length]
      if (prize === undefined) return
      const likely = ACTIONS[prize.status]!
      const actions = doers.map(({ chance, where }) => ({ named: likely[chance % likely.length]!, where }))
      const answers = await Promise.all(
        actions.map(({ named, where }) => named[1](world, prize, { where, key })),
      )
      const outcomes = actions.map(({ named }, at) => `${named[0]} → ${answers[at]?.status ?? 'nothing'}`)
      world.note(`  ${prize.status} ${prize.winnerId}: ${outcomes.join(', ')}`)
    },
  }
}

/** Requests a redraw before the sweep does, or at the same time. */
const drawsAgain: Choose = (world) => {
  const place = world.below(100)
  const key = world.newKey()
  return {
    says: 'the operator redraws a lost prize',
    run: async () => {
      const gone = await read(GONE)
      const prize = gone[place % gone.length]
      if (prize === undefined) return
      const path = `/raffles/${prize.raffleId}/redraws`
      const { status } = await world.call(
        world.operator,
        'POST',
        path,
        { units: [prize.unit], reason: 'gone' },
        key,
      )
      world.note(`  redrawn: ${prize.unit} → ${status}`)
    },
  }
}

const MOVES: readonly Weighted[] = [
  [12, dealsWithPrize],
  [4, dealsWithPayout],
  [2, requestsOrganiserPayout],
  [2, requestsShopPayout],
  [1, drawsAgain],
  [4, sweeps],
  [1, alarmRings],
  [1, sandboxFails],
  [2, fulfils],
  [1, revokes],
  [4, disputes],
]

export const dealWithPrizes = (world: World): Promise<void> => step(world, () => MOVES)
