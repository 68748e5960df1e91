// What people do about prizes in tests, through the API.
import type { Answer } from '../harness/client.ts'
import { as, holderOf, winnersOf } from '../raffles/scenario.ts'

type Someone = { id: string }

export const ADDRESS = {
  name: 'Amina Wanjiru',
  lines: ['1 Moi Avenue', 'Flat 2'],
  city: 'Nairobi',
  country: 'KE',
}

export interface Won {
  id: string
  unit: string
  number: number
  /** What a prize of money pays; null of an item. */
  amount: number | null
  holder: Someone
}

/** Winners of all attempts, the newest attempt last. */
export async function wonIn(raffleId: string): Promise<Won[]> {
  const winners = await winnersOf(raffleId)
  return Promise.all(
    winners.map(async ({ id, unit, number, prize }) => ({
      id,
      unit,
      number,
      amount: prize.amount?.amount ?? null,
      holder: await holderOf(id),
    })),
  )
}

export const claim = (person: Someone, id: string, deliveryAddress: object = ADDRESS): Promise<Answer> =>
  as(person, 'POST', `/winners/${id}/claim`, { deliveryAddress })

export const decline = (person: Someone, id: string): Promise<Answer> =>
  as(person, 'POST', `/winners/${id}/decline`)

export const disqualify = (
  person: Someone,
  id: string,
  reason = 'Bought under three names',
): Promise<Answer> => as(person, 'POST', `/winners/${id}/disqualify`, { reason })

export const deliver = (person: Someone, id: string): Promise<Answer> =>
  as(person, 'POST', `/winners/${id}/deliver`)
