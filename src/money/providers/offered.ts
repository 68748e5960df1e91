/** The providers that a request may name, as the API document shows them. */
import * as z from 'zod'
import { Provider } from '../provider-name.ts'
import { providers } from './index.ts'

/** Read at each use, because a test may fill the table later. */
export const setUpProviders = () => Provider.options.filter((name) => providers[name] !== undefined)

const oneOfThem = () => `must be one of ${setUpProviders().join(', ')}`

/** A provider in a request. Rows may have other names, of a provider that was set up once. */
export const ProviderIn = z
  .enum(Provider.options, { error: ({ input }) => (input === undefined ? 'is required' : oneOfThem()) })
  .refine((name) => providers[name] !== undefined, { error: oneOfThem })
  .meta({ description: 'A payment provider that is set up. `GET /config` names those of this deployment.' })
