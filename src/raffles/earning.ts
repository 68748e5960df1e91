/** How orders or admissions earn entries in a raffle: the rule, its validation, and the entries that an amount earns. Pure. */
import * as z from 'zod'
import type { FieldError } from '../core/errors.ts'
import { Id } from '../core/ids.ts'
import { MAX_AMOUNT } from '../core/money.ts'
import { MAX_TICKETS_A_CALL } from '../tickets/pool-contract.ts'

const Amount = z.number().int().min(1).max(MAX_AMOUNT)

const rule = {
  minAmount: Amount.nullable()
    .default(null)
    .describe('Minor units of the raffle’s currency; a smaller order earns nothing. Null: any order earns.'),
  oncePerPerson: z
    .boolean()
    .default(false)
    .describe('Whether only the first earning order of each person counts.'),
}

export const Earning = z
  .discriminatedUnion('per', [
    z.strictObject({ per: z.literal('order'), ...rule }),
    z.strictObject({
      per: z.literal('amount'),
      ...rule,
      amountPerEntry: Amount,
      maxPerOrder: z.number().int().min(1).max(MAX_TICKETS_A_CALL).nullable().default(null),
    }),
    z.strictObject({
      per: z.literal('admission'),
      eventId: Id('event').describe('An event of the same organisation.'),
    }),
  ])
  .meta({
    id: 'Earning',
    description:
      'One entry per order, or one for each `amountPerEntry` of its amount; at most 1,000 per order. Amounts are minor units of the raffle’s currency. `admission`: one entry for each admission to the event, free or paid, while it is valid.',
  })
export type Earning = z.infer<typeof Earning>

/** How many entries an order of `amount` earns, or one admission. */
export function entriesOf(earning: Earning, amount: number): number {
  if (earning.per === 'admission') return 1
  if (amount < (earning.minAmount ?? 1)) return 0
  if (earning.per === 'order') return 1
  return Math.min(Math.floor(amount / earning.amountPerEntry), earning.maxPerOrder ?? MAX_TICKETS_A_CALL)
}

/** Whether only the first earning order of each person counts. Every admission counts. */
export const isOncePerPerson = (earning: Earning | null): boolean =>
  earning !== null && earning.per !== 'admission' && earning.oncePerPerson

interface Entering {
  entry: 'purchase' | 'order'
  earning: Earning | null
  priceAmount: number
  numbering: 'sequential' | 'random' | 'chosen'
}

/** Only raffles with earned entries have a rule. Their entries are free, and nobody chooses numbers. */
export function wrongEarning({ entry, earning, priceAmount, numbering }: Entering): FieldError[] {
  if (entry === 'purchase') {
    return earning === null ? [] : [{ path: 'earning', message: 'is only for raffles whose entry is order' }]
  }
  const errors: FieldError[] = []
  if (earning === null) errors.push({ path: 'earning', message: 'say how entries are earned' })
  if (priceAmount > 0)
    errors.push({ path: 'ticketPrice.amount', message: 'must be 0: entries are earned by orders' })
  if (numbering === 'chosen')
    errors.push({ path: 'numbering', message: 'must not be chosen: entries are earned by orders' })
  return errors
}
