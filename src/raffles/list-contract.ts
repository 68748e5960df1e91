/** What a list of raffles may be asked for. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Currency } from '../core/money.ts'
import { PageQuery } from '../core/paging.ts'
import { AnyOf } from '../core/query.ts'
import { SearchWords } from '../core/search.ts'
import { RaffleStatus } from './contract.ts'

export const ListRaffles = PageQuery.extend({
  status: AnyOf(RaffleStatus).optional(),
  organisationId: Id('organisation').optional(),
  seriesId: Id('series').optional(),
  categoryId: Id('category').optional(),
  currency: Currency.optional().describe('Only ticket prices in this currency.'),
  q: SearchWords.optional().meta({ description: 'Words in the title.' }),
  sort: z.enum(['drawAt', '-drawAt', '-createdAt']).default('-createdAt'),
})
export type ListRaffles = z.infer<typeof ListRaffles>
