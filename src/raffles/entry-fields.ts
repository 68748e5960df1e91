/** The fields of a raffle that say who may enter. */
import { FORMER_MEMBER_DAYS } from '../accounts/staff.ts'
import { SaleCountriesIn } from '../core/countries.ts'
import { EntryTerms } from '../tickets/entry-terms.ts'

export const entryFields = {
  entrants: EntryTerms.shape.entrants.meta({
    description: '`proved`: only people who have proved their e-mail address may enter.',
  }),
  staffMayEnter: EntryTerms.shape.staffMayEnter.meta({
    description: `Whether members of the organisation may enter. They count as members for ${FORMER_MEMBER_DAYS} days after they left.`,
  }),
  challenge: EntryTerms.shape.challenge.meta({
    description:
      '`turnstile`: each purchase must send the token of a Turnstile widget, made with `turnstileSiteKey`. Entries that orders earn need none.',
  }),
  countries: SaleCountriesIn,
}

/** The terms of a new raffle, and of templates and series from before there were such terms. */
export const NEW_ENTRY_TERMS: EntryTerms = {
  entrants: 'anyone',
  staffMayEnter: false,
  challenge: 'none',
  countries: null,
}
