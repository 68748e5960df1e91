// The moves of payers, banks and bad networks at M-Pesa and Stripe.
import type { CallbackChanges, Fault as MpesaFault, Operation } from '../../fakes/mpesa/mpesa.ts'
import type { Fault as StripeFault } from '../../fakes/stripe/stripe.ts'
import type { LogPattern } from '../../harness/log.ts'
import { openTry } from '../moves.ts'
import { type Move, NOTHING } from '../step.ts'
import type { World } from '../world.ts'
import { DELIVERIES, type ProviderNetwork } from './network.ts'

export type ChooseAt = (world: World, network: ProviderNetwork) => Move
export type WeightedAt = readonly [weight: number, choose: ChooseAt]

/** The log lines of faults of M-Pesa and Stripe, and of callbacks that lie. */
export const PROVOKED_AT_PROVIDERS: LogPattern[] = [
  { reason: /Daraja|the network (cannot be reached|does not answer)|the answer was lost/ },
  { reason: /Stripe did not answer as it should|(mpesa|stripe) (could not|cannot) be reached/ },
  { reason: /^The webhook had no effect: / },
  { message: /^M-Pesa (refused|gives no access|did not take)/ },
  'the reports of a provider do not match our request',
  'a provider reports money that does not match our records',
]

/** Codes of M-Pesa for a prompt; 0: the payer pays. */
const ON_THE_PHONE = [0, 0, 0, 0, 0, 0, 0, 0, 1032, 1037, 2001] as const

/** What a callback says that is not so. */
const LIES: readonly CallbackChanges[] = [
  { amount: 1 },
  { amount: 2 },
  { amount: 900_000 },
  { phone: '254711111111' },
  { code: 1032 },
  { receipt: 'RFORGED001' },
  { without: ['Amount', 'PhoneNumber'] },
  { without: ['MpesaReceiptNumber'] },
]

const paysOnPhone: ChooseAt = (world, network) => {
  const code = world.pick(ON_THE_PHONE)!
  const how = world.pick(DELIVERIES)!
  const lie = world.chance(30) ? world.pick(LIES)! : {}
  const found = openTry(world, 'mpesa')
  if (found === undefined) return NOTHING
  const { request, tried } = found
  if (code === 0) request.isPaying = true
  return {
    says: `order ${world.orderRequests.indexOf(request)} is answered on the phone by ${code}, callback ${how} ${JSON.stringify(lie)}`,
    run: async () => {
      for (const prompt of network.promptsOf(tried.paymentId)) {
        if (prompt.code === null) {
          if (code === 0) network.daraja.pay(prompt)
          else network.daraja.decline(prompt, code)
        }
        await network.report(how, () => network.daraja.reportPrompt(prompt, lie))
      }
    },
  }
}

/** Somebody knows a callback address, and calls a payment paid. It may name a prompt of another payment. */
const forges: ChooseAt = (world, { daraja }) => {
  const place = Math.min(world.below(6), world.below(6))
  const other = world.chance(40) ? world.below(6) : null
  const lie = world.chance(50) ? world.pick(LIES)! : {}
  return {
    says: `a callback of prompt ${place} is forged ${JSON.stringify(lie)}${other === null ? '' : `, which names prompt ${other}`}`,
    run: async () => {
      const prompt = daraja.prompts.at(-1 - place)
      const named = other === null ? undefined : daraja.prompts.at(-1 - other)
      if (prompt === undefined) return
      const changes = named === undefined ? {} : { checkoutRequestId: named.CheckoutRequestID }
      await daraja.reportPrompt(prompt, { code: 0, ...lie, ...changes })
    },
  }
}

/** M-Pesa decides a refund or payout. */
const arrivesOnPhone: ChooseAt = (world, network) => {
  const place = world.below(10)
  const code = world.pick([0, 0, 0, 0, 0, 1, 2040, 21] as const)!
  const how = world.pick(DELIVERIES)!
  const isTimedOut = world.chance(25)
  return {
    says: `M-Pesa decides a transfer by ${code}, ${isTimedOut ? 'after a time-out of its queue, ' : ''}result ${how}`,
    run: async () => {
      const { daraja } = network
      const open = daraja.transfers.filter((transfer) => transfer.code === null)
      const transfer = open[place % Math.max(1, open.length)]
      if (transfer === undefined) return
      if (isTimedOut) await daraja.reportTimeOut(transfer)
      daraja.settle(transfer, code)
      await network.report(how, () => daraja.reportTransfer(transfer))
    },
  }
}

const statusesArrive: ChooseAt = (_, { daraja }) => ({
  says: 'M-Pesa answers status queries',
  run: () => daraja.reportQueries(),
})

const lateArrives: ChooseAt = (world, network) => {
  const place = world.below(10)
  const how = world.pick(['now', 'twice'] as const)!
  return {
    says: `M-Pesa posts ${how} what was late`,
    run: async () => {
      const { late } = network
      const [post] = late.splice(place % Math.max(1, late.length), 1)
      if (post !== undefined) await network.report(how, post)
    },
  }
}

const OPERATIONS: readonly Operation[] = [
  'token',
  'push',
  'push',
  'query',
  'b2c',
  'b2c',
  'b2c',
  'reversal',
  'reversal',
  'status',
]
const MPESA_FAULTS: readonly MpesaFault[] = [
  'unreachable',
  'lost',
  'lost',
  'lost',
  '500',
  '500 after',
  '500 after',
  'busy',
  'refuse',
  'expired',
  '4999',
  'processing',
  'down',
]

const mpesaFails: ChooseAt = (world, { daraja }) => {
  const operation = world.pick(OPERATIONS)!
  const fault = world.pick(MPESA_FAULTS)!
  return {
    says: `the next ${operation} at M-Pesa fails: ${fault}`,
    run: async () => daraja.misbehave(operation, fault),
  }
}

