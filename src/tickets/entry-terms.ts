/** The terms about who may take tickets. They are public, but the protocol of the draw does not know them. Pure. */
import * as z from 'zod'

export const EntryTerms = z.strictObject({
  /** `proved`: only people who have proved to read mail at their address. */
  entrants: z.enum(['anyone', 'proved']),
  /** Whether members of the organisation, and those who left it a short while ago, may take tickets. */
  staffMayEnter: z.boolean(),
  /** What a person must pass for each purchase. Entries that orders earned pass without it. */
  challenge: z.enum(['none', 'turnstile']),
  /** From which countries a person may take tickets (ISO 3166-1 alpha-2); null: from all. Entries that orders earned pass without it. */
  countries: z.array(z.string()).nullable(),
})
export type EntryTerms = z.infer<typeof EntryTerms>

/**
 * Nobody is refused. Pools from before these terms sell under them, because their buyers were promised nothing else. They
 * suit ticket types too: an organisation's staff may attend its events.
 */
export const OPEN_TO_ALL: EntryTerms = {
  entrants: 'anyone',
  staffMayEnter: true,
  challenge: 'none',
  countries: null,
}
