/** Did you mean: the nearest words that are in the index, for those that are not. Asked only if nothing was found. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { fold } from '../core/fold.ts'
import type { SearchQuery } from './contract.ts'
import { findDocuments, matchOf } from './find-documents.ts'
import { runTogether } from './search-database.ts'
import { allIn, phrasesOf, TEXT_COLUMNS } from './words.ts'

/** How many words that share letters with a misspelt one are compared with it. */
const MOST_CANDIDATES = 100
/** A shorter word is near almost everything. */
const FEWEST_LETTERS = 3
const MOST_LETTERS = 30
/** In a word of fewer letters only one may be wrong. */
const LONG_WORD = 6

/** Words with which the same filters find something; null: none are near. */
export async function suggest(ctx: Ctx, query: SearchQuery): Promise<string | null> {
  if (query.q === undefined) return null
  const words = fold(query.q).split(' ')
  const phrases = phrasesOf(query.q)
  if (phrases.length === 0 || phrases.length !== words.length) return null
  const nearest = await nearestWords(
    ctx,
    phrases.map((phrase) => phrase.join(' ')),
  )
  const meant = words.map((word, at) => nearest[at] ?? word)
  const text = meant.join(' ')
  if (text === words.join(' ')) return null
  const other = { ...query, q: text, limit: 1, sort: 'date' as const }
  const match = matchOf(other)
  const found = match === null ? [] : await findDocuments(ctx, other, match, undefined)
  return found.some(({ what }) => what === 'hit') ? text : null
}

interface Candidate {
  word: string
  /** Whether the word that was asked for begins a word of the index. */
  known: number
}

/** For each word the nearest one; null: the word itself begins a word of the index, or none is near. */
async function nearestWords(ctx: Ctx, words: readonly string[]): Promise<(string | null)[]> {
  const asked = words.filter((word) => isSpelt(word))
  if (asked.length === 0) return words.map(() => null)
  const candidates = await runTogether<Candidate>(
    ctx,
    asked.map(
      (word) => sql`
        SELECT word, EXISTS (SELECT 1 FROM texts WHERE texts MATCH ${allIn(TEXT_COLUMNS, [[word]])}) AS known
        FROM (SELECT rowid AS number FROM spellings WHERE spellings MATCH ${trigramsOf(word)}
          ORDER BY rank LIMIT ${MOST_CANDIDATES}) JOIN vocabulary USING (number)`,
    ),
  )
  const nearest = new Map(asked.map((word, at) => [word, nearestOf(word, candidates[at]!)]))
  return words.map((word) => nearest.get(word) ?? null)
}

const isSpelt = (word: string): boolean => {
  const { length } = [...word]
  return length >= FEWEST_LETTERS && length <= MOST_LETTERS && !word.includes(' ')
}

/** Three letters in a row, also with the word's ends. The middle dot is in no word. */
function trigramsOf(word: string): string {
  const letters = [...`··${word}··`]
  return letters
    .slice(2)
    .map(
      (_, at) =>
        `"${letters
          .slice(at, at + 3)
          .join('')
          .replaceAll('"', '""')}"`,
    )
    .join(' OR ')
}

function nearestOf(word: string, candidates: readonly Candidate[]): string | null {
  if (candidates[0]?.known === 1) return null
  const most = [...word].length < LONG_WORD ? 1 : 2
  let nearest: string | null = null
  let least = most + 1
  for (const candidate of candidates) {
    const steps = stepsBetween(word, candidate.word, most)
    // Of two that are equally near, the one that shares more trigrams came first.
    if (steps < least) [nearest, least] = [candidate.word, steps]
  }
  return nearest
}

/** How many letters must be added, left out, replaced or swapped with their neighbour; `most + 1` if it is more than `most`. */
export function stepsBetween(a: string, b: string, most: number): number {
  const [from, to] = [[...a], [...b]]
  if (Math.abs(from.length - to.length) > most) return most + 1
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      next[j] = Math.min(replaced, row[j]! + 1, next[j - 1]! + 1)
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      if (isSwapped) next[j] = Math.min(next[j]!, before[j - 2]! + 1)
    }
    before = row
    row = next
  }
  return Math.min(row[to.length]!, most + 1)
}
