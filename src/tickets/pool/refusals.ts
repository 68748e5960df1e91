/** The rules of selling. Each function returns the refusal, or null if its rule allows the request. Pure. */
import { FORMER_MEMBER_DAYS } from '../../accounts/staff.ts'
import { whyNotFrom } from '../../core/countries.ts'
import { DAY_MS, SECOND_MS } from '../../core/time.ts'
import { whyUnpaidRefused } from '../../core/unpaid-limits.ts'
import { chainByHash, timeOf } from '../../rdp1/chains.ts'
import type { Rules } from '../../rdp1/rules.ts'
import type { EntryTerms } from '../entry-terms.ts'
import { labelOf } from '../number-label.ts'
import {
  type CancelledBy,
  type Commitment,
  MAX_TICKETS_A_CALL,
  type Refusal,
  type ReserveRequest,
} from '../pool-contract.ts'
import type { SaleTerms } from '../terms.ts'
import type { EarlyClose } from './clock.ts'
import type { DrawRecord } from './draw-record.ts'
import type { Holds } from './holds.ts'

export const refuse = (code: Refusal['code'], detail: string, numbers?: number[]): Refusal =>
  numbers === undefined ? { ok: false, code, detail } : { ok: false, code, detail, numbers }

/** The item's name in messages to buyers. */
export const NOUN: Record<SaleTerms['kind'], string> = { raffle: 'raffle', ticketType: 'ticket type' }

export const NOT_CONFIGURED = refuse('not_found', 'Nothing is on sale under this id.')
export const NO_RESERVATION = refuse('not_found', 'No such reservation.')
export const TERMS_ARE_FIXED = refuse(
  'invalid_state',
  'Tickets are held, offered or sold already, so `price`, `maxPerUser` and `capacityGroupId` can no longer change.',
)
export const TOO_LATE = refuse(
  'conflict',
  'This took too long, so it was not done. Try again in two minutes.',
)

export function whySalesRefused(
  sale: SaleTerms,
  early: EarlyClose | null,
  { commitment, cancellation }: DrawRecord,
  now: number,
  entry?: ReserveRequest['entry'],
): Refusal | null {
  if (cancellation !== null) {
    const what = sale.kind === 'raffle' ? 'This raffle' : `The event of “${sale.title}”`
    return refuse('sales_closed', `${what} was cancelled.`)
  }
  // What is set aside is never sold, so it need not wait for the sale.
  if (now < sale.opensAt && entry !== 'setAside') {
    return refuse('sales_not_open', `Sales open at ${new Date(sale.opensAt).toISOString()}.`)
  }
  if (early?.reason === 'soldOut') return refuse('sold_out', 'Every ticket is sold.')
  const closesAt = early?.at ?? sale.closesAt
  if (commitment !== null || now >= closesAt) {
    return refuse('sales_closed', `Sales closed at ${new Date(closesAt).toISOString()}.`)
  }
  return null
}

/** The refusal of somebody who wants more than the `left` ones. A ticket type has a waiting list. */
export function refuseSoldOut(kind: SaleTerms['kind'], left: number, held: number): Refusal {
  if (left > 0) return refuse('sold_out', `Only ${left} left.`)
  const sold = held === 0 ? 'Every ticket is sold.' : 'Every ticket is sold or reserved.'
  if (kind === 'ticketType')
    return refuse('sold_out', `${sold} Join the waiting list for the next one that comes free.`)
  return refuse('sold_out', held === 0 ? sold : `${sold} Unpaid reservations may expire: try again later.`)
}

/** The time that counts for an entry that the freeze waits for. What was earned before sales opened is taken then. */
export const earnedAt = (sale: SaleTerms, { earnedAt: at }: ReserveRequest, now: number): number =>
  at === undefined ? now : Math.max(sale.opensAt, Math.min(at, now))

