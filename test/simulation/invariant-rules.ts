// The invariants of money, stock, earned entries and mails in the database. Each rule is a query of its violations, as sentences.

/** `?1`: ids of raffles and products to check, or null for all. `?2`: now. A refund's line without numbers means the rest. */
export const SCOPE = `
  WITH scope(id) AS (
    SELECT id FROM orders WHERE ?1 IS NULL
    UNION SELECT order_id FROM order_lines WHERE item_id IN (SELECT value FROM json_each(?1))),
  raffle(id) AS (
    SELECT id FROM raffles WHERE ?1 IS NULL AND status <> 'draft' UNION
    SELECT value FROM json_each(?1) WHERE value LIKE 'raffle_%'),
  clock(now) AS (SELECT ?2),
  o AS (SELECT * FROM orders WHERE id IN scope),
  l AS (SELECT * FROM order_lines WHERE order_id IN scope),
  r AS (SELECT *, provider || ':' || reference AS key FROM receipts WHERE order_id IN scope),
  -- A refund that bounced is owed a second time, but it is still the same money.
  f AS (SELECT *, lines = '[]' AND NOT is_again AS is_plain, status NOT IN ('requested', 'refused') AS is_owed,
          key <> 'excess' AND key NOT LIKE 'return:%' AS is_of_price,
          (SELECT CASE WHEN credit = 'disputes' THEN 'bank' WHEN credit LIKE 'cash:manual:%' THEN 'manual'
            ELSE substr(credit, 6) END FROM transfers
            WHERE transaction_id = 'refund:' || refunds.id || ':paid') AS payer
        FROM (SELECT *, key LIKE 'return:refund:%' AS is_again FROM refunds) AS refunds WHERE order_id IN scope),
  p AS (SELECT * FROM payouts WHERE ?1 IS NULL OR raffle_id IN raffle),
  t AS (SELECT * FROM transfers WHERE ?1 IS NULL OR order_id IN scope OR raffle_id IN raffle),
  moves(account, order_id, raffle_id, transaction_id, amount) AS (
    SELECT debit, order_id, raffle_id, transaction_id, amount FROM t
    UNION ALL SELECT credit, order_id, raffle_id, transaction_id, -amount FROM t),
  back AS (
    SELECT f.order_id, f.id, f.status, f.is_owed, l.line, l.unit_amount,
           iif(part.value->>'numbers' = '[]', f.amount / l.unit_amount, json_array_length(part.value, '$.numbers')) AS count
    FROM f, json_each(f.lines) AS part JOIN l ON l.order_id = f.order_id AND l.line = part.value->>'line'),
  money(id, received, bought, lost, plain, owed, requested, waiting, balance) AS (
    SELECT o.id,
      (SELECT coalesce(sum(amount), 0) FROM r WHERE r.order_id = o.id),
      (SELECT coalesce(sum(quantity * unit_amount), 0) FROM l
        WHERE l.order_id = o.id AND o.settled_at IS NOT NULL AND state IN ('issued', 'refunded')),
      (SELECT coalesce(sum(quantity * unit_amount), 0) FROM l WHERE l.order_id = o.id AND state = 'lost'),
      (SELECT coalesce(sum(amount), 0) FROM f WHERE f.order_id = o.id AND is_plain AND status <> 'refused'),
      (SELECT coalesce(sum(amount), 0) FROM f WHERE f.order_id = o.id AND is_of_price AND is_owed),
      (SELECT coalesce(sum(amount), 0) FROM f WHERE f.order_id = o.id AND is_of_price
        AND status = 'requested'),
      (SELECT coalesce(sum(amount), 0) FROM r WHERE r.order_id = o.id
        AND NOT (r.key IS o.receipt AND o.settled_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM f WHERE f.order_id = o.id AND f.key = 'return:' || r.key)),
      (SELECT -coalesce(sum(amount), 0) FROM moves WHERE moves.order_id = o.id AND account = 'deposits')
    FROM o),
  h AS (SELECT * FROM stock_holds WHERE ?1 IS NULL OR product_id IN (SELECT value FROM json_each(?1))),
  of_hold AS (SELECT h.*, l.order_id, l.line, l.state AS line_state, l.refunded_quantity,
      json_array_length(returned) AS back
    FROM h LEFT JOIN order_lines AS l ON l.reservation_id = h.id AND l.kind = 'product'
    WHERE h.user_id NOT LIKE 'raffle!_%' ESCAPE '!'),
  earning AS (SELECT raffles.*, raffles.earning->>'per' AS per, raffles.earning->>'minAmount' AS least,
      coalesce(commitment, cancellation) IS NOT NULL AS is_fixed
    FROM raffles JOIN pools ON raffle_id = raffles.id WHERE raffles.id IN raffle AND entry = 'order'),
  g AS (SELECT *, order_ref LIKE 'order!_%' ESCAPE '!' AS is_ours FROM grants WHERE raffle_id IN raffle),
  earned(raffle_id, order_id, at, amount, is_left) AS (
    SELECT earning.id, o.id, settled_at, sum(quantity * unit_amount), max(state = 'issued')
    FROM earning JOIN o ON settled_at IS NOT NULL AND currency = price_currency
    JOIN l ON l.order_id = o.id AND l.organisation_id = earning.organisation_id AND state IN ('issued', 'refunded')
    GROUP BY earning.id, o.id),
  m AS (SELECT * FROM mails WHERE ?1 IS NULL OR subject IN scope OR substr(subject, -32) IN scope OR subject IN (SELECT id FROM f)
    OR substr(subject, 1, instr(subject, ':') - 1) IN raffle),
  drawn AS (SELECT pools.pool, raffle_id, raffle_id || ':' AS subject FROM pools JOIN raffles ON raffles.id = raffle_id
    WHERE raffle_id IN raffle AND status IN ('drawn', 'settled')),
  d AS (SELECT * FROM t WHERE transaction_id LIKE 'dispute:%'),
  loss(order_id, organiser, raffle_id, amount) AS (
    SELECT order_id, account, raffle_id, sum(amount) FROM moves
    WHERE transaction_id LIKE 'loss:%' AND account LIKE 'organiser:%' GROUP BY order_id, account, raffle_id),
  due_mails(kind, user_id, subject) AS (
    SELECT DISTINCT 'order_paid', user_id, o.id FROM o JOIN l ON order_id = o.id
      WHERE settled_at IS NOT NULL AND state IN ('issued', 'refunded')
    -- One for all ticket types of a cancelled event.
    UNION SELECT 'refund_paid', user_id, coalesce((SELECT 'cancelled:' || event_id || ':' || o.id FROM ticket_types
        WHERE f.key = 'cancel:' || ticket_types.id), f.id) FROM f JOIN o ON o.id = order_id
      WHERE f.status = 'paid' AND payer <> 'bank'
    UNION SELECT 'won', user_id, raffle_id || ':' || attempt || ':' || user_id FROM winners WHERE raffle_id IN raffle),
  due_news(kind, user_id, subject) AS (
    SELECT DISTINCT 'commitment', holder, subject || holder FROM drawn JOIN reservations AS s ON s.pool = drawn.pool
      AND s.state = 'sold'
    UNION SELECT DISTINCT 'lost', holder, subject || holder FROM drawn JOIN reservations AS s ON s.pool = drawn.pool
      AND s.state = 'sold' WHERE NOT EXISTS (SELECT 1 FROM winners
        WHERE winners.raffle_id = drawn.raffle_id AND attempt = 0 AND user_id = holder))`

