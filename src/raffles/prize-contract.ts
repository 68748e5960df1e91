/** The prizes of a raffle on the wire. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Money, MoneyIn } from '../core/money.ts'
import { Line } from '../core/text.ts'

export const MAX_PRIZES = 100
export const MAX_PRIZE_UNITS = 1_000

/** A share of the takings in basis points; 10,000 is all of them. */
const Share = z.strictObject({ shareBps: z.number().int().min(1).max(10_000) })

export const Prize = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('item'),
      title: z.string(),
      quantity: z.number().int(),
      value: Money.nullable(),
      productId: Id('product').optional().describe('Its product, whose stock publication sets aside.'),
      ticketTypeId: Id('ticketType').optional().describe('Of an admission. Members alone see a hidden one.'),
    }),
    z.strictObject({ kind: z.literal('cash'), title: z.string(), quantity: z.number().int(), value: Money }),
    z.strictObject({ kind: z.literal('share'), title: z.string(), quantity: z.number().int(), value: Share }),
  ])
  .meta({ id: 'Prize' })
export type Prize = z.infer<typeof Prize>

const prizeBase = { title: Line(1, 120), quantity: z.number().int().min(1).max(MAX_PRIZE_UNITS) }
/** The inner `optional` lets a prize without a kind match as an item, so that its errors are those of an item. */
const ItemKind = z.literal('item').optional().default('item')
const PrizeIn = z
  .discriminatedUnion('kind', [
    z.strictObject({
      ...prizeBase,
      kind: ItemKind,
      value: MoneyIn.nullable().default(null),
      productId: Id('product').optional(),
      ticketTypeId: Id('ticketType').optional(),
    }),
    z.strictObject({ ...prizeBase, kind: z.literal('cash'), value: MoneyIn }),
    z.strictObject({ ...prizeBase, kind: z.literal('share'), value: Share }),
  ])
  .meta({
    id: 'NewPrize',
    description:
      'A prize of one rank: an item, a fixed sum of cash, or a share of the takings. An item with `productId` is a product of the same organisation; one with `ticketTypeId` is an admission to one of its events.',
  })

export const PrizesIn = z.array(PrizeIn).min(1).max(MAX_PRIZES)
