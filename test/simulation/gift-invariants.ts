// The invariants of admissions that people give to each other: the rows of the offers and what their pools have moved.
import { env } from 'cloudflare:workers'
import type { Event } from './event-stage.ts'
import type { History } from './pool-history.ts'

interface GiftRow {
  id: string
  reservationId: string
  number: number
  toUser: string
  newReservationId: string | null
  state: string
}

/** A pool moves a number for an accepted offer alone, and to whoever accepted it. */
export async function auditGifts(
  { types }: Event,
  histories: ReadonlyMap<string, History>,
): Promise<string[]> {
  const { results } = await env.DB.prepare(
    `SELECT id, reservation_id AS reservationId, number, to_user AS toUser,
       new_reservation_id AS newReservationId, state FROM ticket_transfers
     WHERE state IN ('accepting', 'accepted') AND ticket_type_id IN (SELECT value FROM json_each(?))`,
  )
    .bind(JSON.stringify(types.map(({ id }) => id)))
    .all<GiftRow>()
  const wrong: string[] = []
  const gifts = new Map(results.map((gift) => [`${gift.reservationId} ${gift.number}`, gift]))
  for (const { rows } of histories.values())
    for (const { id, holder, numbers, movedFrom } of rows.values()) {
      if (movedFrom === null) continue
      const key = `${rows.get(movedFrom)!.id} ${numbers[0]}`
      const gift = gifts.get(key)
      gifts.delete(key)
      const isNamed = gift?.newReservationId === id || gift?.state === 'accepting'
      if (!isNamed || gift.toUser !== holder) wrong.push(`${key} moved to ${holder}, and no offer says so`)
    }
  for (const { id, state } of gifts.values())
    if (state === 'accepted') wrong.push(`offer ${id} was accepted, and nothing moved`)
  return wrong
}
