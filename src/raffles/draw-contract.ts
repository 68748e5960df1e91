/** How a raffle is drawn, on the wire: by a beacon, or by the numbers of an official lottery. */
import * as z from 'zod'
import { LocalDate } from '../core/cadence.ts'
import { Id } from '../core/ids.ts'
import { ATTENTIONS } from '../lotteries/schema.ts'

export const BeaconDraw = z.strictObject({ method: z.literal('beacon') })
const LotteryDraw = z.strictObject({
  method: z.literal('lottery'),
  lotteryId: Id('lottery').describe('The lottery.'),
  date: LocalDate.describe('The day of the official draw, in the time zone of the lottery.'),
  digits: z
    .number()
    .int()
    .min(1)
    .max(6)
    .describe('How many of the last digits of an official number count. The tickets are 0 to 10^digits − 1.'),
  ifNobody: z
    .enum(['none', 'next'])
    .describe('If nobody has the number: nobody wins, or the next higher number that was sold does.'),
})

export const Draw = z.discriminatedUnion('method', [BeaconDraw, LotteryDraw]).meta({
  id: 'DrawMethod',
  description: 'A public beacon draws, or the numbers of an official lottery decide.',
})
export type Draw = z.infer<typeof Draw>

/** Of a raffle that a beacon draws. */
export const DEFAULT_REDRAWS = { onUnclaimed: 'redraw', maxRedraws: 3 } as const

export const OfficialResults = z
  .strictObject({
    accepted: z
      .number()
      .int()
      .describe('How many confirmed results have decided it: the first, then each correction.'),
    refused: z.number().int().describe('How many corrections came after a prize was paid or delivered.'),
    attention: z
      .enum([...ATTENTIONS, 'skipped'])
      .nullable()
      .describe(
        'What is wrong with the result in the lottery’s records. `skipped`: the draw was not held. Only members see it; null for everybody else.',
      ),
  })
  .meta({ id: 'OfficialResults' })
