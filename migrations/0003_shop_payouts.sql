CREATE TABLE `__new_payouts` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`raffle_id` text,
	`organisation_id` text NOT NULL,
	`user_id` text,
	`provider` text NOT NULL,
	`destination` text NOT NULL,
	`amount` integer NOT NULL,
	`currency` text NOT NULL,
	`status` text DEFAULT 'requested' NOT NULL,
	`requested_by` text NOT NULL,
	`key` text,
	`request` text,
	`retry_key` text,
	`approved_by` text,
	`reference` text,
	`attempt` integer DEFAULT 0 NOT NULL,
	`tries` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`attention` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "payouts_status" CHECK(status IN ('requested', 'approved', 'sent', 'paid', 'failed', 'cancelled')),
	CONSTRAINT "payouts_amount" CHECK(amount > 0)
);
--> statement-breakpoint
INSERT INTO `__new_payouts`("id", "kind", "subject", "raffle_id", "organisation_id", "user_id", "provider", "destination", "amount", "currency", "status", "requested_by", "key", "request", "retry_key", "approved_by", "reference", "attempt", "tries", "due_at", "attention", "created_at", "updated_at") SELECT "id", "kind", "subject", "raffle_id", "organisation_id", "user_id", "provider", "destination", "amount", "currency", "status", "requested_by", "key", "request", "retry_key", "approved_by", "reference", "attempt", "tries", "due_at", "attention", "created_at", "updated_at" FROM `payouts`;--> statement-breakpoint
DROP TABLE `payouts`;--> statement-breakpoint
ALTER TABLE `__new_payouts` RENAME TO `payouts`;--> statement-breakpoint
CREATE UNIQUE INDEX `payouts_subject` ON `payouts` (`kind`,`subject`);--> statement-breakpoint
CREATE UNIQUE INDEX `payouts_key` ON `payouts` (`requested_by`,`key`);--> statement-breakpoint
CREATE INDEX `payouts_organisation` ON `payouts` (`organisation_id`,`id`);--> statement-breakpoint
CREATE INDEX `payouts_due` ON `payouts` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `transfers_to_shop` ON `transfers` (`credit`) WHERE credit >= 'shop:' AND credit < 'shop:~';--> statement-breakpoint
CREATE INDEX `transfers_from_shop` ON `transfers` (`debit`) WHERE debit >= 'shop:' AND debit < 'shop:~';