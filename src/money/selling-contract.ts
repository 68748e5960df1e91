/** The shapes of how an organisation sells: by which providers, in which currencies, to which countries. */
import * as z from 'zod'
import { CountriesIn } from '../core/countries.ts'
import { CURRENCIES } from '../core/currencies.ts'
import { EXAMPLE_ORGANISATION } from '../core/examples.ts'
import { Id } from '../core/ids.ts'
import { CurrencyIn } from '../core/money.ts'
import { Instant } from '../core/time.ts'
import { Provider } from './provider-name.ts'
import { ProviderIn } from './providers/offered.ts'

const isEachOnce = (names: readonly string[]): boolean => new Set(names).size === names.length

/** A field that is left out keeps its value. Null: no limit. */
export const SetSellingTerms = z
  .strictObject({
    providers: z
      .array(ProviderIn)
      .min(1)
      .max(Provider.options.length)
      .refine(isEachOnce, 'must not name a provider twice')
      .nullable()
      .optional()
      .describe('By which providers buyers may pay. Null: by all that are set up.'),
    currencies: z
      .array(CurrencyIn)
      .min(1)
      .max(CURRENCIES.length)
      .refine(isEachOnce, 'must not name a currency twice')
      .nullable()
      .optional()
      .describe('In which currencies it sells. Null: in all.'),
    countries: CountriesIn.optional().describe(
      'To which countries it sells, as ISO 3166-1 alpha-2: where the buyer connects from, and where goods are sent. Null: to all.',
    ),
  })
  .meta({ id: 'SetSellingTerms' })
export type SetSellingTerms = z.infer<typeof SetSellingTerms>

export const SellingTerms = z.lazy(() =>
  z
    .strictObject({
      organisationId: Id('organisation'),
      providers: z.array(Provider).nullable().describe('By which providers buyers may pay; null: all.'),
      currencies: z.array(z.string()).nullable().describe('In which currencies it sells; null: all.'),
      countries: z.array(z.string()).nullable().describe('To which countries it sells; null: all.'),
      updatedAt: Instant.nullable().describe('When it was last changed; null: never.'),
    })
    .meta({ id: 'SellingTerms' }),
)
export type SellingTerms = z.infer<typeof SellingTerms>

export const EXAMPLE_SELLING: SellingTerms = {
  organisationId: EXAMPLE_ORGANISATION.id,
  providers: ['mpesa', 'manual'],
  currencies: ['KES'],
  countries: ['KE', 'TZ', 'UG'],
  updatedAt: '2026-11-20T16:00:00.000Z',
}

/** Request bodies, by schema name. */
export const BODIES = {
  SetSellingTerms: { providers: ['mpesa', 'manual'], currencies: ['KES'], countries: ['KE', 'TZ', 'UG'] },
}