/** These hold at every moment, even just after a crash. */
export const ALWAYS: readonly string[] = [
  // ——— The ledger ———
  `SELECT 'transfer ' || transaction_id || ' names an unknown account: ' || debit
   || ', ' || credit
   FROM t WHERE EXISTS (SELECT 1 FROM (SELECT debit AS a UNION ALL SELECT credit)
     WHERE a NOT IN ('deposits', 'refunds', 'rake', 'fees', 'disputes')
     AND a NOT LIKE 'cash:_%' AND a NOT LIKE 'takings:_%' AND a NOT LIKE 'prizes:_%'
       AND a NOT LIKE 'organiser:_%' AND a NOT LIKE 'shop:_%')`,
  `SELECT 'transfer ' || transaction_id || ' belongs to no order and no raffle' FROM transfers
   WHERE ?1 IS NULL AND order_id IS NULL AND raffle_id IS NULL AND transaction_id NOT LIKE 'payout:%'
     AND transaction_id NOT LIKE 'top-up:%' AND transaction_id NOT LIKE 'event:%'`,
  `SELECT 'transfer ' || transaction_id || ' has another currency than its order' FROM t JOIN o
   ON o.id = t.order_id
   WHERE t.currency <> o.currency`,
  `SELECT 'cash:' || provider || ' is ' || held || ', but receipts and top-ups less fees, disputes, refunds and payouts make '
   || made FROM (
     SELECT provider,
       (SELECT coalesce(sum(amount), 0) FROM moves
         WHERE account = 'cash:' || provider OR provider = 'manual' AND account LIKE 'cash:manual:%') AS held,
       (SELECT coalesce(sum(amount), 0) FROM r WHERE r.provider = every.provider)
       - (SELECT coalesce(sum(amount), 0) FROM f WHERE f.payer = every.provider AND status = 'paid')
       - (SELECT coalesce(sum(amount), 0) FROM p WHERE p.provider = every.provider
         AND status = 'paid')
       + (SELECT coalesce(sum(amount), 0) FROM t WHERE transaction_id LIKE 'return:refund:%'
         AND debit = 'cash:' || every.provider)
       - (SELECT coalesce(sum(amount), 0) FROM t WHERE debit = 'fees' AND credit = 'cash:' || every.provider
         AND (transaction_id LIKE 'receipt:' || every.provider || ':%'
           OR transaction_id LIKE 'fee:dispute:' || every.provider || ':%'))
       + (SELECT coalesce(sum(amount), 0) FROM t WHERE transaction_id LIKE 'won:' || every.provider || ':%')
       + (SELECT coalesce(sum(amount), 0) FROM t WHERE transaction_id LIKE 'top-up:%'
         AND t.provider = every.provider)
       - (SELECT coalesce(sum(amount), 0) FROM d WHERE credit = 'cash:' || every.provider) AS made
     FROM (SELECT provider FROM r UNION SELECT provider FROM p
           UNION SELECT iif(account LIKE 'cash:manual:%', 'manual', substr(account, 6)) FROM moves
             WHERE account LIKE 'cash:%') AS every)
   WHERE held <> made`,
  `SELECT 'transfer ' || transaction_id || ' moves money from ' || credit || ' to ' || debit || ' without a payout'
   FROM t WHERE (transaction_id LIKE 'top-up:%' OR debit LIKE 'organiser:%' OR credit LIKE 'organiser:%')
     AND transaction_id NOT LIKE 'draw:%' AND transaction_id NOT LIKE 'settle:%' AND transaction_id NOT LIKE 'payout:%'
     AND transaction_id NOT LIKE 'event:%'
     AND NOT (debit IS 'cash:' || provider || iif(provider = 'manual', ':' || organisation_id, '') AND instr(transaction_id, replace(credit, 'organiser:', 'top-up:') || ':') = 1)
     AND NOT (debit = 'disputes' AND instr(transaction_id, replace(credit, 'organiser:', 'loss:') || ':') = 1)
     AND NOT (credit = 'disputes' AND instr(transaction_id, replace(debit, 'organiser:', 'loss:') || ':') = 1)`,
  // Claims on a raffle are found by the raffle.
  `SELECT 'transfer ' || transaction_id || ' claims for organisation ' || organisation_id || ' from ' || raffle_id
     || ', which is no raffle of it'
   FROM t WHERE organisation_id IS NOT NULL AND raffle_id IS NOT NULL AND NOT EXISTS (
     SELECT 1 FROM raffles WHERE raffles.id = t.raffle_id AND raffles.organisation_id = t.organisation_id)`,
  `SELECT 'till ' || account || ' is ' || balance || ', but the ledger has ' || held FROM (
     SELECT account, balance, (SELECT coalesce(sum(amount), 0) FROM moves WHERE moves.account = tills.account) AS held
     FROM tills WHERE ?1 IS NULL)
   WHERE balance <> held`,
  `SELECT 'claims of ' || organisation_id || ' for ' || kind || ' ' || item_id || ' at ' || provider || ' are ' || kept
     || ', but its transfers make ' || made FROM (
     SELECT organisation_id, kind, item_id, currency, provider, sum(kept) AS kept, sum(made) AS made FROM (
       SELECT organisation_id, kind, item_id, currency, provider, amount AS kept, 0 AS made FROM claims
       UNION ALL SELECT organisation_id, CASE WHEN raffle_id IS NOT NULL THEN 'raffle'
           WHEN credit LIKE 'takings:%' OR debit LIKE 'takings:%' THEN 'admission'
           WHEN credit LIKE 'shop:%' OR debit LIKE 'shop:%' THEN 'shop'
           WHEN transaction_id LIKE 'top-up:%' THEN 'top_up' ELSE 'other' END,
         CASE WHEN raffle_id IS NOT NULL THEN raffle_id WHEN credit LIKE 'takings:%' THEN substr(credit, 9)
           WHEN debit LIKE 'takings:%' THEN substr(debit, 9) ELSE '' END,
         currency, provider, 0, CASE WHEN debit IN ('deposits', 'disputes') OR debit LIKE 'cash:%' THEN amount ELSE -amount END
       FROM transfers WHERE organisation_id IS NOT NULL AND provider IS NOT NULL AND (raffle_id IS NULL
         OR EXISTS (SELECT 1 FROM transfers AS drawn WHERE drawn.transaction_id = 'draw:' || transfers.raffle_id)))
     GROUP BY organisation_id, kind, item_id, currency, provider)
   WHERE kept <> made AND (?1 IS NULL OR item_id IN raffle)`,
  `SELECT 'till ' || account || ' is ' || balance || ', and only ' || facts || ' of that are disputes and fees' FROM (
     SELECT account, balance, (SELECT coalesce(sum(amount), 0) FROM t WHERE credit = account
       AND debit IN ('disputes', 'fees')) AS facts
     FROM tills WHERE ?1 IS NULL AND account NOT LIKE 'cash:manual:%')
   WHERE balance + facts < 0`,
  `SELECT 'till cash:' || provider || ' pays ' || out || ' to organisation ' || organisation_id || ', but took '
     || taken || ' for its goods and settled raffles' FROM (
     SELECT organisation_id, provider, sum(amount) AS out,
       (SELECT coalesce(sum(quantity * unit_amount), 0) FROM l JOIN o ON o.id = l.order_id
         WHERE l.organisation_id = p.organisation_id AND substr(o.receipt, 1, instr(o.receipt, ':') - 1) = p.provider
           AND state IN ('issued', 'refunded') AND (kind = 'product'
             OR item_id IN (SELECT id FROM raffles WHERE status = 'settled')))
       + (SELECT coalesce(sum(amount), 0) FROM t WHERE transaction_id LIKE 'top-up:' || p.organisation_id || ':%'
         AND t.provider = p.provider) AS taken
     FROM p WHERE ?1 IS NULL AND p.kind <> 'prize' AND provider <> 'manual' AND status IN ('approved', 'sent', 'paid')
     GROUP BY organisation_id, provider)
   WHERE out > taken`,
  // What a bank took back is a fact, and may cost an organisation more than it has.
  `SELECT 'organisation ' || id || ' has ' || own || ' in ' || currency || ' and a limit of ' || most
     || ', but its guarantees may cost ' || promised FROM (
     SELECT organisation_id AS id, currency,
       (SELECT coalesce(sum(iif(debit LIKE 'organiser:%', -amount, amount)), 0) FROM t
         WHERE 'organiser:' || every.organisation_id IN (debit, credit) AND t.currency = every.currency
           AND NOT (transaction_id LIKE 'loss:%' AND debit LIKE 'organiser:%')) AS own,
       coalesce((SELECT amount FROM guarantee_limits AS g
         WHERE g.organisation_id = every.organisation_id AND g.currency = every.currency), 0) AS most,
       (SELECT coalesce(sum(max(0, cash - (least - (least * bps + 9999) / 10000))), 0) FROM (
         SELECT price_amount * min_tickets AS least,
           (SELECT coalesce(sum(value->'value'->>'amount' * (value->>'quantity')), 0) FROM json_each(prizes)
             WHERE value->>'kind' = 'cash') AS cash,
           rake_bps + (SELECT coalesce(sum(value->'value'->>'shareBps' * (value->>'quantity')), 0)
             FROM json_each(prizes) WHERE value->>'kind' = 'share') AS bps
         FROM raffles WHERE raffles.organisation_id = every.organisation_id AND price_currency = every.currency
           AND guaranteed AND raffles.status = 'scheduled')) AS promised
     FROM (SELECT DISTINCT organisation_id, price_currency AS currency FROM raffles WHERE ?1 IS NULL) AS every)
   WHERE own + most < promised`,
  `SELECT 'deposits of order ' || id || ' are ' || balance || ', but ' || waiting
   || ' is neither settled nor returned'
   FROM money WHERE balance <> waiting`,
  `SELECT 'refunds owed to order ' || id || ' are ' || held || ' in the ledger, but its refunds make '
   || made FROM (
     SELECT id, (SELECT -coalesce(sum(amount), 0) FROM moves WHERE order_id = o.id
       AND account = 'refunds') AS held,
       (SELECT coalesce(sum(amount), 0) FROM f WHERE order_id = o.id AND is_owed
         AND status <> 'paid') AS made FROM o)
   WHERE held <> made`,
  `SELECT 'refunds owed to order ' || order_id || ' for raffle ' || coalesce(raffle_id, 'none') || ' are '
     || -sum(amount) || ' in the ledger, but all are paid'
   FROM moves WHERE account = 'refunds' AND NOT EXISTS (
     SELECT 1 FROM f WHERE f.order_id = moves.order_id AND is_owed AND status <> 'paid')
   GROUP BY order_id, raffle_id HAVING sum(amount) <> 0`,
  `SELECT 'refund ' || id || ' belongs to ' || provider || ' and was paid by ' || coalesce(payer, 'nobody') FROM f
   WHERE status = 'paid' AND coalesce(payer, '') NOT IN (provider, 'manual')
     AND NOT (payer = 'bank' AND EXISTS (SELECT 1 FROM d WHERE d.order_id = f.order_id))
     OR status = 'paid' AND key LIKE 'dispute:%' AND payer <> 'bank'`,
  `SELECT 'dispute ' || d.transaction_id || ' of ' || d.amount || ' has ' || count(f.id) || ' refunds of '
     || coalesce(sum(f.amount), 0)
   FROM d LEFT JOIN f ON f.order_id = d.order_id AND f.key = d.transaction_id
   GROUP BY d.transaction_id HAVING count(f.id) <> 1 OR sum(f.amount) > d.amount OR d.debit <> 'disputes'`,
  `SELECT 'refund ' || id || ' belongs to a dispute that the ledger lacks' FROM f
   WHERE key LIKE 'dispute:%' AND key NOT IN (SELECT transaction_id FROM d)`,
  `SELECT 'disputes of order ' || order_id || ' are ' || sum(amount) FROM moves
   WHERE account = 'disputes' AND transaction_id NOT LIKE 'won:%'
   GROUP BY order_id HAVING sum(amount) < 0`,
  `SELECT 'takings of raffle ' || id || ' are ' || held || ', but its issued tickets less refunds make '
   || made FROM (
     SELECT id,
       (SELECT -coalesce(sum(amount), 0) FROM moves
         WHERE account = 'takings:' || raffle.id AND transaction_id <> 'draw:' || raffle.id) AS held,
       (SELECT coalesce(sum(quantity * unit_amount), 0) FROM l JOIN o ON o.id = l.order_id
         WHERE item_id = raffle.id AND settled_at IS NOT NULL AND state IN ('issued', 'refunded'))
       - (SELECT coalesce(sum(count * back.unit_amount), 0) FROM back JOIN l USING (order_id, line)
         WHERE item_id = raffle.id AND is_owed) AS made
     FROM raffle)
   WHERE held <> made`,
  `SELECT 'shops took ' || held || ' by order ' || id || ', but its products less refunds make ' || made FROM (
     SELECT id,
       (SELECT -coalesce(sum(amount), 0) FROM moves WHERE order_id = o.id AND account LIKE 'shop:%') AS held,
       (SELECT coalesce(sum(quantity * unit_amount), 0) FROM l WHERE l.order_id = o.id AND kind = 'product'
         AND o.settled_at IS NOT NULL AND state IN ('issued', 'refunded'))
       - (SELECT coalesce(sum(count * back.unit_amount), 0) FROM back JOIN l USING (order_id, line)
         WHERE back.order_id = o.id AND kind = 'product' AND is_owed) AS made
     FROM o)
   WHERE held <> made`,
  `SELECT 'line ' || line || ' of order ' || order_id || ' is ' || l.state || ' and its hold of stock ' || h.state
   FROM l JOIN stock_holds AS h ON h.id = reservation_id
   WHERE l.state = 'issued' AND h.state NOT IN ('sold', 'returned') OR l.state = 'refunded' AND h.state <> 'returned'
      OR l.state = 'lost' AND h.state <> 'lost'`,
  `SELECT 'the draw of raffle ' || id || ' did not share out all of its takings' FROM raffle
   WHERE EXISTS (SELECT 1 FROM t WHERE transaction_id = 'draw:' || id)
     AND (SELECT sum(amount) FROM moves WHERE account = 'takings:' || id) <> 0`,
  `SELECT account || ' paid out more than it was owed' FROM moves WHERE account LIKE 'prizes:%'
   GROUP BY account HAVING sum(amount) > 0`,
  `SELECT 'payout ' || id || ' is ' || status || ' and the ledger has ' || entered || ' of its ' || amount FROM (
     SELECT p.*, (SELECT coalesce(sum(iif(transaction_id LIKE '%:paid', t.amount, -t.amount)), 0) FROM t
       WHERE transaction_id IN ('payout:' || p.id || ':paid', 'payout:' || p.id || ':returned')) AS entered FROM p)
   WHERE entered <> iif(status = 'paid', amount, 0)`,

  // ——— Orders ———
  `SELECT 'order ' || id || ' received ' || received || ', but tickets of ' || bought || ', refunds of '
   || plain
     || ' and an unsettled ' || waiting || ' make ' || (bought + plain + waiting)
   FROM money WHERE received <> bought + plain + waiting`,
  `SELECT 'order ' || order_id || ' was refunded more than was paid by receipt ' || receipt FROM f
   WHERE status <> 'refused' AND NOT is_again GROUP BY order_id, provider, receipt
   HAVING sum(amount) > coalesce((SELECT amount FROM r WHERE r.provider = f.provider
     AND r.reference = f.receipt), 0)`,
  `SELECT 'order ' || o.id || ' is settled by a receipt that does not exist' FROM o
   WHERE receipt IS NOT NULL AND NOT (receipt = 'free' AND amount = 0)
      AND NOT EXISTS (SELECT 1 FROM r WHERE r.order_id = o.id AND r.key = o.receipt)
      OR receipt IS NULL AND settled_at IS NOT NULL`,
  `SELECT 'receipt ' || r.key || ' belongs to no payment of its order' FROM r
   WHERE NOT EXISTS (SELECT 1 FROM payments WHERE id = r.payment_id AND order_id = r.order_id
     AND provider = r.provider)`,
  `SELECT 'order ' || id || ' has ' || refunded_amount || ' refunded, but its refunds make '
   || (owed + requested)
   FROM o JOIN money USING (id) WHERE refunded_amount <> owed + requested`,
  `SELECT 'order ' || id || ' was refunded ' || refunded_amount || ', more than its ' || amount FROM o
   WHERE refunded_amount > amount`,
  `SELECT 'order ' || id || ' is ' || status || ' with ' || owed || ' of ' || amount || ' refunded'
   FROM o JOIN money USING (id)
   WHERE settled_at IS NOT NULL AND status NOT IN (SELECT CASE
     -- One that cost nothing ends once none of its lines is left.
     WHEN amount = 0 THEN iif(EXISTS (SELECT 1 FROM l WHERE order_id = o.id AND state = 'issued'), 'paid', 'refunded')
     WHEN lost = amount AND status = 'refund_due' THEN 'refund_due'
     WHEN value = 0 THEN 'paid' WHEN value < amount THEN 'partially_refunded' ELSE 'refunded' END
     FROM json_each(json_array(owed, owed + requested)))`,
  `SELECT 'order ' || id || ' was cancelled by its buyer, but it is ' || status || ' with receipt '
     || coalesce(receipt, 'none')
   FROM o WHERE EXISTS (SELECT 1 FROM order_events WHERE order_id = o.id AND key = 'cancelled')
     AND (status <> 'cancelled' OR receipt IS NOT NULL)`,
  `SELECT 'order ' || id || ' is ' || status || ' and not settled' FROM o
   WHERE settled_at IS NULL AND status NOT IN ('pending', 'expired', 'cancelled')`,
  `SELECT 'order ' || o.id || ' is ' || o.status || ' and its line ' || line || ' ' || l.state FROM o
   JOIN l ON l.order_id = o.id
   WHERE l.state NOT IN (SELECT value FROM json_each(CASE WHEN settled_at IS NOT NULL
     THEN '["issued", "lost", "refunded"]'
     WHEN status = 'pending' THEN '["held"]' ELSE '["released"]' END))`,
  `SELECT 'line ' || l.line || ' of order ' || l.order_id || ' counts ' || refunded_quantity
   || ' refunded tickets, its refunds '
     || coalesce(sum(count), 0)
   FROM l LEFT JOIN back ON back.order_id = l.order_id AND back.line = l.line AND back.status <> 'refused'
   -- Members take free units back without a refund.
   GROUP BY l.order_id, l.line HAVING coalesce(sum(count), 0) <> refunded_quantity
     AND NOT (l.unit_amount = 0 AND coalesce(sum(count), 0) < refunded_quantity)`,
  `SELECT 'refund ' || f.id || ' is ' || f.amount || ' for tickets of ' || sum(count * unit_amount)
   FROM f JOIN back ON back.id = f.id WHERE f.status <> 'refused' GROUP BY f.id
     HAVING f.amount <> sum(count * unit_amount)`,
  `SELECT 'line ' || line || ' of order ' || order_id || ' is lost without an event' FROM l WHERE state = 'lost'
   AND NOT EXISTS (SELECT 1 FROM order_events AS e WHERE e.order_id = l.order_id AND key = 'lost')`,

  // ——— Stock ———
  `SELECT 'hold ' || id || ' is ' || state || ' and line ' || line || ' of order ' || order_id || ' ' || line_state
   FROM of_hold WHERE state NOT IN (SELECT value FROM json_each(CASE line_state
     WHEN 'issued' THEN '["sold", "returned"]' WHEN 'refunded' THEN '["returned"]' WHEN 'lost' THEN '["lost"]'
     ELSE '["held", "released", "sold", "lost"]' END))`,
  `SELECT 'stock of product ' || id || ' is ' || stock FROM products WHERE stock < 0`,

  // ——— Earned entries ———
  `SELECT 'order ' || order_id || ' was paid while it earned entries to raffle ' || raffle_id || ', and has no grant'
   FROM earned JOIN earning ON earning.id = raffle_id
   WHERE opens_at <= at AND at < closes_at AND status <> 'cancelled'
     AND NOT EXISTS (SELECT 1 FROM g WHERE g.raffle_id = earned.raffle_id AND order_ref = order_id)`,
  `SELECT 'order ' || order_ref || ' has a grant in raffle ' || g.raffle_id || ' for ' || g.amount
   || ', but its payment is ' || coalesce(earned.amount, 0)
   FROM g LEFT JOIN earned ON earned.raffle_id = g.raffle_id AND order_id = order_ref
   WHERE is_ours AND g.amount IS NOT earned.amount`,
  `SELECT 'order ' || order_ref || ' was refunded, and nothing revokes the entries that it earned' FROM g
   JOIN earned ON earned.raffle_id = g.raffle_id AND order_id = order_ref
   JOIN earning ON earning.id = g.raffle_id
   WHERE NOT is_left AND NOT is_fixed AND g.status IN ('waiting', 'granted') AND revoke_asked_at IS NULL`,
  `SELECT 'the grant of ' || order_ref || ' gives ' || entries || ' entries, but the rule gives ' || right FROM (
     SELECT g.*, CASE WHEN amount < coalesce(least, 1) THEN 0 WHEN per = 'order' THEN 1
       ELSE min(amount / (earning->>'amountPerEntry'), coalesce(earning->>'maxPerOrder', 1000)) END AS right
     FROM g JOIN earning ON earning.id = raffle_id)
   WHERE status = 'granted' AND entries <> right`,
  `SELECT 'user ' || user_id || ' earned entries to raffle ' || raffle_id || ' by ' || count(*) || ' orders'
   FROM g JOIN earning ON earning.id = raffle_id
   WHERE g.status = 'granted' AND earning->>'oncePerPerson' GROUP BY raffle_id, user_id HAVING count(*) > 1`,

  // ——— Mails ———
  `SELECT 'user ' || due.user_id || ' has ' || count(m.id) || ' mails “' || due.kind || '” about ' || due.subject
   FROM due_mails AS due LEFT JOIN m USING (kind, user_id, subject)
   GROUP BY kind, user_id, subject HAVING count(m.id) <> 1`,
  `SELECT 'mail ' || id || ' wrongly says “' || kind || '” about ' || subject FROM m
   WHERE kind IN ('order_paid', 'refund_paid', 'won')
     AND NOT EXISTS (SELECT 1 FROM due_mails AS due WHERE (due.kind, due.subject) = (m.kind, m.subject))`,

  // ——— The provider ———
  `SELECT 'the sandbox captured ' || coalesce(sum(c.captures * c.amount), 0) || ' for payment '
   || r.payment_id
     || ' and we recorded ' || r.amount FROM (SELECT payment_id, sum(amount) AS amount FROM r
       WHERE provider = 'sandbox'
     GROUP BY payment_id) AS r LEFT JOIN sandbox_charges AS c ON c.id = r.payment_id
   GROUP BY r.payment_id HAVING coalesce(sum(c.captures * c.amount), 0) < r.amount`,
  `SELECT 'money left ' || count(*) || ' times for ' || due.id FROM (
     SELECT id FROM f UNION ALL SELECT id FROM p) AS due
   JOIN sandbox_transfers AS s ON s.id >= due.id AND s.id < due.id || '~' WHERE s.status <> 'failed'
   GROUP BY due.id HAVING count(*) > 1`,
  `SELECT due.id || ' is paid by ' || payer || ', and the sandbox sent it too' FROM f AS due
   JOIN sandbox_transfers AS s ON s.id >= due.id AND s.id < due.id || '~' AND s.status <> 'failed'
   WHERE due.payer IN ('manual', 'bank')`,
  `SELECT due.id || ' is paid, and the sandbox sent ' || coalesce(sum(s.amount), 0) || ' of '
   || due.amount FROM (
     SELECT id, amount, status, payer AS provider FROM f UNION ALL SELECT id, amount, status, provider FROM p) AS due
   LEFT JOIN sandbox_transfers AS s ON s.id >= due.id AND s.id < due.id || '~' AND s.status = 'succeeded'
   WHERE due.status = 'paid' AND due.provider = 'sandbox'
   GROUP BY due.id HAVING coalesce(sum(s.amount), 0) <> due.amount`,
  `SELECT 'the sandbox sent ' || id || ' without a refund or payout' FROM sandbox_transfers AS s
   WHERE ?1 IS NULL
   AND NOT EXISTS (SELECT 1 FROM refunds AS f WHERE s.id >= f.id AND s.id < f.id || '~')
   AND NOT EXISTS (SELECT 1 FROM payouts AS f WHERE s.id >= f.id AND s.id < f.id || '~')`,
]

