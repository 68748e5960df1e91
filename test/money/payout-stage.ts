// A priced raffle that was drawn, with its takings in the ledger as its orders would have written them.
import { expect } from 'vitest'
import { account, insertTransfers } from '../../src/money/ledger.ts'
import type { Answer } from '../harness/client.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  DRAW_AT,
  drawOnTime,
  enter,
  holderOf,
  NOW,
  newKey,
  type Staged,
  stageRaffle,
  sweep,
  winnersOf,
} from '../raffles/scenario.ts'

export const PRICE = 1_000
export const KES = (amount: number) => ({ amount, currency: 'KES' })
export const cash = (amount: number, quantity = 1) => ({
  title: 'Cash',
  kind: 'cash',
  quantity,
  value: KES(amount),
})
export const share = (shareBps: number, quantity = 1) => ({
  title: 'A share',
  kind: 'share',
  quantity,
  value: { shareBps },
})

/** Money that came in for tickets: cash to takings, by way of the deposits. */
export async function earn(raffleId: string, amount: number, id = newKey()): Promise<void> {
  const ctx = testContext()
  const base = { currency: 'KES', amount, raffleId }
  await insertTransfers(ctx, [
    { ...base, transactionId: `receipt:sandbox:${id}`, part: 0, debit: 'cash:sandbox', credit: 'deposits' },
    {
      ...base,
      transactionId: `order:${id}`,
      part: 0,
      debit: account.deposits,
      credit: account.takings(raffleId),
    },
  ])
}

export interface Won {
  id: string
  unit: string
  amount: number | null
  holder: { id: string }
}

/** On sale, with its entries; nothing is in the ledger yet. */
export async function stagePriced(changes: Record<string, unknown> = {}, players = 5): Promise<Staged> {
  at(NOW)
  const staged = await stageRaffle({
    ticketPrice: KES(PRICE),
    providers: ['sandbox'],
    minTickets: 1,
    guaranteed: true,
    drawAt: new Date(DRAW_AT).toISOString(),
    ...changes,
  })
  await enter(staged.id, players)
  return staged
}

export async function stageDrawn(
  changes: Record<string, unknown> = {},
  players = 5,
): Promise<Staged & { won: Won[] }> {
  const staged = await stagePriced(changes, players)
  await earn(staged.id, PRICE * players)
  await drawOnTime(staged)
  // What is due only after the payments' span.
  await sweep()
  return { ...staged, won: await wonIn(staged.id) }
}

export async function wonIn(raffleId: string): Promise<Won[]> {
  const winners = await winnersOf(raffleId)
  return Promise.all(
    winners.map(async ({ id, unit, prize }) => ({
      id,
      unit,
      amount: prize.amount?.amount ?? null,
      holder: await holderOf(id),
    })),
  )
}

export async function methodOf(
  person: { id: string },
  provider = 'sandbox',
  destination = '0700 000 112',
): Promise<string> {
  const { status, body } = await as(person, 'POST', '/users/me/payout-methods', { provider, destination })
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id
}

export async function claimCash(won: Won, provider = 'sandbox'): Promise<Answer> {
  const payoutMethodId = await methodOf(won.holder, provider)
  return as(won.holder, 'POST', `/winners/${won.id}/claim`, { payoutMethodId })
}

/** Net of each account of a raffle's transfers: what was credited less what was debited; zeros are left out. */
export async function balances(staged: Staged): Promise<Record<string, number>> {
  const { status, body } = await as(staged.operator, 'GET', `/ledger/trial-balance?raffleId=${staged.id}`)
  expect(status, JSON.stringify(body)).toBe(200)
  expect(body.balanced).toBe(true)
  const named = body.data.map(
    ({ account: name, debit, credit }: { account: string; debit: number; credit: number }) => [
      name.replace(/:(raffle|org)_\w+/, ''),
      credit - debit,
    ],
  )
  return Object.fromEntries(named.filter(([, net]: [string, number]) => net !== 0))
}

export async function payoutsOf(staged: Staged, query = ''): Promise<Answer['body'][]> {
  const { body } = await as(staged.operator, 'GET', `/payouts?raffleId=${staged.id}${query}`)
  return body.data
}

export const stranger = registerPlayer
