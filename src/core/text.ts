/** Text as it is stored, hashed and shown: one Unicode form (NFC), trimmed, bounded. */
import * as z from 'zod'

/** No control characters, no lone surrogates, no line breaks, nothing that reorders the text around it. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u
/** The same but for line breaks and tabs. */
const LINES = /^([^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]|[\n\t])*$/u
/** Spaces of no width and letters that fill a place would publish a raffle without a title. */
const VISIBLE = /^$|(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u
/** As forms send them, and as old files have them. */
const CARRIAGE_RETURNS = /\r\n?/g

/** One line: a name, a title, a reason. */
export const Line = (min: number, max: number) =>
  z
    .string()
    .normalize('NFC')
    .trim()
    .min(min)
    .max(max)
    .regex(ONE_LINE, { error: 'must be one line without control characters', abort: true })
    .regex(VISIBLE, 'must have a character that can be seen')

/** Several lines: a description. */
export const LongText = (max: number) =>
  z
    .string()
    .overwrite((text) => text.replaceAll(CARRIAGE_RETURNS, '\n'))
    .normalize('NFC')
    .trim()
    .max(max)
    .regex(LINES, 'must be text without control characters')

/** A reason that is written down with what was done. */
export const Reason = z.strictObject({ reason: Line(3, 500) })

export const OptionalReason = z.strictObject({ reason: Line(3, 500).optional() })
