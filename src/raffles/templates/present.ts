/** A raffle template in its wire shape, with the economics of a sold-out raffle. */
import { toInstant } from '../../core/time.ts'
import { toTermColumns } from '../columns.ts'
import type { SavedTerms } from '../contract.ts'
import { settleTakings } from '../economics.ts'
import { NEW_ENTRY_TERMS } from '../entry-fields.ts'
import type { Economics, RaffleTemplate } from './contract.ts'
import type { FoundTemplate } from './find-template.ts'

export function presentTemplate({ template, organisation }: FoundTemplate): RaffleTemplate {
  const { id, name, colour, terms, createdAt, updatedAt } = template
  return {
    id,
    organisation: { id: organisation.id, slug: organisation.slug, name: organisation.name },
    name,
    colour,
    ...NEW_ENTRY_TERMS,
    ...terms,
    // Rows from before these fields existed have none.
    categoryId: terms.categoryId ?? null,
    poolLocation: terms.poolLocation ?? null,
    maxPerUser: toTermColumns(terms).maxPerUser,
    economics: economicsOf(terms),
    createdAt: toInstant(createdAt),
    updatedAt: toInstant(updatedAt),
  }
}

/** The economics when every ticket is sold. */
function economicsOf(terms: SavedTerms): Economics {
  const { takings, rake, units, organiser } = settleTakings(toTermColumns(terms), terms.totalTickets)
  const sum = (amount: number) => ({ amount, currency: terms.ticketPrice.currency })
  return {
    totalTakings: sum(takings),
    rake: sum(rake),
    prizePool: sum(takings - rake),
    prizePerWinner: terms.prizes.map(({ kind, title, quantity }, index) => ({
      title,
      winners: quantity,
      // Rounding may give equal shares amounts that differ by one minor unit: show the smallest.
      amount: kind === 'item' ? null : sum(smallest(units, index + 1, quantity)),
    })),
    organiser: sum(organiser),
  }
}

function smallest(units: Map<string, number>, rank: number, quantity: number): number {
  const amounts = Array.from({ length: quantity }, (_, copy) => units.get(`${rank}#${copy + 1}`)!)
  return Math.min(...amounts)
}
