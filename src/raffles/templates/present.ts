/** A raffle template as it is answered, with what a raffle of its terms comes to when it is sold out. */
import { toInstant } from '../../core/time.ts'
import { toTermColumns } from '../columns.ts'
import type { SavedTerms } from '../contract.ts'
import { settleTakings } from '../economics.ts'
import type { Economics, RaffleTemplate } from './contract.ts'
import type { FoundTemplate } from './find-template.ts'

export function presentTemplate({ template, organisation }: FoundTemplate): RaffleTemplate {
  const { id, name, colour, terms, createdAt, updatedAt } = template
  return {
    id,
    organisation: { id: organisation.id, slug: organisation.slug, name: organisation.name },
    name,
    colour,
    ...terms,
    // Terms that were saved before there were categories have none.
    categoryId: terms.categoryId ?? null,
    maxPerUser: toTermColumns(terms).maxPerUser,
    economics: economicsOf(terms),
    createdAt: toInstant(createdAt),
    updatedAt: toInstant(updatedAt),
  }
}

/** When every ticket is sold. */
export function economicsOf(terms: SavedTerms): Economics {
  const { takings, rake, units, organiser } = settleTakings(toTermColumns(terms), terms.totalTickets)
  const sum = (amount: number) => ({ amount, currency: terms.ticketPrice.currency })
  return {
    totalTakings: sum(takings),
    rake: sum(rake),
    prizePool: sum(takings - rake),
    prizePerWinner: terms.prizes.map(({ kind, title, quantity }, index) => ({
      title,
      winners: quantity,
      // Of shares that the last minor unit tells apart, the smallest.
      amount: kind === 'item' ? null : sum(smallest(units, index + 1, quantity)),
    })),
    organiser: sum(organiser),
  }
}

function smallest(units: Map<string, number>, rank: number, quantity: number): number {
  const amounts = Array.from({ length: quantity }, (_, copy) => units.get(`${rank}#${copy + 1}`)!)
  return Math.min(...amounts)
}
