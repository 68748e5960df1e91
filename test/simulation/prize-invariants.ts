// The invariants of winners, payouts and prizes out of stock, in the form and the scope of `invariant-rules.ts`.

/** Added to the scope of all rules: drawn units with their prizes, and how a drawn raffle's money was shared. */
export const PRIZE_SCOPE = `,
  -- Shares and the rake of a raffle that takes M-Pesa are cut to whole shillings.
  w AS (SELECT winners.*, raffles.status AS raffle_status, pool, prize.value AS prize,
      iif(providers LIKE '%"mpesa"%', 100, 1) AS smallest,
      winners.status IN ('declined', 'expired', 'disqualified', 'void') AS is_gone
    FROM winners JOIN raffles ON raffles.id = raffle_id, json_each(prizes) AS prize
    WHERE raffle_id IN raffle AND prize.key = CAST(unit AS INTEGER) - 1),
  prize_payout AS (SELECT p.*, w.status AS winner_status, w.user_id AS winner, unit, smallest, prize->>'kind' AS prize_kind,
      prize->'value' AS value
    FROM p LEFT JOIN w ON w.id = subject WHERE p.kind = 'prize'),
  again AS (SELECT pool, attempts.attempt, unit.value AS unit, record->>'requestedAt' AS at
    FROM attempts, json_each(record, '$.units') AS unit WHERE pool IN (SELECT pool FROM w)),
  -- Prizes that were paid after they were cancelled: their organisation bears them.
  late AS (SELECT p.id, p.raffle_id, p.amount FROM p JOIN t ON transaction_id = 'payout:' || p.id || ':paid'
    WHERE kind = 'prize' AND p.status = 'paid' AND debit = 'organiser:' || p.organisation_id),
  settled(id, status, price, rake_bps, smallest, takings, rake, prizes, organiser, lost, paid, rest) AS (
    SELECT raffles.id, status, price_amount, raffles.rake_bps, iif(providers LIKE '%"mpesa"%', 100, 1),
      (SELECT coalesce(sum(amount), 0) FROM moves WHERE account = 'takings:' || raffles.id
        AND transaction_id = 'draw:' || raffles.id),
      (SELECT -coalesce(sum(amount), 0) FROM moves WHERE account = 'rake' AND moves.raffle_id = raffles.id),
      (SELECT -coalesce(sum(amount), 0) FROM moves WHERE account = 'prizes:' || raffles.id),
      (SELECT -coalesce(sum(amount), 0) FROM moves WHERE account = 'organiser:' || organisation_id
        AND moves.raffle_id = raffles.id),
      (SELECT coalesce(sum(amount), 0) FROM loss WHERE loss.raffle_id = raffles.id)
        + (SELECT coalesce(sum(amount), 0) FROM late WHERE late.raffle_id = raffles.id)
        + (SELECT coalesce(sum(iif(transaction_id LIKE '%:again', amount, -amount)), 0) FROM t
          WHERE t.raffle_id = raffles.id AND transaction_id LIKE 'payout:%:again%'),
      (SELECT coalesce(sum(amount), 0) FROM p WHERE raffle_id = raffles.id AND kind = 'prize' AND p.status = 'paid'
        AND id NOT IN (SELECT id FROM late)),
      (SELECT coalesce(sum(amount), 0) FROM p WHERE raffle_id = raffles.id AND kind = 'organiser' AND p.status = 'paid')
    FROM raffles WHERE id IN raffle AND raffles.status = 'settled')`