export function whyRequestRefused(
  sale: SaleTerms,
  { quantity, numbers, payment, entry }: ReserveRequest,
): Refusal | null {
  const noun = NOUN[sale.kind]
  const chosen = sale.numbering === 'chosen'
  if (!(quantity >= 1 && quantity <= MAX_TICKETS_A_CALL)) {
    return refuse('validation_failed', `One purchase takes 1 to ${MAX_TICKETS_A_CALL} tickets.`)
  }
  if (chosen && numbers === null) return refuse('validation_failed', 'Choose your numbers: send `numbers`.')
  if (!chosen && numbers !== null) {
    return refuse('validation_failed', `This ${noun} assigns the numbers itself: send \`quantity\`.`)
  }
  if (numbers !== null && (numbers.length !== quantity || new Set(numbers).size !== quantity)) {
    return refuse('validation_failed', 'Send as many numbers as tickets, each number once.')
  }
  const last = sale.firstNumber + sale.total - 1
  if (numbers?.some((number) => !(number >= sale.firstNumber && number <= last))) {
    const [from, to] = [sale.firstNumber, last].map((number) => labelOf(number, sale.digits))
    return refuse('validation_failed', `Numbers run from ${from} to ${to}.`)
  }
  if (sale.kind === 'raffle' && entry === 'setAside')
    return refuse('invalid_state', 'Tickets of a raffle cannot be set aside.')
  if (sale.entry === 'order' && entry !== 'grant')
    return refuse('invalid_state', `Entries to this ${noun} are earned by orders.`)
  if (sale.entry !== 'order' && entry === 'grant')
    return refuse('invalid_state', `Entries to this ${noun} are not earned by orders.`)
  const isFree = sale.unitAmount === 0
  // A free admission may be one of several lines of an order, which are all held until the order is paid.
  if (isFree && payment !== null && sale.kind === 'raffle') {
    const how = 'take them alone, and leave `payment` out'
    return refuse('invalid_state', `Tickets of this ${noun} are free: ${how}.`)
  }
  const provider = payment?.provider ?? null
  if (!isFree && provider === null && entry !== 'setAside') {
    const why = `Tickets of this ${noun} cost money: say in \`payment\` how you pay.`
    return { ...refuse('validation_failed', why), needsPayment: true }
  }
  if (payment === null) {
    if (sale.groupId === null || entry === 'setAside') return null
    return { ...refuse('invalid_state', `Tickets of this ${noun} are taken by an order.`), needsOrder: true }
  }
  if (!isFree && provider !== null && !sale.providers.includes(provider)) {
    return refuse('invalid_state', `This ${noun} takes payments by ${sale.providers.join(', ')} only.`)
  }
  // A stored hold without an end would count as sold.
  if (!(payment.holdMs > 0)) throw new RangeError(`a hold cannot last ${payment.holdMs} ms`)
  return null
}

/** Whether this person may have tickets: for free tickets, priced ones and earned entries alike. */
export function whyEntrantRefused(
  sale: SaleTerms,
  { entrant, entry }: Pick<ReserveRequest, 'entrant' | 'entry'>,
): Refusal | null {
  const noun = NOUN[sale.kind]
  if (!sale.staffMayEnter && entrant.staffOf.includes(sale.organisationId)) {
    const who = 'Members of the organisation cannot take part'
    return refuseBy(
      'staffMayEnter',
      'forbidden',
      `${who}, nor in the ${FORMER_MEMBER_DAYS} days after they leave it.`,
    )
  }
  if (sale.entrants === 'proved' && !entrant.isProved) {
    const how = 'follow the link in the mail that we sent you, or ask for it again'
    return refuseBy('entrants', 'forbidden', `This ${noun} asks for a proved e-mail address: ${how}.`)
  }
  const whyNotHere = whyNotFrom(sale.countries, entrant.country)
  if (whyNotHere !== null) return refuseBy('countries', 'forbidden', `This ${noun} ${whyNotHere}`)
  // A shop calls for earned entries, so nobody is there to pass a challenge.
  if (sale.challenge === 'turnstile' && !entrant.isHuman && entry !== 'grant') {
    const how = 'send the token of its widget as `turnstileToken`'
    return refuseBy('challenge', 'validation_failed', `This ${noun} asks for a Turnstile check: ${how}.`)
  }
  return null
}

