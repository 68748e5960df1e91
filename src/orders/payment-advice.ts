/**
 * What the buyer is told about a payment, and what to do next: one sentence or two, a code for programs, and a time. Pure,
 * so that every answer and every page says the same. Nothing in it comes from a provider's error.
 */
import { formatMoney } from '../core/money.ts'
import { type Provider, writtenName } from '../money/provider-name.ts'
import type { PaymentRow } from '../money/schema.ts'
import { isProof } from './proof-order.ts'
import type { OrderRow } from './schema.ts'

export const NEXT_STEPS = [
  'open_page',
  'check_phone',
  'pay_organiser',
  'wait',
  'pay_again',
  'order_again',
  'nothing',
] as const
export type NextStep = (typeof NEXT_STEPS)[number]

export interface Advice {
  message: string
  next: NextStep
  /** Until when the step is possible (ms since 1970); null: there is no such time. */
  until: number | null
}

/** The providers that every item of an order accepts, and that can take its sum. */
export interface WaysToPay {
  /** Those by which a payment can still start. */
  payWith: Provider[]
  /** Those for which too little time is left. */
  tooLate: Provider[]
}

export type AdvisedOrder = Pick<
  OrderRow,
  'key' | 'status' | 'receipt' | 'payUntil' | 'amount' | 'currency' | 'refundedAmount'
>
export type AdvisedPayment = Pick<PaymentRow, 'status' | 'action' | 'reference' | 'failure'>

/** About the payment that paid the order, or else its latest. `ways`: for another try, if they were read. */
export function paymentAdvice(
  order: AdvisedOrder,
  payment: AdvisedPayment,
  now: number,
  ways?: WaysToPay,
): Advice {
  if (isProof(order)) return proofAdvice(order, payment, now)
  if (order.status === 'pending') {
    if (order.receipt !== null)
      return wait('Your payment has arrived. We are finishing your order now: look again in a moment.')
    return now < order.payUntil ? toPay(payment, order.payUntil, ways) : wait(TOO_LATE)
  }
  return { ...AFTER[order.status](order), until: null }
}

/** The payment proves that a phone is the payer's. */
function proofAdvice(order: AdvisedOrder, payment: AdvisedPayment, now: number): Advice {
  if (payment.status === 'succeeded') {
    const message = `This phone number is yours. ${formatMoney(order)} goes back to it, which may take a few days.`
    return { message, next: 'nothing', until: null }
  }
  const isOpen = order.status === 'pending' && now < order.payUntil
  if (!isOpen || payment.status === 'failed' || payment.status === 'expired') {
    const message = 'The phone number is not proved yet. Start again, and confirm the payment on the phone.'
    return { message, next: 'pay_again', until: null }
  }
  return toPay(payment, order.payUntil)
}

const TOO_LATE =
  'The time to pay is over. If you have just paid, wait a moment: we are checking whether your payment arrived.'

/** The order waits for its payment. */
function toPay({ status, action, failure }: AdvisedPayment, until: number, ways?: WaysToPay): Advice {
  if (status === 'failed' || status === 'expired') {
    const why = failure === null ? '' : `, because ${failure}`
    return tryAgain(`This payment did not go through${why}.`, until, ways)
  }
  // Money that pays the order becomes its receipt in the same batch.
  if (status === 'succeeded')
    return tryAgain('What arrived is not the sum of your order, and goes back to you.', until, ways)
  if (status === 'starting' || action === null)
    return wait('We are starting your payment. Look again in a moment.', until)
  if (action.kind === 'manual') return { message: action.message, next: 'pay_organiser', until }
  if (action.kind === 'redirect') return { message: action.message, next: 'open_page', until }
  return { message: action.message, next: 'check_phone', until }
}

/** A provider's page may need more time than is left to pay the order. The time is not extended, so a new order is needed. */
function tryAgain(what: string, until: number, { payWith, tooLate }: WaysToPay = NOT_READ): Advice {
  if (payWith.length === 0 && tooLate.length > 0) {
    const message = `${what} Too little time is left to try again: cancel this order, and order again.`
    return { message, next: 'order_again', until: null }
  }
  const late = tooLate.map((name) => writtenName(name)).join(' or ')
  const instead =
    tooLate.length === 0
      ? ''
      : ` To pay by ${late} instead, cancel this order and order again: it needs more time.`
  const message = `${what} Your order is still held: try again, or pay another way.${instead}`
  return { message, next: 'pay_again', until }
}

const NOT_READ: WaysToPay = { payWith: [], tooLate: [] }

/**
 * The message of a prompt whose provider gave no answer, so that nobody knows whether the phone shows it. A second prompt
 * is refused for the same minute.
 */
export const unansweredText = (provider: string): string =>
  `${writtenName(provider)} has not answered yet. If your phone shows a payment request, confirm it. If it shows none within a minute, try again, or pay another way.`

/** Such a prompt has no reference. */
const isUnanswered = ({ status, action, reference }: AdvisedPayment): boolean =>
  status === 'pending' && action?.kind === 'prompt' && reference === null

type Ended = Exclude<OrderRow['status'], 'pending'>

const AFTER: Record<Ended, (order: AdvisedOrder) => Pick<Advice, 'message' | 'next'>> = {
  paid: () => ({ message: 'Paid. Thank you!', next: 'nothing' }),
  expired: () => ({
    message:
      'The time to pay is over, and your order is no longer held. Order again if you still want it. If you have paid, your payment will be found: you get your order or your money back.',
    next: 'order_again',
  }),
  cancelled: () => ({
    message: 'This order was cancelled. If you have paid for it, your money goes back to you.',
    next: 'nothing',
  }),
  partially_refunded: ({ refundedAmount: amount, currency }) => ({
    message: `Paid. ${formatMoney({ amount, currency })} of it goes back to you. It may take a few days to arrive.`,
    next: 'nothing',
  }),
  refund_due: () => ({
    message:
      'Your money arrived, but your order could not be filled. You get it all back, the way that you paid. You need not do anything.',
    next: 'wait',
  }),
  refunded: () => ({
    message: 'You get all your money back, the way that you paid. It may take a few days to arrive.',
    next: 'nothing',
  }),
}

const wait = (message: string, until: number | null = null): Advice => ({ message, next: 'wait', until })

/** Whether the buyer may well need another way to pay: the payment failed, or nobody knows whether it was started. */
export const mayPayAgain = (order: AdvisedOrder, payment: AdvisedPayment | null, now: number): boolean => {
  if (payment === null || isProof(order)) return false
  const { next } = paymentAdvice(order, payment, now)
  return next === 'pay_again' || (next === 'check_phone' && isUnanswered(payment))
}
