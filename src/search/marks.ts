/**
 * Marks: what a search filters by, as words of the index, so that one lookup finds the documents that pass every filter. A
 * mark has a letter for its kind and no space. Folded text never has a middle dot, so no text looks like a mark.
 */
import { fold } from '../core/fold.ts'

const mark = (kind: string, value: string | number): string => `${kind}·${value}`

const joined = (text: string): string => fold(text).replaceAll(' ', '·')

export const typeMark = (type: string): string => mark('y', type)
/** By its id, or by its slug: slugs are unique in an organisation only. */
export const categoryMark = (idOrSlug: string): string => mark('c', idOrSlug)
export const tagMark = (tag: string): string => mark('g', joined(tag))
export const cellMark = (cell: string): string => mark('k', cell)
export const monthMark = (ms: number): string =>
  mark('m', new Date(ms).toISOString().slice(0, 'YYYY-MM'.length))

/** A longer span is not looked up by its months. */
const MOST_MONTHS = 36

/** The months from an instant to another; null: they are too many. */
export function monthMarks(from: number, to: number): string[] | null {
  const start = new Date(from)
  const months: string[] = []
  for (let month = 0; month <= MOST_MONTHS; month++) {
    const at = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + month)
    if (at >= to) return months.length === 0 ? [monthMark(from)] : months
    months.push(monthMark(at))
  }
  return null
}
