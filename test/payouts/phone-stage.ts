// A cash prize on its way to the winner's phone by M-Pesa.
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { Won } from '../draws/prizes.ts'
import { type Person, signedInAdmin } from '../harness/people.ts'
import { daraja, PHONE, sent } from '../payments/mpesa-stage.ts'
import { as, sweep } from '../raffles/scenario.ts'
import { approve, cash, methodOf, payIn, payoutsOf, stageDrawn } from './payout-stage.ts'

/** The least that M-Pesa sends to a phone. */
export const PRIZE = 1_000

export async function claim({ id, holder }: Won) {
  const payoutMethodId = await methodOf(holder, 'mpesa', PHONE)
  await prove(holder, payoutMethodId)
  return as(holder, 'POST', `/winners/${id}/claim`, { payoutMethodId })
}

/** The winner pays KES 1 from the phone, which goes back by a reversal. */
async function prove(holder: Pick<Person, 'id'>, methodId: string): Promise<void> {
  const asked = await as(holder, 'POST', `/users/me/payout-methods/${methodId}/proof`)
  expect(asked.body.payment.status, JSON.stringify(asked.body)).toBe('pending')
  await daraja.confirm(daraja.prompts.at(-1)!)
  await sweep()
  expect(daraja.transfers).toMatchObject([{ kind: 'reversal', amount: 1, phone: '254700000001' }])
  await daraja.complete(daraja.transfers[0]!)
  await sweep()
  daraja.transfers.length = 0
}

export const transferred = async (id: string) =>
  (
    await env.DB.prepare('SELECT credit, amount FROM transfers WHERE transaction_id = ?')
      .bind(`payout:${id}:paid`)
      .all()
  ).results

/** M-Pesa decides the last transfer, and reports it. Returns its transaction id. */
export async function report(code: number | string = 0) {
  const transfer = daraja.transfers.at(-1)!
  daraja.settle(transfer, code)
  await daraja.reportTransfer(transfer, code)
  await sweep()
  return transfer.transactionId
}

/** A prize of KES 10 on its way to the winner's phone. */
export async function stageSent() {
  const staged = await stageDrawn({ prizes: [cash(PRIZE)] })
  await payIn(staged.organisation.id, 'mpesa', PRIZE)
  expect((await claim(staged.won[0]!)).status).toBe(200)
  const [{ id }] = await payoutsOf(staged)
  expect((await approve(staged.operator, id)).body).toMatchObject({
    status: 'sent',
    provider: 'mpesa',
    destination: '••••0001',
  })
  expect(sent('b2c')).toMatchObject([
    { OriginatorConversationID: id, CommandID: 'PromotionPayment', Amount: '10', PartyB: '254700000001' },
  ])
  const payout = async () => (await payoutsOf(staged))[0]
  return { staged, id: id as string, payout, admin: await signedInAdmin() }
}