/** These hold at every moment, even just after a crash. */
export const PRIZES_ALWAYS: readonly string[] = [
  // ——— Winners ———
  `SELECT 'winner ' || w.id || ' is ' || status || ' and unit ' || w.unit || ' was drawn again' FROM w
   JOIN again ON again.pool = w.pool AND again.unit = w.unit AND again.attempt > w.attempt WHERE NOT is_gone`,
  `SELECT 'raffle ' || raffles.id || ' was drawn again ' || max(attempt) || ' times' FROM raffles
   JOIN attempts ON attempts.pool = raffles.pool WHERE raffles.id IN raffle AND draw->>'method' = 'beacon'
   GROUP BY raffles.id HAVING max(attempt) > max_redraws`,
  `SELECT 'ticket ' || w.number || ' of raffle ' || w.raffle_id || ' was disqualified and won again' FROM w
   JOIN w AS later ON later.raffle_id = w.raffle_id AND later.number = w.number AND later.attempt > w.attempt
   JOIN again ON again.pool = w.pool AND again.attempt = later.attempt AND again.unit = later.unit
   WHERE w.status = 'disqualified' AND w.updated_at < again.at`,
  `SELECT 'raffle ' || raffle_id || ' is settled and winner ' || id || ' ' || status FROM w
   WHERE raffle_status = 'settled' AND NOT is_gone AND status NOT IN ('paid', 'delivered')`,

  `SELECT 'winner ' || w.id || ' is disqualified, but not by two people' FROM w WHERE status = 'disqualified'
   AND NOT EXISTS (SELECT 1 FROM disqualifications AS d WHERE d.winner_id = w.id AND d.status = 'confirmed'
     AND d.reason = w.reason AND d.decided_by <> d.proposed_by)`,
  `SELECT 'winner ' || w.id || ' expired while a proposal to disqualify waited' FROM w
   JOIN disqualifications AS d ON d.winner_id = w.id
   WHERE w.status = 'expired' AND d.status = 'proposed' AND w.updated_at < d.lapses_at`,

  // ——— Payouts ———
  `SELECT 'payout ' || id || ' of a prize is ' || status || ' and its winner ' || coalesce(winner_status, 'missing')
   FROM prize_payout WHERE status NOT IN (SELECT value FROM json_each(CASE winner_status
     WHEN 'claimed' THEN '["requested", "approved", "sent", "failed"]' WHEN 'paid' THEN '["paid"]'
     WHEN 'disqualified' THEN '["cancelled"]' WHEN 'void' THEN '["cancelled"]' ELSE '[]' END))
     AND NOT (winner_status IN ('disqualified', 'void') AND id IN (SELECT id FROM late))`,
  `SELECT 'winner ' || w.id || ' is ' || status || ' and has no payout' FROM w
   WHERE status IN ('claimed', 'paid') AND prize->>'kind' <> 'item' AND prize->'value'->>'amount' IS NOT 0
     AND NOT EXISTS (SELECT 1 FROM p WHERE kind = 'prize' AND subject = w.id)
     AND NOT (status = 'paid' AND prize->>'kind' = 'share' AND (SELECT coalesce(sum(amount), 0) FROM moves
       WHERE account = 'takings:' || w.raffle_id AND transaction_id = 'draw:' || w.raffle_id)
       * (prize->'value'->>'shareBps') < 10000 * smallest)`,
  `SELECT 'payout ' || id || ' pays user ' || user_id || ' the prize of ' || winner FROM prize_payout
   WHERE user_id IS NOT winner`,
  `SELECT 'unit ' || unit || ' of raffle ' || raffle_id || ' has ' || count(*) || ' payouts' FROM prize_payout
   WHERE status <> 'cancelled' AND id NOT IN (SELECT id FROM late) GROUP BY raffle_id, unit HAVING count(*) > 1`,
  `SELECT 'payout ' || id || ' of unit ' || unit || ' is ' || amount || ', but the prize is ' || least FROM (
     SELECT *, iif(prize_kind = 'cash', value->>'amount', (SELECT coalesce(sum(amount), 0) FROM moves
       WHERE account = 'takings:' || due.raffle_id AND transaction_id = 'draw:' || due.raffle_id)
       * (value->>'shareBps') / 10000) AS least FROM prize_payout AS due)
   WHERE iif(prize_kind = 'cash', amount <> least,
     amount NOT IN (least - least % smallest, least + 1 - (least + 1) % smallest))`,
  `SELECT 'payout ' || p.id || ' of ' || kind || ' was paid from ' || debit || ' to ' || credit FROM p
   JOIN t ON transaction_id = 'payout:' || p.id || ':paid'
   WHERE credit <> 'cash:' || p.provider || iif(p.provider = 'manual', ':' || p.organisation_id, '') OR p.id NOT IN (SELECT id FROM late) AND debit <> CASE kind WHEN 'prize' THEN 'prizes:' || p.raffle_id
     ELSE kind || ':' || p.organisation_id END`,
  `SELECT 'payout ' || p.id || ' was ' || p.status || ' while a proposal to disqualify waited' FROM p
   JOIN disqualifications AS d ON kind = 'prize' AND d.winner_id = subject
   WHERE p.status IN ('sent', 'paid') AND p.updated_at >= d.proposed_at
     AND p.updated_at < coalesce(d.decided_at, d.lapses_at)`,
  `SELECT 'payout ' || p.id || ' is ' || p.status || ', but the sandbox sends ' || s.id FROM p
   JOIN sandbox_transfers AS s ON s.id >= p.id AND s.id < p.id || '~' AND s.status <> 'failed'
   WHERE p.status IN ('requested', 'cancelled')`,
  `SELECT 'organisation ' || organisation_id || ' is paid ' || requested || ' of the ' || earned || ' that its shop earned'
   FROM (SELECT organisation_id, sum(amount) AS requested, (SELECT coalesce(sum(amount), 0) FROM t
       WHERE credit = 'shop:' || organisation_id) AS earned
     FROM p WHERE kind = 'shop' AND status <> 'cancelled' GROUP BY organisation_id)
   WHERE requested > earned`,

  // ——— Settled raffles ———
  `SELECT 'raffle ' || id || ' is settled and keeps ' || prizes || ' of its prizes' FROM settled WHERE prizes <> 0`,
  `SELECT 'raffle ' || id || ' has a rake of ' || rake || ', but takings of ' || takings || ' make ' || (takings * rake_bps / 10000)
   FROM (SELECT *, takings * rake_bps / 10000 AS least FROM settled)
   WHERE rake NOT IN (least - least % smallest, least + 1 - (least + 1) % smallest)`,
  `SELECT 'raffle ' || id || ' leaves ' || organiser || ' to its organiser, but takings of ' || takings || ', a rake of ' || rake
     || ', prizes of ' || paid || ', losses of ' || lost || ' and a payout of ' || rest || ' leave '
     || (takings - rake - paid - lost - rest)
   FROM settled WHERE organiser <> takings - rake - paid - lost - rest`,
  `SELECT 'payout ' || p.id || ' is ' || p.amount || ', but raffle ' || raffle_id || ' leaves ' || (takings - rake - paid)
     || ' less losses of ' || lost
   FROM p LEFT JOIN settled ON settled.id = raffle_id
   WHERE kind = 'organiser' AND p.status <> 'cancelled' 
     AND coalesce(p.amount NOT BETWEEN takings - rake - paid - lost AND takings - rake - paid, true)`,

  // ——— Goods ———
  `SELECT 'hold ' || id || ' of prizes of ' || status || ' raffle ' || user_id || ' took ' || back || ' back and '
     || given || ' of ' || quantity || ' were given away' FROM (
     SELECT h.id, h.user_id, quantity, raffles.status, json_array_length(returned) AS back,
       (SELECT count(*) FROM w WHERE w.raffle_id = h.user_id AND w.status = 'delivered'
         AND 'prize:' || CAST(unit AS INTEGER) = h.key) AS given
     FROM h JOIN raffles ON raffles.id = h.user_id)
   WHERE back <> CASE status WHEN 'settled' THEN quantity - given WHEN 'cancelled' THEN quantity ELSE 0 END`,
  `SELECT 'line ' || of_hold.line || ' of order ' || of_hold.order_id || ' is ' || line_state || ' and ' || fulfilment
   FROM of_hold WHERE fulfilment <> 'none' AND (line_state NOT IN ('issued', 'refunded')
     OR NOT EXISTS (SELECT 1 FROM order_events AS e WHERE e.order_id = of_hold.order_id
       AND e.key = 'fulfilment:' || of_hold.line || ':' || fulfilment))`,
]
