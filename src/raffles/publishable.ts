/** Checks whether a raffle may be published: its times are in order and its prizes are affordable. Pure. */

import { CURRENCIES } from '../core/currencies.ts'
import type { FieldError } from '../core/errors.ts'
import { formatMoney, NOT_IN_USE } from '../core/money.ts'
import { toInstant } from '../core/time.ts'
import type { Provider } from '../money/provider-name.ts'
import { whyNonePays } from '../money/providers/index.ts'
import { earliestDrawAt } from '../tickets/pool/clock.ts'
import type { RaffleTimes } from './contract.ts'
import { SPARE_BEFORE_OFFICIAL_DRAW_MS, wrongLotteryRules } from './draw-method.ts'
import { wrongEarning } from './earning.ts'
import { leastForOrganiser } from './economics.ts'
import { MAX_PRIZE_UNITS } from './prize-contract.ts'
import type { RaffleRow } from './schema.ts'
import type { RulesColumns } from './terms.ts'

export interface PublishFacts {
  now: number
  leadSeconds: number
  paymentSpanSeconds: number
  /** Why a provider cannot be used here; null if it can. */
  whyNotProvider: (provider: Provider) => string | null
  /** Whether this deployment has the keys of a Turnstile widget. */
  hasTurnstile: boolean
}

/** Every reason why the raffle cannot be published, by field; empty if it can. */
export function whyNotPublish(
  raffle: RulesColumns & Pick<RaffleRow, 'earning'>,
  facts: PublishFacts,
): FieldError[] {
  return [
    ...wrongTimes(raffle, facts),
    ...whyNotTerms(raffle),
    ...wrongProviders(raffle, facts),
    ...wrongChallenge(raffle, facts),
  ]
}

type TermColumns = Omit<RulesColumns, keyof RaffleTimes> & Pick<RaffleRow, 'earning'>

/** The reasons that depend neither on the time nor on the deployment. */
export function whyNotTerms(raffle: TermColumns): FieldError[] {
  return [
    ...wrongCurrency(raffle),
    ...wrongNumbers(raffle),
    ...wrongLotteryRules(raffle),
    ...wrongPrizes(raffle),
    ...wrongEarning(raffle),
  ]
}

/** Drafts, templates and series from before codes were checked may have any code. */
const wrongCurrency = ({ priceCurrency }: TermColumns): FieldError[] =>
  CURRENCIES.includes(priceCurrency) ? [] : [{ path: 'ticketPrice.currency', message: NOT_IN_USE }]

export function wrongTimes(
  raffle: Pick<RulesColumns, keyof RaffleTimes | 'draw'>,
  { now, leadSeconds, paymentSpanSeconds }: Pick<PublishFacts, 'now' | 'leadSeconds' | 'paymentSpanSeconds'>,
): FieldError[] {
  const errors: FieldError[] = []
  if (raffle.closesAt <= now) errors.push({ path: 'closesAt', message: 'must lie in the future' })
  if (raffle.opensAt >= raffle.closesAt)
    errors.push({ path: 'opensAt', message: 'must come before closesAt' })
  const spareMs = raffle.draw.method === 'lottery' ? SPARE_BEFORE_OFFICIAL_DRAW_MS : 0
  const freezeAt = raffle.closesAt + paymentSpanSeconds * 1_000
  const earliest = earliestDrawAt(freezeAt + spareMs, leadSeconds) * 1_000
  if (raffle.drawAt < earliest) {
    const last = toInstant(raffle.closesAt - (earliest - raffle.drawAt))
    errors.push(
      raffle.draw.method === 'lottery'
        ? { path: 'closesAt', message: `sales must close by ${last} for this official draw` }
        : { path: 'drawAt', message: `the earliest fair draw is at ${toInstant(earliest)}` },
    )
  }
  return errors
}

function wrongNumbers(raffle: TermColumns): FieldError[] {
  const errors: FieldError[] = []
  if (raffle.minTickets > raffle.totalTickets) {
    errors.push({ path: 'minTickets', message: `there are only ${raffle.totalTickets} tickets` })
  }
  if (raffle.maxPerUser !== null && raffle.maxPerUser > raffle.totalTickets) {
    errors.push({ path: 'maxPerUser', message: `there are only ${raffle.totalTickets} tickets` })
  }
  return errors
}

function wrongPrizes(raffle: TermColumns): FieldError[] {
  const errors: FieldError[] = []
  let units = 0
  let cash = 0
  let shareBps = 0
  for (const [rank, prize] of raffle.prizes.entries()) {
    units += prize.quantity
    if (prize.kind === 'share') shareBps += prize.value.shareBps * prize.quantity
    if (prize.kind !== 'cash') continue
    cash += prize.value.amount * prize.quantity
    if (prize.value.currency !== raffle.priceCurrency) {
      errors.push({
        path: `prizes.${rank}.value.currency`,
        message: `must be ${raffle.priceCurrency}, as the price is`,
      })
    }
    // Its tickets are paid by these providers, and a provider pays only what it has taken.
    const why = whyNonePays(raffle.providers, prize.value)
    if (why !== null) errors.push({ path: `prizes.${rank}.value.amount`, message: why })
  }
  if (units > MAX_PRIZE_UNITS)
    errors.push({ path: 'prizes', message: `at most ${MAX_PRIZE_UNITS} prizes in all` })
  if (shareBps + raffle.rakeBps > 10_000) {
    errors.push({ path: 'prizes', message: 'shares and rake together are more than the takings' })
  }
  const organiser = leastForOrganiser(raffle, raffle.minTickets)
  // Without cash prizes only the shares can exceed the takings, and the check above has reported that.
  if (cash > 0 && organiser < 0 && !raffle.guaranteed) {
    const text = (amount: number) => formatMoney({ amount, currency: raffle.priceCurrency })
    errors.push({
      path: 'prizes',
      message: `cash prizes of ${text(cash)} do not fit the prize pool of ${text(Math.max(0, cash + organiser))} at ${raffle.minTickets} tickets; guarantee them or raise minTickets`,
    })
  }
  return errors
}

function wrongProviders(raffle: RulesColumns, { whyNotProvider }: PublishFacts): FieldError[] {
  if (raffle.priceAmount > 0 && raffle.providers.length === 0) {
    return [{ path: 'providers', message: 'name a payment provider that is set up here' }]
  }
  return raffle.providers.flatMap((provider, at) => {
    const message = whyNotProvider(provider)
    return message === null ? [] : [{ path: `providers.${at}`, message }]
  })
}

const wrongChallenge = ({ challenge }: RulesColumns, { hasTurnstile }: PublishFacts): FieldError[] =>
  challenge === 'turnstile' && !hasTurnstile
    ? [{ path: 'challenge', message: 'is not possible here: this deployment has no Turnstile keys' }]
    : []
