/** Text as it is stored, hashed and shown: one Unicode form (NFC), trimmed, bounded. */
import * as z from 'zod'

/** No control characters, no lone surrogates, no line breaks, nothing that reorders the text around it. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u

/** One line: a name, a title, a reason. */
export const Line = (min: number, max: number) =>
  z
    .string()
    .normalize('NFC')
    .trim()
    .min(min)
    .max(max)
    .regex(ONE_LINE, 'must be one line without control characters')

/** Several lines: a description. */
export const LongText = (max: number) =>
  z
    .string()
    .refine((value) => value.isWellFormed(), 'must be well-formed text')
    .normalize('NFC')
    .trim()
    .max(max)
