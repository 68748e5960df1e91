/** A series in its wire shape. */
import { toInstant } from '../../core/time.ts'
import { toTermColumns } from '../columns.ts'
import { NEW_ENTRY_TERMS } from '../entry-fields.ts'
import type { Series } from './contract.ts'
import type { FoundSeries } from './find-series.ts'
import { namedTerms } from './raffle-of-day.ts'

export function presentSeries({ series, organisation }: FoundSeries): Series {
  const { id, title, status, cadence, time, timeZone, opensBefore, closesBefore, startsOn, endsOn } = series
  return {
    id,
    organisation: { id: organisation.id, slug: organisation.slug, name: organisation.name },
    title,
    status,
    cadence,
    time,
    timeZone,
    opensBefore,
    closesBefore,
    startsOn,
    endsOn,
    terms: {
      ...NEW_ENTRY_TERMS,
      ...series.terms,
      // Rows from before these fields existed have none.
      categoryId: series.terms.categoryId ?? null,
      poolLocation: series.terms.poolLocation ?? null,
      maxPerUser: toTermColumns(namedTerms(series)).maxPerUser,
    },
    createdAt: toInstant(series.createdAt),
    updatedAt: toInstant(series.updatedAt),
  }
}
