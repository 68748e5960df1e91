/** Raffle tickets as a line of an order. */
import { Id } from '../../core/ids.ts'
import { account } from '../../money/ledger.ts'
import { raffles } from '../../raffles/schema.ts'
import { isOneOf } from '../find-order.ts'
import type { LinePort } from '../line.ts'
import { unitsNamed } from '../unit-text.ts'
import { poolLine } from './pool-line.ts'

export const raffleLine: LinePort<'raffleId'> = {
  ...poolLine,
  reference: { field: 'raffleId', id: Id('raffle') },
  words: { item: 'raffle', unit: 'ticket', cancelled: 'raffle' },
  texts: {
    issued: (count) => `${count === 1 ? '1 ticket' : `${count} tickets`} issued.`,
    taken: (title, isOnly) => (isOnly ? 'The numbers' : `The numbers of “${title}”`),
    refunded: (labels, title, isOnly) => `${unitsNamed('ticket', labels)}${isOnly ? '' : ` of “${title}”`}`,
    whyKept: 'the list of tickets is fixed for the draw',
    keptDespiteDispute: (units) =>
      `Still in the draw, because its list of tickets is fixed: ${units}. A prize that they win may be withheld.`,
    keptAtALoss: (units) =>
      `Still in the draw, because its list of tickets is fixed: ${units}. The organisation bears the price. A winner can be disqualified.`,
  },
  giveBack: null,

  acceptedProviders: (ctx, itemIds) =>
    ctx.db
      .select({ title: raffles.title, providers: raffles.providers })
      .from(raffles)
      .where(isOneOf(raffles.id, itemIds)),

  // Until the draw a raffle keeps its takings, and after it nothing is refunded.
  mayBePaidOut: async () => [],

  takings: ({ itemId }) => ({ account: account.takings(itemId), raffleId: itemId }),
}