const paysByCard: ChooseAt = (world, { openSessionOf, stripe }) => {
  const isWrong = world.chance(25)
  const found = openTry(world, 'stripe')
  if (found === undefined) return NOTHING
  const { request, tried } = found
  request.isPaying = true
  return {
    says: `order ${world.orderRequests.indexOf(request)} is paid by card${isWrong ? ', with a wrong sum' : ''}`,
    run: async () => {
      const session = openSessionOf(tried.paymentId)
      if (session === undefined) return
      stripe.outside.pay(session.id, isWrong ? { amount: session.amount_total - 100 } : {})
    },
  }
}

const paysWhileItExpires: ChooseAt = (world, { openSessionOf, stripe }) => {
  const found = openTry(world, 'stripe')
  if (found === undefined) return NOTHING
  found.request.isPaying = true
  return {
    says: `order ${world.orderRequests.indexOf(found.request)} is paid by card as it expires`,
    run: async () => {
      const session = openSessionOf(found.tried.paymentId)
      if (session === undefined) return
      stripe.before(`POST /v1/checkout/sessions/${session.id}/expire`, () => {
        if (session.status === 'open') stripe.outside.pay(session.id)
      })
    },
  }
}

const stripeTells: ChooseAt = (world, network) => {
  const telling = {
    numbers: Array.from({ length: 7 }, () => world.below(10)),
    isReversed: world.chance(25),
  }
  return { says: 'Stripe sends its events', run: () => network.tell(telling) }
}

const isWhole = ({ amount_refunded: refunded, disputed }: Record<string, unknown>): boolean =>
  refunded === 0 && disputed === false

/** A person refunds a charge in Stripe's dashboard, or the payer's bank takes it back. */
const takesBackByCard: ChooseAt = (world, { newest, stripe }) => {
  const place = world.below(6)
  const how = world.pick(['refund', 'dispute', 'inquiry'] as const)!
  return {
    says: `a charge is taken back: ${how}`,
    run: async () => {
      const charge = newest('charge', place, isWhole)
      if (charge === undefined) return
      if (how === 'refund') stripe.outside.refund(charge.id, charge.amount)
      else stripe.outside.dispute(charge.id, { isInquiry: how === 'inquiry' })
    },
  }
}

const winsDispute: ChooseAt = (world, { newest, stripe }) => {
  const place = world.below(4)
  return {
    says: 'a dispute is won',
    run: async () => {
      const found = newest('dispute', place, ({ status }) => status === 'needs_response')
      if (found !== undefined) stripe.outside.winDispute(found.id)
    },
  }
}

/** Banks take their time, or refuse a refund after it had arrived. */
const banksAct: ChooseAt = (world, { newest, stripe }) => {
  const place = world.below(6)
  const what = world.pick(['are slow', 'decide', 'refuse a refund'] as const)!
  return {
    says: `banks ${what}`,
    run: async () => {
      if (what === 'are slow') stripe.outside.refundsAre = 'pending'
      if (what === 'decide') {
        stripe.outside.refundsAre = undefined
        for (const { id, status } of stripe.books.all('refund')) {
          if (status === 'pending') stripe.outside.settleRefund(id)
        }
      }
      if (what === 'refuse a refund') {
        const refund = newest(
          'refund',
          place,
          ({ metadata, status }) => metadata.refundId && status === 'succeeded',
        )
        if (refund !== undefined) stripe.outside.failRefund(refund.id)
      }
    },
  }
}

const comesBack: ChooseAt = (world, { newest, stripe }) => {
  const place = world.below(4)
  return {
    says: 'a transfer to an account comes back',
    run: async () => {
      const transfer = newest('transfer', place, ({ reversed }) => !reversed)
      if (transfer !== undefined) stripe.outside.reverse(transfer.id)
    },
  }
}

const balanceWaits: ChooseAt = (world, { stripe }) => {
  const isPending = world.chance(50)
  return {
    says: `the balance at Stripe is ${isPending ? 'pending' : 'available'}`,
    run: async () => {
      stripe.isBalancePending = isPending
    },
  }
}

const STRIPE_REQUESTS = [
  'POST /v1/checkout/sessions',
  'GET /v1/checkout/sessions/*',
  'POST /v1/checkout/sessions/*/expire',
  'POST /v1/refunds',
  'POST /v1/refunds',
  'GET /v1/refunds',
  'POST /v1/transfers',
  'POST /v1/transfers',
  'GET /v1/transfers',
]
const STRIPE_FAULTS: readonly StripeFault[] = ['timeout', 'lost', 'lost', 'lost', '500', '429', 'in use']

const stripeFails: ChooseAt = (world, { stripe }) => {
  const request = world.pick(STRIPE_REQUESTS)!
  const fault = world.pick(STRIPE_FAULTS)!
  return {
    says: `the next ${request} at Stripe fails: ${fault}`,
    run: async () => stripe.misbehave(request, fault),
  }
}

/** What the network does at any time. */
export const OF_NETWORKS: readonly WeightedAt[] = [
  [5, mpesaFails],
  [4, stripeFails],
  [6, arrivesOnPhone],
  [2, statusesArrive],
  [4, lateArrives],
  [8, stripeTells],
  [2, banksAct],
  [1, balanceWaits],
]
export const OF_PAYERS: readonly WeightedAt[] = [
  [24, paysOnPhone],
  [4, forges],
  [20, paysByCard],
  [2, paysWhileItExpires],
  [3, takesBackByCard],
  [1, winsDispute],
]
export const OF_TRANSFERS: readonly WeightedAt[] = [[3, comesBack]]
