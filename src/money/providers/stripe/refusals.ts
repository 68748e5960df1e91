/** Calls to Stripe: an answer, a refusal in plain words, or an error that leaves the outcome unknown. */
import { Problem } from '../../../core/errors.ts'
import { loadStripe } from './client.ts'

const RETRY_AFTER_SECONDS = 5

/** Nothing happened at Stripe. Under the same key nothing will for a day, because Stripe repeats the refusal. */
export interface Refusal {
  code: string | null
  /** The parameter that Stripe refuses. */
  param: string | null
}

export type Answered<Result> = { result: Result; refusal: null } | { result: null; refusal: Refusal }

/**
 * Throws a `StripeFault` unless Stripe answers or refuses: after no answer, an error of Stripe's, too many requests or wrong
 * keys nobody knows what happened. So it is if the key was used with another body, or a request with it is still under way:
 * that one may move the money.
 */
export async function tryStripe<Result>(call: () => Promise<Result>): Promise<Answered<Result>> {
  try {
    return { result: await call(), refusal: null }
  } catch (error) {
    const { errors } = await loadStripe()
    if (error instanceof errors.StripeError && isInUse(error)) throw new StripeFault(error)
    if (error instanceof errors.StripeInvalidRequestError || error instanceof errors.StripeCardError) {
      return { result: null, refusal: { code: error.code ?? null, param: error.param ?? null } }
    }
    if (error instanceof errors.StripeError) throw new StripeFault(error)
    throw error
  }
}

/** Whatever class the package gives it. */
const isInUse = ({ statusCode, code }: Fault): boolean =>
  statusCode === 409 || code === 'idempotency_key_in_use'

/** Throws for a refusal too: for calls that Stripe has no reason to refuse. */
export async function askStripe<Result>(call: () => Promise<Result>): Promise<Result> {
  const { result, refusal } = await tryStripe(call)
  if (refusal !== null) throw new StripeFault({ type: 'refused', code: refusal.code ?? undefined })
  return result!
}

export const LISTED_AT_ONCE = 100

/** More than one charge, one transfer group or three minutes of sales can have. */
const MOST_LISTED = 5_000

/** Every object of a list, page by page. */
export const readAll = <Kind>(list: AsyncIterable<Kind>): Promise<Kind[]> =>
  askStripe(async () => {
    const all: Kind[] = []
    for await (const each of list) {
      if (all.push(each) > MOST_LISTED) throw new Error('stripe lists more than is read')
    }
    return all
  })

interface Fault {
  type: string
  code?: string
  statusCode?: number
  requestId?: string
}

/** Without Stripe's own text, which may name accounts and persons. */
class StripeFault extends Problem {
  constructor({ type, code, statusCode, requestId }: Fault) {
    const what = [type, statusCode, code, requestId].filter((part) => part !== undefined).join(' ')
    super('unavailable', `Stripe did not answer as it should (${what}): try again.`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  amount_too_small: 'the sum is too small for Stripe',
  amount_too_large: 'the sum is too large for Stripe',
  charge_already_refunded: 'Stripe says that it is refunded already',
  charge_disputed: 'the payer’s bank has taken it back already',
  insufficient_capabilities_for_transfer: 'the account at Stripe cannot receive money yet',
  account_invalid: 'Stripe does not know this account any more',
}

/** For the buyer or the operator. */
export const reasonOf = ({ code, param }: Refusal): string =>
  REASONS[code ?? ''] ??
  (param === 'expires_at'
    ? 'too little time was left to pay'
    : `Stripe refused it${code === null ? '' : ` (${code})`}`)