/** These hold once every deadline has passed and sweeps have run: nothing waits for ever, and our books match the sandbox's. */
export const SETTLED: readonly string[] = [
  `SELECT 'order ' || id || ' is still due' FROM o, clock WHERE due_at <= now`,
  `SELECT 'payment ' || id || ' is still due' FROM payments, clock WHERE order_id IN scope
   AND due_at <= now`,
  `SELECT 'refund ' || id || ' is still due' FROM f, clock WHERE due_at <= now`,
  `SELECT 'payout ' || id || ' is still due' FROM p, clock WHERE due_at <= now`,
  `SELECT 'order ' || id || ' can still be paid after ' || pay_until FROM o, clock
   WHERE status = 'pending' AND pay_until <= now`,
  `SELECT 'order ' || id || ' has ' || waiting || ' that is neither settled nor returned' FROM money
   WHERE waiting <> 0`,
  `SELECT 'order ' || id || ' waits for refunds that are all paid' FROM o WHERE status = 'refund_due'
   AND NOT EXISTS (SELECT 1 FROM f WHERE order_id = o.id AND status NOT IN ('paid', 'refused'))`,
  `SELECT 'payment ' || payments.id || ' of a ' || o.status || ' order is ' || payments.status
   || ', and nothing retries it'
   FROM payments JOIN o ON o.id = payments.order_id
   WHERE payments.status IN ('starting', 'pending') AND payments.due_at IS NULL AND attention IS NULL`,
  `SELECT 'refund ' || id || ' is ' || status || ', and nothing retries it' FROM f
   WHERE status NOT IN ('paid', 'refused') AND due_at IS NULL AND attention IS NULL`,
  `SELECT 'payout ' || id || ' is ' || status || ', and nothing retries it' FROM p
   WHERE status IN ('approved', 'sent', 'failed') AND due_at IS NULL AND attention IS NULL`,
  `SELECT 'the refunds of raffle ' || raffle_id || ' never finish' FROM refund_runs
   WHERE raffle_id IN raffle AND finished_at IS NULL`,
  `SELECT 'raffle ' || l.item_id || ' was cancelled, and order ' || order_id || ' still pays for it' FROM l
   JOIN raffles ON raffles.id = l.item_id WHERE raffles.status = 'cancelled' AND l.state = 'issued'`,
  `SELECT 'webhook ' || event_id || ' never took effect' FROM webhooks WHERE acted_at IS NULL
   AND subject_id IN (SELECT id FROM payments WHERE order_id IN scope UNION SELECT id FROM f
     UNION SELECT id FROM p)`,
  `SELECT 'the sandbox captured ' || (c.captures * c.amount) || ' for payment ' || c.id || ' and we recorded '
     || (SELECT coalesce(sum(amount), 0) FROM r WHERE r.payment_id = c.id)
   FROM sandbox_charges AS c JOIN payments ON payments.id = c.id WHERE payments.order_id IN scope
   AND c.captures * c.amount <> (SELECT coalesce(sum(amount), 0) FROM r WHERE r.payment_id = c.id)`,
  `SELECT 'the sandbox took ' || iif(c.disputed_at IS NULL, 0, c.captures * c.amount) || ' back from payment ' || c.id
     || ' and we recorded ' || coalesce(sum(d.amount), 0)
   FROM sandbox_charges AS c JOIN payments ON payments.id = c.id
   LEFT JOIN d ON d.transaction_id LIKE 'dispute:sandbox:' || c.id || '-%' WHERE payments.order_id IN scope
   GROUP BY c.id HAVING iif(c.disputed_at IS NULL, 0, c.captures * c.amount) <> coalesce(sum(d.amount), 0)`,
  // After a dispute of a whole order, its organisation bears the cost of what the buyer still keeps.
  `SELECT 'order ' || o.id || ' was disputed, keeps ' || kept || ' of raffle ' || item_id || ', and its organisation lost '
     || lost
   FROM (SELECT o.id, l.item_id, sum((quantity - refunded_quantity) * unit_amount) AS kept,
       (SELECT coalesce(sum(amount), 0) FROM loss WHERE loss.order_id = o.id AND loss.raffle_id IS l.item_id) AS lost
     FROM o JOIN d ON d.order_id = o.id AND d.transaction_id = 'dispute:' || o.receipt || '-disputed'
     JOIN l ON l.order_id = o.id AND state IN ('issued', 'refunded')
     GROUP BY o.id, l.item_id) AS o
   WHERE kept <> lost`,
  `SELECT 'the sandbox sent ' || s.amount || ' for ' || due.id || ', but that is ' || due.status FROM (
     SELECT id, status FROM f UNION ALL SELECT id, status FROM p) AS due
   JOIN sandbox_transfers AS s ON s.id >= due.id AND s.id < due.id || '~'
   WHERE s.status = 'succeeded' AND due.status <> 'paid'`,

  // ——— Stock ———
  `SELECT 'hold ' || id || ' holds stock for no order' FROM of_hold WHERE state = 'held' AND line_state IS NOT 'held'`,
  `SELECT 'hold ' || id || ' sold stock to no order' FROM of_hold
   WHERE state IN ('sold', 'returned') AND coalesce(line_state, 'released') NOT IN ('issued', 'refunded')`,
  `SELECT 'hold ' || id || ' took ' || back || ' units back, but line ' || line || ' of order ' || order_id
   || ' has ' || refunded_quantity || ' refunded'
   FROM of_hold WHERE line IS NOT NULL AND back <> refunded_quantity`,

  // ——— Earned entries ———
  `SELECT 'the grant of ' || order_ref || ' in raffle ' || raffle_id || ' is still due' FROM g, clock
   WHERE due_at <= now`,
  `SELECT 'the grant of ' || order_ref || ' is ' || status || ' without a reason' FROM g
   WHERE status IN ('refused', 'revoked') AND reason IS NULL OR status = 'waiting' AND due_at IS NULL`,
  `SELECT 'order ' || order_ref || ' still has issued lines, but its entries were revoked' FROM g
   JOIN earned ON earned.raffle_id = g.raffle_id AND order_id = order_ref WHERE is_left AND status = 'revoked'`,
  `SELECT 'order ' || order_ref || ' was refunded, but its entries are ' || g.status FROM g
   JOIN earned ON earned.raffle_id = g.raffle_id AND order_id = order_ref
   JOIN earning ON earning.id = g.raffle_id
   WHERE NOT is_left AND NOT is_fixed AND g.status IN ('waiting', 'granted')`,

  // ——— Mails ———
  `SELECT 'mail ' || id || ' (' || kind || ') is still due' FROM m, clock WHERE due_at <= now`,
  `SELECT 'mail ' || id || ' (' || kind || ') was never sent: ' || coalesce(failure, 'no reason') FROM m
   WHERE sent_at IS NULL AND due_at IS NULL
     -- Offers that ended before their mail was sent.
     AND NOT (kind = 'tickets_offered' AND failure = 'what it tells is no longer true'
       AND subject NOT IN (SELECT id FROM reservations, clock WHERE state = 'held' AND held_until > now))
     AND NOT (kind = 'ticket_given' AND failure = 'no user to send it to'
       AND subject NOT IN (SELECT id FROM ticket_transfers WHERE state = 'open'))`,
  `SELECT 'user ' || due.user_id || ' has ' || count(m.id) || ' mails “' || due.kind || '” about ' || due.subject
   FROM due_news AS due LEFT JOIN m USING (kind, user_id, subject)
   GROUP BY kind, user_id, subject HAVING count(m.id) <> 1`,
  `SELECT 'mail ' || id || ' wrongly says “' || kind || '” about ' || subject FROM m
   WHERE kind = 'lost'
     AND NOT EXISTS (SELECT 1 FROM due_news AS due WHERE (due.kind, due.subject) = (m.kind, m.subject))`,
]
