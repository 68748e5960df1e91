/** The providers that a request may name. The settings decide which of them are set up, so each verb checks that. */
import type { FieldError } from '../../core/errors.ts'
import type { Settings } from '../../core/settings.ts'
import { Provider } from '../provider-name.ts'
import { whyNotProvider } from './index.ts'

export const ProviderIn = Provider.meta({
  description: 'A payment provider. `GET /config` names those that are set up on this deployment.',
})

/** An error for each of these providers that cannot be used here. `path`: of their list in the request. */
export const wrongProviders = (
  settings: Settings,
  named: readonly Provider[] = [],
  path = 'providers',
): FieldError[] =>
  named.flatMap((name, at) => {
    const message = whyNotProvider(name, settings)
    return message === null ? [] : [{ path: `${path}.${at}`, message }]
  })
