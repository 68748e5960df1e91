// Stages a drawn, priced raffle, with its takings in the ledger as its orders would have booked them.

import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import { account, insertTransfers, tillOf } from '../../src/money/ledger.ts'
import { findRaffle } from '../../src/raffles/find-raffle.ts'
import { askPool, orThrow } from '../../src/tickets/client.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { decline, type Won, wonIn } from '../draws/prizes.ts'
import type { Answer } from '../harness/client.ts'
import {
  type Organisation,
  organisationWithOperator,
  registerPlayer,
  signedInAdmin,
  testContext,
} from '../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  DRAW_AT,
  drawOnTime,
  iso,
  KES,
  MINUTE,
  NOW,
  newKey,
  type Staged,
  stageRaffle,
  sweep,
} from '../raffles/scenario.ts'
import { ANYONE } from '../tickets/entrant.ts'

export const PRICE = 1_000
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

/** Books money for tickets: from cash to takings, through the deposits. */
export async function earn(
  raffleId: string,
  amount: number,
  id = newKey(),
  provider: 'sandbox' | 'manual' = 'sandbox',
): Promise<void> {
  const ctx = testContext()
  const base = { currency: 'KES', amount, raffleId }
  const { organisationId } = (await findRaffle(ctx, raffleId)).raffle
  await insertTransfers(ctx, [
    {
      ...base,
      transactionId: `receipt:${provider}:${id}`,
      part: 0,
      debit: tillOf(provider, organisationId),
      credit: account.deposits,
    },
    {
      ...base,
      transactionId: `order:${id}`,
      part: 0,
      debit: account.deposits,
      credit: account.takings(raffleId),
      organisationId,
      provider,
    },
  ])
}

/** The organisation pays in at a provider, which an administrator saw there. */
export async function payIn(organisationId: string, provider: string, amount: number): Promise<void> {
  const topUp = { reference: newKey(), provider, amount: KES(amount) }
  const { status } = await as(
    await signedInAdmin(),
    'POST',
    `/organisations/${organisationId}/top-ups`,
    topUp,
  )
  expect(status).toBe(201)
}

/** An administrator lets the organisation guarantee prizes beyond its balance. */
export async function allowGuarantees(organisationId: string, amount: number): Promise<void> {
  const path = `/organisations/${organisationId}/guarantee-limits/KES`
  expect((await as(await signedInAdmin(), 'PUT', path, { amount })).status).toBe(200)
}

/** More than the prizes of any staged raffle can lack. */
export const AMPLE = 1_000_000

/** A raffle on sale, with its entries; the ledger is still empty. Its organisation may guarantee its prizes. */
export async function stagePriced(
  changes: Record<string, unknown> = {},
  players = 5,
  organisation?: Organisation,
): Promise<Staged> {
  at(NOW)
  const rules = {
    ticketPrice: KES(PRICE),
    providers: ['sandbox'],
    minTickets: 1,
    guaranteed: true,
    // Early, so that the payment span ends before CLOSES_AT, when `drawOnTime` freezes the raffle.
    closesAt: iso(CLOSES_AT - 15 * MINUTE),
    drawAt: iso(DRAW_AT),
    ...changes,
  }
  const owner = organisation ?? (await organisationWithOperator())
  if (organisation === undefined) await allowGuarantees(owner.id, AMPLE)
  const staged = await stageRaffle(rules, owner)
  await enterPaid(staged, players)
  return staged
}

/** New players with one ticket each, reserved and confirmed at the pool as by a paid order. */
async function enterPaid({ id: itemId, pool }: Staged, players: number): Promise<void> {
  const ctx = testContext()
  const free = { itemId, key: '', request: '', quantity: 1, numbers: null, payment: null }
  for (const { id: holder } of await Promise.all(Array.from({ length: players }, () => registerPlayer()))) {
    const held = await askPool(ctx, pool, (stub) =>
      stub.reserve({
        ...free,
        holder,
        entrant: ANYONE,
        key: newKey(),
        payment: { holdMs: MINUTE, provider: 'sandbox' },
      }),
    )
    // If entries are free, the pool refuses a payment.
    const { reservation } = orThrow(
      held.ok
        ? held
        : await askPool(ctx, pool, (stub) =>
            stub.reserve({ ...free, holder, entrant: ANYONE, key: newKey() }),
          ),
    )
    const { seq } = reservationAddress(reservation.id)
    if (held.ok) orThrow(await askPool(ctx, pool, (stub) => stub.confirm(seq, reservation.id)))
  }
}

export async function stageDrawn(
  changes: Record<string, unknown> = {},
  players = 5,
  organisation?: Organisation,
): Promise<Staged & { won: Won[] }> {
  const staged = await stagePriced(changes, players, organisation)
  await earn(staged.id, PRICE * players)
  await drawOnTime(staged)
  return { ...staged, won: await wonIn(staged.id) }
}

/** Five tickets at 1,000, less a rake of 10 %. By default 4,500 are left, because the winner declines. */
export async function stageSettled(
  changes: Record<string, unknown> = {},
  organisation?: Organisation,
): Promise<Staged> {
  const rules = { prizes: [cash(500)], rakeBps: 1_000, onUnclaimed: 'keep', ...changes }
  const staged = await stageDrawn(rules, 5, organisation)
  for (const { id, holder } of staged.won) await decline(holder, id)
  await sweep()
  return staged
}

export const BANK = { holder: 'Amina Wanjiru', bank: 'KCB, Moi Avenue', account: '1180230112' }

/** The body of a payout method; by hand it is a bank account. */
export const methodTo = (provider = 'sandbox', destination = '0700 000 112') =>
  provider === 'manual' ? { provider, bank: BANK } : { provider, destination }

/** A payout method that the person has just added. */
export async function newMethodOf(person: { id: string }, to: object = methodTo()): Promise<string> {
  const { status, body } = await as(person, 'POST', '/users/me/payout-methods', to)
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id
}

/** One that the person has had for longer than a new method waits. */
export async function methodOf(
  person: { id: string },
  provider?: string,
  destination?: string,
): Promise<string> {
  const id = await newMethodOf(person, methodTo(provider, destination))
  await agePayoutMethods(id)
  return id
}

/** As if these methods had waited their day. */
export const agePayoutMethods = async (...ids: string[]): Promise<void> => {
  for (const id of ids)
    await env.DB.prepare(
      'UPDATE payout_methods SET payable_from = 0, created_at = created_at - 86400000 WHERE id = ?',
    )
      .bind(id)
      .run()
}

export async function claimCash(won: Won, provider = 'sandbox'): Promise<Answer> {
  const payoutMethodId = await methodOf(won.holder, provider)
  return as(won.holder, 'POST', `/winners/${won.id}/claim`, { payoutMethodId })
}

/** The net sum (credits less debits) of each account in a raffle's transfers; zeros are left out. */
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

export const TO_BANK = { provider: 'sandbox', destination: '0112 4455 778' }

/** Requests the organisation's part of the raffle. */
export const request = (
  person: { id: string },
  raffleId: string,
  key = newKey(),
  to: object = TO_BANK,
): Promise<Answer> =>
  as(person, 'POST', '/payouts', { raffleId, ...to }, { headers: { 'idempotency-key': key } })

export const approve = (person: { id: string }, id: string): Promise<Answer> =>
  as(person, 'POST', `/payouts/${id}/approve`)
