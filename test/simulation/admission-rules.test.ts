// The audit finds nothing wrong with an event whose tickets were sold, given away and used, and finds each change of its rows.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { codesOf, scan, scanLate, take } from '../admissions/door-stage.ts'
import { orders, type StagedEvent, stageEvent } from '../events/event-stage.ts'
import { registerPlayer } from '../harness/people.ts'
import { as, catchUp, iso, MINUTE, NOW, newKey, sweep, useClock } from '../raffles/scenario.ts'
import { audit } from './invariants.ts'

useClock()

interface Used {
  staged: StagedEvent
  /** A reservation of two free tickets: somebody is in with the first, and the second is Brian's now. */
  free: string
  /** Brian's reservation. */
  given: string
  gift: string
  /** A paid order, with whose ticket its buyer is in, and its reservation. */
  order: string
  paid: string
}

async function stageUsed(): Promise<Used> {
  const staged = await stageEvent()
  const taken = await take(staged, 2)
  const brian = await registerPlayer()
  const { reservationId: free } = taken
  const path = `/tickets/${free}/admissions/2/transfer`
  const { body: offered } = await as(taken.player, 'POST', path, { email: brian.email })
  const accepted = await as(brian, 'POST', `/tickets/transfers/${offered.id}/accept`)
  expect(accepted.status, JSON.stringify(accepted.body)).toBe(200)
  const buyer = await registerPlayer()
  const { id: order, lines } = await orders(buyer, [{ ticketTypeId: staged.types.vip, quantity: 1 }])
  const { reservationId: paid } = lines[0]
  for (const each of [taken, { player: buyer, reservationId: paid, numbers: [1] }]) {
    const [code] = await codesOf(each)
    expect((await scan(staged, code!)).status).toBe(201)
    await scanLate(staged, [{ code, gate: null, scanId: newKey(), scannedAt: iso(NOW - MINUTE) }])
  }
  for (const id of Object.values(staged.types)) await catchUp(id)
  await sweep()
  return { staged, free, given: accepted.body.reservationId, gift: offered.id, order, paid }
}

async function found({ staged: { types } }: Used): Promise<string> {
  const wrong = await audit(env, { settled: true, raffles: Object.values(types) })
  return wrong.join('\n')
}

it('finds nothing wrong with an untouched event', async () => {
  expect(await found(await stageUsed())).toBe('')
})

const ANY = 'hex(randomblob(8))'

const refundOf = (key: string, createdAt: string) => `
  INSERT INTO refunds (id, order_id, key, request, provider, payment_id, receipt, amount, currency, reason, lines, status,
    created_at, updated_at)
  SELECT ${ANY}, ?5, '${key}', '', 'sandbox', payment_id, reference, amount, currency, 'x',
    '[{"line":0,"numbers":[1]}]', 'requested', ${createdAt}, 1
  FROM receipts WHERE order_id = ?5`

/** Another accepted offer like the staged one. */
const again = (other: Record<string, string>) => {
  const change: Record<string, string> = { id: ANY, new_reservation_id: ANY, ...other }
  const columns = [
    'id',
    'event_id',
    'ticket_type_id',
    'reservation_id',
    'number',
    'from_user',
    'email',
    'state',
  ]
  const rest = ['to_user', 'new_reservation_id', 'created_at', 'expires_at', 'due_at']
  const all = [...columns, ...rest]
  return `INSERT INTO ticket_transfers (${all.join(', ')})
    SELECT ${all.map((column) => change[column] ?? column).join(', ')} FROM ticket_transfers WHERE id = ?4`
}

it.each<[string, RegExp]>([
  [
    `INSERT INTO check_ins SELECT event_id, id || 'x', ticket_type_id, reservation_id, number, first_seq + 1, scanned_at,
       received_at, by, gate, 'other', NULL, NULL, NULL, NULL
     FROM check_ins WHERE reservation_id = ?2 AND conflict_with IS NULL`,
    /is in 2 times/,
  ],
  ['UPDATE ticket_transfers SET number = 1 WHERE id = ?4', /is in, and was given away by/],
  [`INSERT INTO ticket_returns VALUES (?2, 'x', '[1]', NULL, 1)`, /is in, and was given back/],
  [refundOf('request:x', '1'), /is in, and was refunded before/],
  [refundOf('buyer:x', `${NOW + MINUTE}`), /is in, and its buyer gave it back/],
  [`UPDATE events SET status = 'cancelled', cancelled_at = 1 WHERE id = ?1`, /is after the cancellation/],
  [
    `UPDATE check_ins SET conflict_with = 'checkin_x' WHERE conflict_with IS NOT NULL AND reservation_id = ?2`,
    /is in conflict with nothing/,
  ],
  [
    `UPDATE ticket_transfers SET email = 'x@example.com' WHERE id = ?4`,
    /is accepted, and its address is kept/,
  ],
  ['UPDATE ticket_transfers SET due_at = 1 WHERE id = ?4', /is accepted, due is 1/],
  ['UPDATE ticket_transfers SET due_at = 1 WHERE id = ?4', /is still accepted/],
  ['UPDATE ticket_transfers SET new_reservation_id = NULL WHERE id = ?4', /is accepted, and made nothing/],
  ['UPDATE ticket_transfers SET to_user = from_user WHERE id = ?4', /was accepted by its giver/],
  [again({}), /was given away 2 times/],
  [again({ reservation_id: 'new_reservation_id' }), /gives away what .* has given/],
  [`DELETE FROM mails WHERE kind = 'ticket_given' AND subject = ?4`, /has 0 mails/],
])('finds %s', async (change, sentence) => {
  const used = await stageUsed()
  const given = [used.staged.id, used.free, used.given, used.gift, used.order]
  const count = Math.max(...[...change.matchAll(/\?(\d)/g)].map(([, place]) => Number(place)))
  await env.DB.prepare(change)
    .bind(...given.slice(0, count))
    .run()
  expect(await found(used)).toMatch(sentence)
})
