// Bugs that the simulation must find. Tests insert them into the product's source as they load it, each switched by
// `globalThis.__plantedBug`. The product itself holds neither the bugs nor hooks for them.
import type { Plugin } from 'vitest/config'
import { isOn, type PlantedBug } from './planted-bug.ts'
import { PLANTED_EVENT_BUGS } from './planted-event-bugs.ts'
import { PROVIDER_BUGS } from './planted-provider-bugs.ts'

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'settle twice',
    edits: [
      {
        file: 'src/payments/settle-order.ts',
        find: 'isPaid && order.settledAt === null',
        replace: `isPaid && (order.settledAt === null || ${isOn('settle twice')})`,
      },
      {
        file: 'src/payments/settlement-rows.ts',
        find: 'const from = { transactionId, debit: account.deposits, currency, orderId }',
        replace: `const again = ${isOn('settle twice')} ? crypto.randomUUID() : ''
          const from = { transactionId: transactionId + again, debit: account.deposits, currency, orderId }`,
      },
    ],
  },
  {
    name: 'lose a refund',
    edits: [
      {
        file: 'src/refunds/send-refund.ts',
        find: 'return providerOf(provider).refund(',
        replace: `return ${isOn('lose a refund')}
          ? Promise.resolve({ status: 'succeeded', reference: refund.id, reason: null })
          : providerOf(provider).refund(`,
      },
    ],
  },
  {
    name: 'send a disputed refund',
    edits: [
      {
        file: 'src/refunds/send-refund.ts',
        find: 'if (isDispute(refund)) await',
        replace: `if (isDispute(refund) && !(${isOn('send a disputed refund')})) await`,
      },
    ],
  },
  {
    name: 'charge nobody for a dispute',
    edits: [
      {
        file: 'src/refunds/take-back-tickets.ts',
        find: '...(byBank ? stay : [])',
        replace: `...(byBank && !(${isOn('charge nobody for a dispute')}) ? stay : [])`,
      },
    ],
  },
  {
    name: 'confirm without money',
    edits: [
      {
        file: 'src/checkout/end-unpaid-order.ts',
        find: 'linePort(line.kind).release(ctx, line, isUnpaid)',
        replace: `linePort(line.kind)[${isOn('confirm without money')} ? 'confirm' : 'release'](ctx, line, isUnpaid)`,
      },
    ],
  },
  {
    name: 'release a paid hold',
    edits: [
      {
        file: 'src/checkout/end-unpaid-order.ts',
        find: `.where(and(eq(orders.id, id), eq(orders.status, 'pending'), isNull(orders.receipt)))
        .returning(`,
        replace: `.where(${isOn('release a paid hold')} ? eq(orders.id, id)
          : and(eq(orders.id, id), eq(orders.status, 'pending'), isNull(orders.receipt)))
        .returning(`,
      },
    ],
  },
  {
    name: 'skip the dedupe',
    edits: [
      {
        file: 'src/payments/receipts.ts',
        find: 'const { reference, amount, currency, fee = 0 } = capture',
        replace: `const { amount, currency, fee = 0 } = capture
          const reference = capture.reference + (${isOn('skip the dedupe')} ? crypto.randomUUID() : '')`,
      },
    ],
  },
  {
    name: 'revive a cancelled order',
    edits: [
      {
        file: 'src/payments/receipts.ts',
        find: `AND \${mayStillBePaid} AND \${isOurs}`,
        replace: `AND (\${mayStillBePaid} OR \${${isOn('revive a cancelled order')} ? 1 : 0}) AND \${isOurs}`,
      },
    ],
  },
  {
    name: 'put stock back twice',
    edits: [
      {
        file: 'src/catalog/stock-holds.ts',
        find: `.set({ state: 'released', unpaidAt`,
        replace: `.set({ state: ${isOn('put stock back twice')} ? 'held' : 'released', unpaidAt`,
      },
    ],
  },
  {
    name: 'keep the entries of a refunded order',
    edits: [
      {
        file: 'src/orders/earned-entries.ts',
        find: `.set({ revokeAskedAt: ctx.now, dueAt: ctx.now })`,
        replace: `.set(${isOn('keep the entries of a refunded order')} ? { dueAt: ctx.now }
          : { revokeAskedAt: ctx.now, dueAt: ctx.now })`,
      },
    ],
  },
  {
    name: 'pay out under a new key each time',
    edits: [
      {
        file: 'src/payouts/send-payout.ts',
        find: 'const id = payoutAttemptKey(payout.id, payout.attempt)',
        replace: `const id = payoutAttemptKey(payout.id, payout.attempt)
          + (${isOn('pay out under a new key each time')} ? crypto.randomUUID() : '')`,
      },
    ],
  },
  {
    name: 'pay what was taken by hand out of a provider',
    edits: [
      {
        file: 'src/payouts/require-held.ts',
        find: "claim.provider === 'manual'",
        replace: `claim.provider === 'manual' || ${isOn('pay what was taken by hand out of a provider')}`,
      },
    ],
  },
  {
    name: 'guarantee without cover',
    edits: [
      {
        file: 'src/raffles/guarantee.ts',
        find: 'if (needed === 0) return sql`true`',
        replace: `if (needed === 0 || ${isOn('guarantee without cover')}) return sql\`true\``,
      },
    ],
  },
  {
    name: 'guarantee twice with the same money',
    edits: [
      {
        file: 'src/raffles/guarantee.ts',
        find: `- \${setAsideBy(purse, id)})\``,
        replace: `- \${${isOn('guarantee twice with the same money')} ? 0 : setAsideBy(purse, id)})\``,
      },
    ],
  },
  {
    name: 'disqualify a winner who is being paid',
    edits: [
      {
        file: 'src/draws/propose-disqualification.ts',
        find: 'isNotSent(id),',
        replace: `${isOn('disqualify a winner who is being paid')} ? undefined : isNotSent(id),`,
      },
      {
        file: 'src/draws/confirm-disqualification.ts',
        find: 'and(isNotSent(id), ',
        replace: `and(${isOn('disqualify a winner who is being paid')} ? undefined : isNotSent(id), `,
      },
    ],
  },
  {
    name: 'pay out during a review',
    edits: [
      {
        file: 'src/payouts/left-to-pay.ts',
        find: `<> 'prize' OR NOT \${isUnderReview(ctx, payouts.subject)})`,
        replace: `<> 'prize' OR NOT \${isUnderReview(ctx, payouts.subject)}
          OR \${${isOn('pay out during a review')} ? 1 : 0})`,
      },
    ],
  },
  {
    name: 'settle as if nobody was paid',
    edits: [
      {
        file: 'src/draws/advance-raffle.ts',
        find: `unitsThatAre('paid')`,
        replace: `${isOn('settle as if nobody was paid')} ? [] : unitsThatAre('paid')`,
      },
    ],
  },
  {
    name: 'forget a refused mail',
    edits: [
      {
        file: 'src/accounts/mail/sweep-mails.ts',
        find: `if (sent.status === 'sent')`,
        replace: `if (sent.status === 'sent' || ${isOn('forget a refused mail')})`,
      },
    ],
  },
  ...PROVIDER_BUGS,
]

/** Inserts the bugs of a file into its source, all switched off. Throws if a bug's text is not there exactly once. */
export function plant(source: string, path: string): string {
  let planted = source
  for (const { name, edits } of [...PLANTED_BUGS, ...PLANTED_EVENT_BUGS]) {
    for (const { file, find, replace } of edits) {
      if (!path.endsWith(`/${file}`)) continue
      const parts = planted.split(find)
      if (parts.length !== 2) {
        throw new Error(`planted bug “${name}”: ${file} has this text ${parts.length - 1} times: ${find}`)
      }
      planted = parts.join(replace)
    }
  }
  return planted
}

export const plantBugs = (): Plugin => ({
  name: 'planted-bugs',
  enforce: 'pre',
  transform(source, id) {
    const planted = plant(source, id.split('?')[0]!)
    return planted === source ? null : { code: planted, map: null }
  },
})
