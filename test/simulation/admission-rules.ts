// The invariants of check-ins and of admissions that people give to each other, in the database. Each rule is a query of its
// violations, as sentences, to be used after `EVENT_SCOPE`.

// ——— The door ———

const IN = `check_ins AS c JOIN type ON type.id = c.ticket_type_id AND c.undone_at IS NULL AND c.conflict_with IS NULL`
const HAS_ONE = `reservation_id = c.reservation_id AND ticket.value = c.number`
/** The refunds of the order lines of these reservations that name the ticket. */
const refundsOf = (reservations: string): string => `
  order_lines AS bought JOIN refunds AS f ON f.order_id = bought.order_id AND f.status <> 'refused'
   JOIN json_each(f.lines) AS part ON part.value->>'line' = bought.line
   JOIN json_each(part.value, '$.numbers') AS ticket ON ticket.value = c.number
  WHERE bought.reservation_id IN (${reservations})`

export const DOOR_ALWAYS: readonly string[] = [
  `SELECT 'admission ' || number || ' of ' || reservation_id || ' is in ' || count(*) || ' times' FROM ${IN}
   GROUP BY reservation_id, number HAVING count(*) > 1`,
  `SELECT 'admission ' || c.number || ' of ' || c.reservation_id || ' is in, and was given away by ' || gift.id FROM ${IN}
   JOIN ticket_transfers AS gift USING (reservation_id, number) WHERE gift.state IN ('accepting', 'accepted')`,
  `SELECT 'admission ' || c.number || ' of ' || c.reservation_id || ' is in, and was given back' FROM ${IN}
   WHERE EXISTS (SELECT 1 FROM ticket_returns, json_each(numbers) AS ticket WHERE ${HAS_ONE})`,
  // A member may refund a guest who is inside. A buyer may not give back what somebody is in with.
  `SELECT 'admission ' || c.number || ' of ' || c.reservation_id || ' is in, and was refunded before' FROM ${IN}
   WHERE EXISTS (SELECT 1 FROM ${refundsOf(`SELECT c.reservation_id UNION ALL
     SELECT reservation_id FROM ticket_transfers WHERE new_reservation_id = c.reservation_id`)}
     AND f.created_at < c.received_at)`,
  `SELECT 'admission ' || c.number || ' of ' || c.reservation_id || ' is in, and its buyer gave it back' FROM ${IN}
   WHERE EXISTS (SELECT 1 FROM ${refundsOf('c.reservation_id')} AND f.key LIKE 'buyer:%')`,
  `SELECT 'check-in ' || c.id || ' is after the cancellation' FROM ${IN} JOIN events ON events.id = type.event
   WHERE cancelled_at < c.received_at`,
  `SELECT 'scan ' || c.id || ' is in conflict with ' || coalesce(first.id, 'nothing') FROM check_ins AS c
   JOIN type ON type.id = c.ticket_type_id AND c.conflict_with <> c.id
   LEFT JOIN check_ins AS first ON first.event_id = c.event_id AND first.id = c.conflict_with
     AND (first.ticket_type_id, first.number, first.first_seq) = (c.ticket_type_id, c.number, c.first_seq)
     AND first.conflict_with IS NULL AND first.received_at <= c.received_at
   WHERE first.id IS NULL`,
]

// ——— Gifts ———

const GIVEN = 'ticket_transfers AS gift JOIN type ON type.id = gift.ticket_type_id'

export const GIFTS_ALWAYS: readonly string[] = [
  `SELECT 'offer ' || gift.id || ' is ' || state || ', and its address is ' || iif(email IS NULL, 'gone', 'kept') FROM ${GIVEN}
   WHERE (state = 'open') <> (email IS NOT NULL)`,
  `SELECT 'offer ' || gift.id || ' is ' || state || ', due is ' || coalesce(gift.due_at, 'never') FROM ${GIVEN}
   WHERE (state IN ('open', 'accepting')) <> (gift.due_at IS NOT NULL)`,
  `SELECT 'offer ' || gift.id || ' is ' || state || ', and made ' || coalesce(new_reservation_id, 'nothing') FROM ${GIVEN}
   WHERE (state = 'accepted') <> (new_reservation_id IS NOT NULL)`,
  `SELECT 'offer ' || gift.id || ' was accepted by its giver' FROM ${GIVEN} WHERE to_user = from_user`,
  `SELECT 'admission ' || number || ' of ' || reservation_id || ' was given away ' || count(*) || ' times' FROM ${GIVEN}
   WHERE state IN ('accepting', 'accepted') GROUP BY reservation_id, number HAVING count(*) > 1`,
  `SELECT 'offer ' || gift.id || ' gives away what ' || first.id || ' has given' FROM ${GIVEN}
   JOIN ticket_transfers AS first ON first.new_reservation_id = gift.reservation_id`,
  `SELECT 'offer ' || gift.id || ' has ' || count(mails.id) || ' mails' FROM ${GIVEN}
   LEFT JOIN mails ON mails.kind = 'ticket_given' AND mails.subject = gift.id
   GROUP BY gift.id HAVING count(mails.id) <> 1`,
]

/** These hold once every deadline has passed. */
export const GIFTS_SETTLED: readonly string[] = [
  `SELECT 'offer ' || gift.id || ' is still ' || state FROM ${GIVEN}, clock WHERE gift.due_at <= now`,
]
