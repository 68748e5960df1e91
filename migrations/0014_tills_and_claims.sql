CREATE TABLE `tills` (
	`account` text NOT NULL,
	`currency` text NOT NULL,
	`balance` integer NOT NULL,
	PRIMARY KEY(`account`, `currency`)
);
--> statement-breakpoint
CREATE INDEX `tills_below_zero` ON `tills` (`account`) WHERE balance < 0;--> statement-breakpoint
ALTER TABLE `transfers` ADD `organisation_id` text;--> statement-breakpoint
ALTER TABLE `transfers` ADD `provider` text;--> statement-breakpoint
CREATE INDEX `transfers_claims` ON `transfers` (`organisation_id`,`provider`,`currency`) WHERE organisation_id IS NOT NULL;
--> statement-breakpoint
CREATE TRIGGER `transfers_fill_tills` AFTER INSERT ON `transfers` WHEN NEW.debit LIKE 'cash:%' OR NEW.credit LIKE 'cash:%' BEGIN
  INSERT INTO tills (account, currency, balance)
    SELECT value, NEW.currency, 0 FROM json_each(json_array(NEW.debit, NEW.credit))
    WHERE value LIKE 'cash:%' AND NOT EXISTS (SELECT 1 FROM tills WHERE account = value AND currency = NEW.currency);
  UPDATE tills SET balance = balance + NEW.amount WHERE account = NEW.debit AND currency = NEW.currency;
  UPDATE tills SET balance = balance - NEW.amount WHERE account = NEW.credit AND currency = NEW.currency;
END;
--> statement-breakpoint
INSERT INTO tills (account, currency, balance)
  SELECT account, currency, sum(amount) FROM (
    SELECT debit AS account, currency, amount FROM transfers UNION ALL SELECT credit, currency, -amount FROM transfers)
  WHERE account LIKE 'cash:%' GROUP BY account, currency;
--> statement-breakpoint
DROP TRIGGER `transfers_stay`;
--> statement-breakpoint
UPDATE transfers SET provider = (SELECT substr(receipt, 1, instr(receipt, ':') - 1) FROM orders WHERE id = order_id),
  organisation_id = iif(credit LIKE 'shop:%', substr(credit, 6), (SELECT organisation_id FROM raffles WHERE id = raffle_id))
  WHERE transaction_id LIKE 'order:%' AND (credit LIKE 'takings:%' OR credit LIKE 'shop:%');
--> statement-breakpoint
UPDATE transfers SET provider = (SELECT provider FROM refunds WHERE transaction_id = 'refund:' || id || ':due'),
  organisation_id = iif(debit LIKE 'shop:%', substr(debit, 6), (SELECT organisation_id FROM raffles WHERE id = raffle_id))
  WHERE transaction_id LIKE 'refund:%:due';
--> statement-breakpoint
UPDATE transfers SET provider = (SELECT substr(receipt, 1, instr(receipt, ':') - 1) FROM orders WHERE id = order_id),
  organisation_id = substr(iif(debit = 'disputes', credit, debit), 11)
  WHERE transaction_id LIKE 'loss:%';
--> statement-breakpoint
UPDATE transfers SET provider = (SELECT provider FROM payouts WHERE transaction_id = 'payout:' || id || ':paid'),
  organisation_id = (SELECT organisation_id FROM payouts WHERE transaction_id = 'payout:' || id || ':paid')
  WHERE transaction_id LIKE 'payout:%:paid';
--> statement-breakpoint
UPDATE transfers SET provider = 'manual', organisation_id = substr(credit, 11) WHERE transaction_id LIKE 'top-up:%';
--> statement-breakpoint
UPDATE transfers SET organisation_id = (SELECT organisation_id FROM raffles WHERE id = raffle_id),
  provider = (SELECT provider FROM transfers AS sale WHERE sale.raffle_id = transfers.raffle_id AND sale.debit = 'deposits'
    AND sale.provider IS NOT NULL GROUP BY provider ORDER BY sum(amount) DESC LIMIT 1)
  WHERE transaction_id LIKE 'draw:%' AND credit = 'rake';
--> statement-breakpoint
CREATE TRIGGER `transfers_stay` BEFORE UPDATE ON `transfers` BEGIN SELECT RAISE(ABORT, 'transfers are never changed'); END;
