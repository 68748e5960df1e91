// The simulation finds each bug that is planted into the product.
import { PLANTED_BUGS } from '../harness/planted-bugs.ts'
import { PROVIDER_BUGS } from '../harness/planted-provider-bugs.ts'
import { simulationFinds } from './planted.ts'
import { live, sellOnly } from './simulation.ts'

const lifeOf = (name: string) => (PROVIDER_BUGS.some((bug) => bug.name === name) ? sellOnly : live)

simulationFinds(PLANTED_BUGS, lifeOf, {
  'send a disputed refund': 9,
  'charge nobody for a dispute': 6,
  'release a paid hold': 2,
  'revive a cancelled order': 5,
  'pay out under a new key each time': 6,
  'disqualify a winner who is being paid': 2,
  'settle as if nobody was paid': 2,
  'forget a refused mail': 2,
})
