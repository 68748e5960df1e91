/** Whole numbers that arrive as text: in a query, or as a setting. */
import * as z from 'zod'

const WHOLE = /^-?(0|[1-9]\d*)$/

/**
 * The number that a text writes with digits alone; any other value as it is, for the schema to refuse. `Number` would also
 * read `1e3`, `0x10`, ` 5`, and an empty text as 0.
 */
export const readWhole = (value: unknown): unknown =>
  typeof value === 'string' && WHOLE.test(value) ? Number(value) : value

/** The schema of a setting. In a query, plain schemas of numbers are enough: see `readQuery`. */
export const WholeNumber = (min: number, max: number) =>
  z.preprocess(readWhole, z.number().int().min(min).max(max))
