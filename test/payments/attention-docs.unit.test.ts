// Whatever the attention list says, docs/payments.md says what to do about it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { attentionText, whyLate } from '../../src/money/attention-text.ts'
import type { Provider } from '../../src/money/provider-name.ts'
import { TRANSFER_FAILURES, whyTransferFailed } from '../../src/money/providers/mpesa/codes.ts'
import { LINES } from '../../src/orders/lines/index.ts'
import { disputeText } from '../../src/refunds/history-text.ts'

const DOCS = readFileSync(join(import.meta.dirname, '../../docs/payments.md'), 'utf8')

/** What differs from entry to entry is an ellipsis in the document. */
const ANY = '…'
const provider = ANY as Provider
const sum = { amount: 1_000, currency: 'KES' }
const withoutSums = (text: string) => text.replaceAll(/KES [\d.]+/g, ANY)

const ATTENTION: Record<keyof typeof attentionText, string[]> = {
  stopped: [attentionText.stopped],
  bankChanged: [attentionText.bankChanged],
  payByHand: [attentionText.payByHand],
  cannotBeSent: [attentionText.cannotBeSent(provider)],
  notHeld: [attentionText.notHeld(provider)],
  contradiction: [attentionText.contradiction(provider, null), attentionText.contradiction(provider, ANY)],
  paidBefore: [attentionText.paidBefore(provider, ANY)],
  paidTwice: [attentionText.paidTwice(provider, ANY)],
  paidThoughCancelled: [attentionText.paidThoughCancelled(provider, ANY)],
  failed: [attentionText.failed(provider, null)],
}

/** Of those that operators read. The others are in the history of the order, for its buyer. */
const taken = (price: number) => disputeText.attention({ ...sum, reference: ANY }, provider, price)
const won = (isBorne: boolean, isByHand = false) =>
  disputeText.won({ ...sum, reference: ANY, isByHand }, provider, isBorne)
const DISPUTES = [
  ...[1_000, 0, 400, 2_000].map(taken),
  won(true),
  won(false),
  won(true, true).replace(/\). .*/, '). …'),
  ...Object.values(LINES).map(({ texts }) => texts.keptAtALoss(ANY)),
]

describe('docs/payments.md says what to do', () => {
  it.each([
    ...Object.values(ATTENTION).flat(),
    whyLate({ provider }, 'pending', null),
    whyLate({ provider }, 'unknown', null),
    ...DISPUTES.map(withoutSums),
    whyTransferFailed(ANY),
  ])('about “%s”', (text) => {
    expect(DOCS).toContain(text)
  })

  it.each(Object.entries(TRANSFER_FAILURES))('about M-Pesa’s code %s, “%s”', (code, text) => {
    const row = DOCS.split('\n').find((line) => line.includes(`| ${text} |`))
    expect(row?.split('|')[1]).toMatch(new RegExp(`\\b${code}\\b`))
  })
})
