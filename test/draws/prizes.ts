// What people do about prizes in tests, through the API.
import type { Answer } from '../harness/client.ts'
import { signedInAdmin } from '../harness/people.ts'
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

const WHY = 'Bought under three names'

export const propose = (person: Someone, id: string, reason = WHY): Promise<Answer> =>
  as(person, 'POST', `/winners/${id}/disqualify`, { reason })

export const confirm = (person: Someone, id: string, body?: object): Promise<Answer> =>
  as(person, 'POST', `/winners/${id}/disqualify/confirm`, body)

export const withdraw = (person: Someone, id: string): Promise<Answer> =>
  as(person, 'POST', `/winners/${id}/disqualify/withdraw`)

/** Two people disqualify: `person` proposes, an administrator confirms. The answer of the last request that was made. */
export async function disqualify(person: Someone, id: string, reason = WHY): Promise<Answer> {
  const proposed = await propose(person, id, reason)
  return proposed.status === 200 ? confirm(await signedInAdmin(), id) : proposed
}

export const deliver = (person: Someone, id: string, body?: object): Promise<Answer> =>
  as(person, 'POST', `/winners/${id}/deliver`, body)