const refuseBy = (rule: keyof EntryTerms, code: Refusal['code'], detail: string): Refusal => ({
  ...refuse(code, detail),
  rule,
})

/** The limit for a holder who owns `owned` numbers and requests `count` more. */
export function whyLimitReached({ maxPerUser }: SaleTerms, owned: number, count: number): Refusal | null {
  if (maxPerUser === null || owned + count <= maxPerUser) return null
  const left = Math.max(0, maxPerUser - owned)
  const more = left === 0 ? 'you already have as many' : `you may take ${left} more`
  return refuse('limit_reached', `At most ${maxPerUser} per person; ${more}.`)
}

/** A person has one unpaid reservation at a time. */
export const whyHolding = ({ kind }: SaleTerms, holds: Holds, holder: string): Refusal | null =>
  holds.heldBy(holder) > 0
    ? refuse('limit_reached', `You have an unpaid reservation of this ${NOUN[kind]}: pay or cancel it first.`)
    : null

/** The limits for unpaid numbers. `free`: the numbers that nobody has. */
export function whyHoldRefused(
  sale: SaleTerms,
  holds: Holds,
  { holder, buyer, quantity, entrant, payment }: ReserveRequest,
  free: number,
  now: number,
): Refusal | null {
  // In a capacity group a person has a hold for each ticket type.
  const holding = buyer === undefined ? whyHolding(sale, holds, holder) : null
  if (holding !== null) return holding
  // Nothing is left to pay for: the limit of each person is enough.
  if (payment?.provider == null) return null
  const { title } = sale
  const person = buyer?.person ?? holder
  const ends = holds.unpaidEnds.of(person)
  // Without the sold ones: else the last tickets of a large raffle could all be held.
  const size = free + holds.numbers
  const unpaid = {
    title,
    units: 'tickets',
    size,
    free,
    own: holds.heldBy(person),
    unproved: holds.unproved,
    ends,
  }
  const why = whyUnpaidRefused(unpaid, quantity, entrant.isProved, now)
  return why === null ? null : refuse('limit_reached', why)
}

/**
 * The rule after the commitment; before it, a raffle may always be cancelled. If no result of the lottery came in the days
 * that winners have to claim, operators may cancel too.
 */
export function whyCancelRefused(
  { commitment, hasResult }: { commitment: Commitment; hasResult: boolean },
  rules: Rules,
  by: CancelledBy,
  now: number,
): Refusal | null {
  const isLottery = rules.draw.method === 'lottery'
  if (hasResult) return refuse('invalid_state', 'The result of the lottery has decided this raffle.')
  const withoutResultAt = commitment.effectiveDrawAt * SECOND_MS + (rules.claimDays ?? 0) * DAY_MS
  if (isLottery && now >= withoutResultAt) return null
  if (by !== 'admin') {
    const later = isLottery
      ? ` Without a result, its organisation may from ${new Date(withoutResultAt).toISOString()} on.`
      : ''
    return refuse(
      'invalid_state',
      `The draw is committed: only an admin may still cancel it, with a published reason.${later}`,
    )
  }
  const decidedAt = isLottery
    ? commitment.effectiveDrawAt
    : timeOf(chainByHash(commitment.chain)!, commitment.round)
  const latest = (decidedAt - rules.leadSeconds) * SECOND_MS
  if (now <= latest) return null
  return refuse(
    'invalid_state',
    isLottery
      ? `It is too late to cancel: the official draw decides this raffle. Without a result, it can be cancelled from ${new Date(withoutResultAt).toISOString()} on.`
      : 'It is too late to cancel: the beacon round that draws this raffle is about to be published.',
  )
}
