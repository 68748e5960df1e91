/** Schemas of text: one Unicode form (NFC), trimmed, bounded. */
import * as z from 'zod'

/** No control characters, lone surrogates, line breaks or characters that reorder text. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u
/** The same, but line breaks and tabs are allowed. */
const LINES = /^([^\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]|[\n\t])*$/u
/** Without this check, zero-width spaces and filler letters would publish a raffle with an empty title. */
const VISIBLE = /^$|(?![\p{Default_Ignorable_Code_Point}\u2800])[\p{L}\p{N}\p{P}\p{S}]/u
/** Forms send CRLF, and old files have CR. */
const CARRIAGE_RETURNS = /\r\n?/g

// Checks that all texts share. Each method of a schema would make a check and a copy of the schema, at every start.
const composed = z.normalize('NFC')
const trimmed = z.trim()
const oneLine = z.regex(ONE_LINE, { error: 'must be one line without control characters', abort: true })
const visible = z.regex(VISIBLE, 'must have a visible character')

/** One line: a name, a title, a reason. */
export const Line = (min: number, max: number) =>
  z.string().check(composed, trimmed, z.minLength(min), z.maxLength(max), oneLine, visible)

/** Several lines: a description. */
export const LongText = (max: number) =>
  z
    .string()
    .overwrite((text) => text.replaceAll(CARRIAGE_RETURNS, '\n'))
    .normalize('NFC')
    .trim()
    .max(max)
    .regex(LINES, 'must be text without control characters')

/** A reason that is stored with an action. */
export const Reason = z.strictObject({ reason: Line(3, 500) }).meta({ id: 'Reason' })

export const OptionalReason = z
  .strictObject({ reason: Line(3, 500).optional() })
  .meta({ id: 'OptionalReason' })
