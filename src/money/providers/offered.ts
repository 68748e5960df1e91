/** The providers that a request may name, as the API document shows them. */
import * as z from 'zod'
import { Provider } from '../provider-name.ts'
import { providers } from './index.ts'

/**
 * A provider in a request. Every name that has ever been one is read, so that a draft or an old row is no error; a provider
 * that is not set up is refused where money would move. The document offers only those that are set up.
 */
export const ProviderIn = z.enum(Provider.options).meta({
  description: 'A payment provider that is set up. `GET /config` names those of this deployment.',
  // Read when the document is made, because the table may be filled later.
  get enum() {
    return Provider.options.filter((name) => providers[name] !== undefined)
  },
})
