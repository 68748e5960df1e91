CREATE TABLE `claims` (
	`organisation_id` text NOT NULL,
	`kind` text NOT NULL,
	`item_id` text NOT NULL,
	`currency` text NOT NULL,
	`provider` text NOT NULL,
	`amount` integer NOT NULL,
	PRIMARY KEY(`organisation_id`, `kind`, `item_id`, `currency`, `provider`),
	CONSTRAINT "claims_kind" CHECK(kind IN ('raffle', 'admission', 'shop', 'top_up', 'other'))
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TRIGGER `transfers_open_claims` AFTER INSERT ON `transfers` WHEN NEW.transaction_id = 'draw:' || NEW.raffle_id
  AND NOT EXISTS (SELECT 1 FROM transfers WHERE transaction_id = NEW.transaction_id AND part <> NEW.part) BEGIN
  INSERT INTO claims (organisation_id, kind, item_id, currency, provider, amount)
    SELECT organisation_id, 'raffle', raffle_id, currency, provider, sum(iif(debit IN ('deposits', 'disputes') OR substr(debit, 1, 5) = 'cash:', amount, -amount))
    FROM transfers WHERE raffle_id = NEW.raffle_id AND organisation_id IS NOT NULL AND provider IS NOT NULL
    GROUP BY organisation_id, currency, provider;
END;
--> statement-breakpoint
CREATE TRIGGER `transfers_change_claims` AFTER INSERT ON `transfers` WHEN NEW.organisation_id IS NOT NULL AND NEW.provider IS NOT NULL
  AND (NEW.raffle_id IS NULL OR EXISTS (SELECT 1 FROM transfers WHERE transaction_id = 'draw:' || NEW.raffle_id
    AND (transaction_id <> NEW.transaction_id OR part <> NEW.part))) BEGIN
  INSERT INTO claims (organisation_id, kind, item_id, currency, provider, amount)
    SELECT NEW.organisation_id, CASE WHEN NEW.raffle_id IS NOT NULL THEN 'raffle' WHEN 'takings:' IN (substr(NEW.credit, 1, 8), substr(NEW.debit, 1, 8)) THEN 'admission'
    WHEN 'shop:' IN (substr(NEW.credit, 1, 5), substr(NEW.debit, 1, 5)) THEN 'shop' WHEN substr(NEW.transaction_id, 1, 7) = 'top-up:' THEN 'top_up' ELSE 'other' END,
      coalesce(NEW.raffle_id, iif(substr(NEW.credit, 1, 8) = 'takings:', substr(NEW.credit, 9), iif(substr(NEW.debit, 1, 8) = 'takings:', substr(NEW.debit, 9), ''))), NEW.currency, NEW.provider, 0
    WHERE NOT EXISTS (SELECT 1 FROM claims WHERE organisation_id = NEW.organisation_id AND kind = CASE WHEN NEW.raffle_id IS NOT NULL THEN 'raffle' WHEN 'takings:' IN (substr(NEW.credit, 1, 8), substr(NEW.debit, 1, 8)) THEN 'admission'
    WHEN 'shop:' IN (substr(NEW.credit, 1, 5), substr(NEW.debit, 1, 5)) THEN 'shop' WHEN substr(NEW.transaction_id, 1, 7) = 'top-up:' THEN 'top_up' ELSE 'other' END
      AND item_id = coalesce(NEW.raffle_id, iif(substr(NEW.credit, 1, 8) = 'takings:', substr(NEW.credit, 9), iif(substr(NEW.debit, 1, 8) = 'takings:', substr(NEW.debit, 9), '')))
      AND currency = NEW.currency AND provider = NEW.provider);
  UPDATE claims SET amount = amount + iif(NEW.debit IN ('deposits', 'disputes') OR substr(NEW.debit, 1, 5) = 'cash:', NEW.amount, -NEW.amount)
    WHERE organisation_id = NEW.organisation_id AND kind = CASE WHEN NEW.raffle_id IS NOT NULL THEN 'raffle' WHEN 'takings:' IN (substr(NEW.credit, 1, 8), substr(NEW.debit, 1, 8)) THEN 'admission'
    WHEN 'shop:' IN (substr(NEW.credit, 1, 5), substr(NEW.debit, 1, 5)) THEN 'shop' WHEN substr(NEW.transaction_id, 1, 7) = 'top-up:' THEN 'top_up' ELSE 'other' END
      AND item_id = coalesce(NEW.raffle_id, iif(substr(NEW.credit, 1, 8) = 'takings:', substr(NEW.credit, 9), iif(substr(NEW.debit, 1, 8) = 'takings:', substr(NEW.debit, 9), '')))
      AND currency = NEW.currency AND provider = NEW.provider;
END;
--> statement-breakpoint
INSERT INTO claims (organisation_id, kind, item_id, currency, provider, amount)
  SELECT organisation_id, kind, item_id, currency, provider, sum(change) FROM (
    SELECT organisation_id, CASE WHEN raffle_id IS NOT NULL THEN 'raffle' WHEN 'takings:' IN (substr(credit, 1, 8), substr(debit, 1, 8)) THEN 'admission'
    WHEN 'shop:' IN (substr(credit, 1, 5), substr(debit, 1, 5)) THEN 'shop' WHEN substr(transaction_id, 1, 7) = 'top-up:' THEN 'top_up' ELSE 'other' END AS kind,
      coalesce(raffle_id, iif(substr(credit, 1, 8) = 'takings:', substr(credit, 9), iif(substr(debit, 1, 8) = 'takings:', substr(debit, 9), ''))) AS item_id, currency, provider,
      iif(debit IN ('deposits', 'disputes') OR substr(debit, 1, 5) = 'cash:', amount, -amount) AS change
    FROM transfers WHERE organisation_id IS NOT NULL AND provider IS NOT NULL
      AND (raffle_id IS NULL OR EXISTS (SELECT 1 FROM transfers AS drawn WHERE drawn.transaction_id = 'draw:' || transfers.raffle_id)))
  GROUP BY organisation_id, kind, item_id, currency, provider;
--> statement-breakpoint
DROP INDEX `transfers_to_shop`;--> statement-breakpoint
DROP INDEX `transfers_claims`;--> statement-breakpoint
DROP INDEX `transfers_from_shop`;
