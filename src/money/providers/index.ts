/** The providers of this installation, by name. */
import { Problem } from '../../core/errors.ts'
import type { Money } from '../../core/money.ts'
import type { Settings } from '../../core/settings.ts'
import type { Provider } from '../provider-name.ts'
import { manual } from './manual.ts'
import { mpesa } from './mpesa/index.ts'
import type { PaymentProvider } from './port.ts'
import { sandbox } from './sandbox.ts'
import { stripe } from './stripe/index.ts'

export const providers: Partial<Record<Provider, PaymentProvider>> = { sandbox, stripe, mpesa, manual }

const notSetUp = (name: Provider): string => `${name} is not set up here`

export function providerOf(name: Provider): PaymentProvider {
  const provider = providers[name]
  if (provider === undefined) throw new Problem('invalid_state', `${notSetUp(name)}.`)
  return provider
}

/** Throws unless its keys are set: without them nobody can tell who sends an event. */
export function setUpProvider(name: Provider, settings: Settings): PaymentProvider {
  const provider = providerOf(name)
  if (!provider.isSetUp(settings)) throw new Problem('invalid_state', `${notSetUp(name)}.`)
  return provider
}

/** An account or phone number in the form in which it is stored. */
export const normalised = (name: Provider, account: string): string =>
  providers[name]?.normalise?.(account) ?? account

/** The smallest sum that each of these can pay, in minor units: all can pay each multiple of it. */
export const smallestUnitOf = (names: readonly Provider[]): number =>
  Math.max(1, ...names.map((name) => providers[name]?.smallestUnit ?? 1))

/** Why none of these can pay this sum, in words that follow a field's name. Null: one of them can, or none is named. */
export const whyNonePays = (names: readonly Provider[], sum: Money): string | null =>
  whyNone(names.map((name) => providers[name]?.whyNotPayout(sum) ?? null))

/** Why nobody can pay this sum here by any of these, in the same words. Null: they can by one, or none is named. */
export const whyNoneTakes = (names: readonly Provider[], settings: Settings, sum: Money): string | null =>
  whyNone(names.map((name) => whyNotProvider(name, settings, sum)))

const whyNone = (reasons: readonly (string | null)[]): string | null =>
  reasons.includes(null) ? null : reasons.join('; ') || null

/** The providers that can take money (`sum`, if it is given) here without an operator's help: all but `manual`. */
export const automaticProviders = (settings: Settings, sum?: Money): Provider[] =>
  (Object.keys(providers) as Provider[]).filter(
    (name) => name !== 'manual' && whyNotProvider(name, settings, sum) === null,
  )

/** Why nobody can pay by this provider here, or cannot pay `sum` if it is given. Null: they can. */
export function whyNotProvider(name: Provider, settings: Settings, sum?: Money): string | null {
  const provider = providers[name]
  if (provider === undefined || !provider.isSetUp(settings)) return notSetUp(name)
  if (name === 'sandbox' && settings.ENVIRONMENT === 'production') {
    return 'sandbox takes no real money, so production does not offer it'
  }
  return sum === undefined ? null : provider.whyNotSum(sum)
}
