/** Searches events, raffles and products. One trip to the search database, and two more if nothing is found. */
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { readCursor, toPage } from '../core/paging.ts'
import type { Facets, SearchedType, SearchHit, SearchPage, SearchQuery, ShownHit } from './contract.ts'
import { type FoundRow, findDocuments, MOST_MATCHES, matchOf, sortOf } from './find-documents.ts'
import { suggest } from './suggest.ts'

/** The sort order comes first, because a cursor is valid only in the order that made it. */
const CursorKey = z.tuple([z.string(), z.number(), z.string()])

export async function search(ctx: Ctx, query: SearchQuery): Promise<SearchPage> {
  const sort = sortOf(query)
  const last = readCursor(query.cursor, CursorKey, sort)
  const isFirst = last === undefined
  const match = matchOf(query)
  const rows =
    match === null
      ? []
      : await findDocuments(ctx, query, match, isFirst ? undefined : { key: last[1], id: last[2] })
  const of = (what: FoundRow['what']) => rows.filter((row) => row.what === what)
  const hits = of('hit').sort((a, b) => a.key - b.key || (a.id < b.id ? -1 : 1))
  const page = toPage(hits, query.limit, ({ key, id }) => [sort, key, id], presentHit)
  const [count] = of('count')
  const facets = isFirst ? facetsOf(of) : null
  return {
    ...page,
    total: isFirst ? (count?.key ?? 0) : null,
    complete: Number(count?.label ?? 0) <= MOST_MATCHES,
    facets,
    didYouMean: isFirst && hits.length === 0 ? await suggest(ctx, query) : null,
  }
}

function presentHit({ label, status, km }: FoundRow): SearchHit {
  const shown = JSON.parse(String(label)) as ShownHit
  return {
    ...shown,
    status: status as SearchHit['status'],
    // To the metre.
    distanceKm: km === null ? null : Math.round(km * 1_000) / 1_000,
  }
}

/** The most frequent first, equal ones by name. */
function facetsOf(of: (what: FoundRow['what']) => FoundRow[]): Facets {
  const counted = (what: FoundRow['what']) => of(what).sort((a, b) => b.key - a.key || (a.id < b.id ? -1 : 1))
  return {
    types: counted('type').map(({ id, key }) => ({ type: id as SearchedType, count: key })),
    categories: counted('category').map(({ id, label, key }) => ({
      slug: id,
      name: String(label),
      count: key,
    })),
    cities: counted('city').map(({ label, key }) => ({ city: String(label), count: key })),
    tags: counted('tag').map(({ label, key }) => ({ tag: String(label), count: key })),
  }
}
