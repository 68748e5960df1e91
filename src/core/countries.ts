/** Countries by their codes (ISO 3166-1 alpha-2), and where a request comes from. */
import isISO31661Alpha2 from 'validator/lib/isISO31661Alpha2.js'
import * as z from 'zod'
import { keep } from './keep.ts'
import type { Settings } from './settings.ts'

/** A country that exists. */
export const CountryCode = z
  .string()
  .refine(
    (code) => code === code.toUpperCase() && isISO31661Alpha2(code),
    'must be a country code such as KE',
  )

const MOST_COUNTRIES = 250

/** Countries in a request; null: every country. */
export const CountriesIn = z
  .array(CountryCode)
  .min(1)
  .max(MOST_COUNTRIES)
  .refine((codes) => new Set(codes).size === codes.length, 'must not name a country twice')
  .nullable()

/** Where a raffle or event may be sold, in a request. */
export const SaleCountriesIn = CountriesIn.meta({
  description:
    'The countries from which people may take tickets, as ISO 3166-1 alpha-2. Null: those to which the organisation sells. Publication fixes them. Entries that orders earn are not limited by them.',
})

export const SaleCountries = z
  .array(z.string())
  .nullable()
  .describe(
    'The countries from which people may take tickets; null: all, or in a draft those of the organisation.',
  )

/** Cloudflare's codes for a connection from an unknown country, and for one through the Tor network. */
const UNKNOWN = 'XX'
const TOR = 'T1'

/**
 * The country of a connection, as Cloudflare sees it; null in development, where nobody sees it. There the header names a
 * country to try: in production a client could send it too, so it does not count.
 */
export function countryOf(request: Request, { ENVIRONMENT }: Pick<Settings, 'ENVIRONMENT'>): string | null {
  if (ENVIRONMENT === 'development') return request.headers.get('cf-ipcountry')
  const { country } = (request.cf ?? {}) as { country?: string | null }
  return country ?? UNKNOWN
}

const namesIn = keep((language: string) => new Intl.DisplayNames([language], { type: 'region' }))
const listIn = keep((language: string) => new Intl.ListFormat(language, { type: 'conjunction' }))

export const countryName = (code: string): string => namesIn('en').of(code) ?? code

const MOST_NAMED = 10

/** `Kenya, Tanzania, and Uganda`; of a long list only the first ones. */
export function countryNames(codes: readonly string[]): string {
  const named = codes.slice(0, MOST_NAMED).map(countryName)
  const others = codes.length - named.length
  return listIn('en').format(others === 0 ? named : [...named, `${others} other countries`])
}

/**
 * Why somebody who connects from `country` may not have what is for `countries`, as the end of a sentence. Null: they may.
 * A null country: nobody connects, or nobody sees from where.
 */
export function whyNotFrom(
  countries: readonly string[] | null,
  country: string | null | undefined,
): string | null {
  if (countries === null || country == null || countries.includes(country)) return null
  const where =
    country === UNKNOWN || country === TOR
      ? 'We cannot see in which country you are. Try without a VPN or Tor.'
      : `You connect from ${countryName(country)}.`
  return `is for people in ${countryNames(countries)} only. ${where}`
}
