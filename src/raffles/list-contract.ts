/** The shapes of the list of raffles, and of a raffle in a path. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Currency } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { AnyOf } from '../core/query.ts'
import { SearchWords } from '../core/search.ts'
import { IdOrSlug } from '../core/slug.ts'
import { Raffle, RaffleStatus } from './contract.ts'

export const RafflePage = Page(Raffle)

export const RaffleParams = z.object({ id: Id('raffle') })
export const RaffleKey = z.object({ id: IdOrSlug('raffle') })

export const ListRaffles = PageQuery.extend({
  status: AnyOf(RaffleStatus).optional(),
  organisationId: Id('organisation').optional(),
  seriesId: Id('series').optional(),
  categoryId: Id('category').optional(),
  currency: Currency.optional().describe('Only ticket prices in this currency.'),
  q: SearchWords.optional().describe('Words in the title.'),
  sort: z.enum(['drawAt', '-drawAt', '-createdAt']).default('-createdAt'),
})
export type ListRaffles = z.infer<typeof ListRaffles>
