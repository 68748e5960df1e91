// What M-Pesa and Stripe have in their own books, compared with ours. Each violation is a sentence.
import { env } from 'cloudflare:workers'
import { rowIdOf } from '../../../src/money/attempt-key.ts'
import type { ProviderNetwork } from './network.ts'

interface ReceiptRow {
  provider: 'mpesa' | 'stripe'
  reference: string
  paymentId: string
  amount: number
}

interface SentRow {
  id: string
  kind: 'refund' | 'payout'
  status: string
  provider: string
  amount: number
  /** Who paid it by the ledger; null: nobody. */
  payer: string | null
}

const RECEIPTS = `SELECT provider, reference, payment_id AS paymentId, amount FROM receipts
  WHERE provider IN ('mpesa', 'stripe')`

const SENT = `
  SELECT id, 'refund' AS kind, status, provider, amount,
    (SELECT credit FROM transfers WHERE transaction_id = 'refund:' || refunds.id || ':paid') AS payer
  FROM refunds
  UNION ALL SELECT id, 'payout', status, provider, amount,
    (SELECT credit FROM transfers WHERE transaction_id = 'payout:' || payouts.id || ':paid') AS payer
  FROM payouts`

const TILLS = `SELECT account, balance FROM tills WHERE account IN ('cash:mpesa', 'cash:stripe') AND currency = 'KES'`

const read = async <Row>(query: string): Promise<Row[]> => (await env.DB.prepare(query).all<Row>()).results

/** Minor units of a shilling. */
const SHILLING = 100

/** At every moment: nothing was credited that did not arrive, and nothing left twice. */
export async function wrongNow(network: ProviderNetwork): Promise<string[]> {
  const wrong: string[] = []
  for (const receipt of await read<ReceiptRow>(RECEIPTS)) wrong.push(...checkReceipt(network, receipt))
  for (const row of await read<SentRow>(SENT)) {
    const { mpesa, stripe } = network.arrivalsOf(row.id)
    if (mpesa + stripe > 1) {
      wrong.push(
        `M-Pesa sent ${mpesa} times and Stripe ${stripe} times for ${row.id}, which is ${row.status}`,
      )
    }
    const isByHand = row.kind === 'refund' && row.payer !== null && row.payer !== `cash:${row.provider}`
    if (isByHand && mpesa + stripe > 0)
      wrong.push(`${row.id} is paid by ${row.payer}, and ${row.provider} sent it too`)
  }
  return wrong
}

/** A receipt is money that this payment's own payer has paid, in this sum. */
function checkReceipt(
  network: ProviderNetwork,
  { provider, reference, paymentId, amount }: ReceiptRow,
): string[] {
  const sums =
    provider === 'mpesa'
      ? network
          .promptsOf(paymentId)
          .filter(({ code }) => code === 0)
          .map((prompt) => SHILLING * prompt.amount)
      : network.stripe.books
          .all('charge')
          .filter(({ id, metadata }) => id === reference && metadata.paymentId === paymentId)
          .map((charge) => charge.amount as number)
  const is = `${provider} captured ${sums.join(' and ') || 'nothing'} for payment ${paymentId}`
  return sums.length === 1 && sums[0] === amount ? [] : [`${is}, and a receipt says ${amount}`]
}

/** Once everything has settled: all that moved there has moved here. */
export async function wrongAtEnd(network: ProviderNetwork): Promise<string[]> {
  const wrong = await wrongNow(network)
  const receipts = await read<ReceiptRow>(RECEIPTS)
  for (const prompt of network.daraja.prompts) {
    const credited = receipts.filter(({ paymentId }) => prompt.callBackUrl.includes(paymentId)).length
    if (credited !== (prompt.code === 0 ? 1 : 0)) {
      wrong.push(`${prompt.CheckoutRequestID} ended with ${prompt.code}, and was credited ${credited} times`)
    }
  }
  for (const { id, amount } of network.stripe.books.all('charge')) {
    if (!receipts.some(({ reference }) => reference === id))
      wrong.push(`${id} of ${amount} was never credited`)
  }
  const rows = await read<SentRow>(SENT)
  for (const row of rows) {
    const { provider, status, payer, id } = row
    if (provider !== 'mpesa' && provider !== 'stripe') continue
    const arrived = network.arrivalsOf(id)[provider]
    const isPaid = status === 'paid' && payer === `cash:${provider}`
    // A refund that bounced stays paid, and another one owes its money.
    const isReissued = rows.some((each) => each.id !== id && each.kind === 'refund') && isBounced(network, id)
    if (arrived !== (isPaid ? 1 : 0) && !isReissued) {
      wrong.push(`${id} is ${status} by ${payer ?? 'nobody'}, and ${provider} sent it ${arrived} times`)
    }
  }
  const tills = await read<{ account: string; balance: number }>(TILLS)
  const ours = (name: string) => tills.find(({ account }) => account === `cash:${name}`)?.balance ?? 0
  const [mpesa, stripe] = [SHILLING * network.daraja.till, network.stripe.books.balanceOf('kes')]
  if (ours('mpesa') !== mpesa) wrong.push(`M-Pesa has ${mpesa} of ours, and our books say ${ours('mpesa')}`)
  if (ours('stripe') !== stripe)
    wrong.push(`Stripe has ${stripe} of ours, and our books say ${ours('stripe')}`)
  return wrong
}

const isBounced = ({ stripe }: ProviderNetwork, id: string): boolean =>
  stripe.books
    .all('refund')
    .some(({ metadata, status }) => rowIdOf(metadata.refundId ?? '') === id && status === 'failed')
