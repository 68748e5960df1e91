CREATE TABLE `payments` (
	`id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`key` text NOT NULL,
	`provider` text NOT NULL,
	`amount` integer NOT NULL,
	`currency` text NOT NULL,
	`status` text DEFAULT 'starting' NOT NULL,
	`reference` text,
	`action` text,
	`phone` text,
	`return_url` text,
	`checks` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`attention` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "payments_status" CHECK(status IN ('starting', 'pending', 'succeeded', 'failed', 'expired')),
	CONSTRAINT "payments_amount" CHECK(amount > 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payments_key` ON `payments` (`order_id`,`key`);--> statement-breakpoint
CREATE UNIQUE INDEX `payments_reference` ON `payments` (`provider`,`reference`);--> statement-breakpoint
CREATE INDEX `payments_due` ON `payments` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `payments_attention` ON `payments` (`created_at`) WHERE attention IS NOT NULL;--> statement-breakpoint
CREATE TABLE `payout_methods` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`provider` text NOT NULL,
	`destination` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `payout_methods_user` ON `payout_methods` (`user_id`,`id`);--> statement-breakpoint
CREATE TABLE `payouts` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`raffle_id` text NOT NULL,
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
CREATE UNIQUE INDEX `payouts_subject` ON `payouts` (`kind`,`subject`);--> statement-breakpoint
CREATE UNIQUE INDEX `payouts_key` ON `payouts` (`requested_by`,`key`);--> statement-breakpoint
CREATE INDEX `payouts_organisation` ON `payouts` (`organisation_id`,`id`);--> statement-breakpoint
CREATE INDEX `payouts_due` ON `payouts` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `receipts` (
	`provider` text NOT NULL,
	`reference` text NOT NULL,
	`payment_id` text NOT NULL,
	`order_id` text NOT NULL,
	`amount` integer NOT NULL,
	`currency` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`provider`, `reference`),
	CONSTRAINT "receipts_amount" CHECK(amount > 0)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `receipts_order` ON `receipts` (`order_id`);--> statement-breakpoint
CREATE TABLE `refund_runs` (
	`raffle_id` text PRIMARY KEY NOT NULL,
	`reason` text NOT NULL,
	`cursor` text DEFAULT '' NOT NULL,
	`done` integer DEFAULT 0 NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer
);
--> statement-breakpoint
CREATE INDEX `refund_runs_open` ON `refund_runs` (`started_at`) WHERE finished_at IS NULL;--> statement-breakpoint
CREATE TABLE `refunds` (
	`id` text PRIMARY KEY NOT NULL,
	`order_id` text NOT NULL,
	`key` text NOT NULL,
	`request` text NOT NULL,
	`provider` text NOT NULL,
	`payment_id` text NOT NULL,
	`receipt` text NOT NULL,
	`amount` integer NOT NULL,
	`currency` text NOT NULL,
	`reason` text NOT NULL,
	`lines` text NOT NULL,
	`status` text NOT NULL,
	`reference` text,
	`tries` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`attention` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "refunds_status" CHECK(status IN ('requested', 'due', 'sent', 'paid', 'failed', 'refused')),
	CONSTRAINT "refunds_amount" CHECK(amount > 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `refunds_key` ON `refunds` (`order_id`,`key`);--> statement-breakpoint
CREATE INDEX `refunds_due` ON `refunds` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `sandbox_charges` (
	`id` text PRIMARY KEY NOT NULL,
	`amount` integer NOT NULL,
	`currency` text NOT NULL,
	`return_url` text,
	`token` text NOT NULL,
	`status` text DEFAULT 'open' NOT NULL,
	`captures` integer DEFAULT 0 NOT NULL,
	`settles_at` integer,
	`tell_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `sandbox_charges_tell` ON `sandbox_charges` (`tell_at`) WHERE tell_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `sandbox_transfers` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`amount` integer NOT NULL,
	`currency` text NOT NULL,
	`status` text NOT NULL,
	`settles_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `transfers` (
	`transaction_id` text NOT NULL,
	`part` integer NOT NULL,
	`debit` text NOT NULL,
	`credit` text NOT NULL,
	`currency` text NOT NULL,
	`amount` integer NOT NULL,
	`order_id` text,
	`raffle_id` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`transaction_id`, `part`),
	CONSTRAINT "transfers_amount" CHECK(amount > 0 AND debit <> credit)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `transfers_at` ON `transfers` (`at`,`transaction_id`,`part`);--> statement-breakpoint
CREATE INDEX `transfers_raffle` ON `transfers` (`raffle_id`) WHERE raffle_id IS NOT NULL;--> statement-breakpoint
CREATE TABLE `webhooks` (
	`provider` text NOT NULL,
	`event_id` text NOT NULL,
	`body` text NOT NULL,
	`received_at` integer NOT NULL,
	`acted_at` integer,
	`subject` text NOT NULL,
	`subject_id` text NOT NULL,
	PRIMARY KEY(`provider`, `event_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `webhooks_received` ON `webhooks` (`received_at`);--> statement-breakpoint
CREATE INDEX `webhooks_waiting` ON `webhooks` (`received_at`,`event_id`) WHERE acted_at IS NULL;--> statement-breakpoint
CREATE TABLE `order_events` (
	`order_id` text NOT NULL,
	`key` text NOT NULL,
	`seq` integer NOT NULL,
	`at` integer NOT NULL,
	`text` text NOT NULL,
	PRIMARY KEY(`order_id`, `key`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `order_lines` (
	`order_id` text NOT NULL,
	`line` integer NOT NULL,
	`kind` text NOT NULL,
	`item_id` text NOT NULL,
	`organisation_id` text NOT NULL,
	`title` text NOT NULL,
	`quantity` integer NOT NULL,
	`numbers` text,
	`unit_amount` integer NOT NULL,
	`state` text DEFAULT 'held' NOT NULL,
	`reservation_id` text NOT NULL,
	`refunded_quantity` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`order_id`, `line`),
	CONSTRAINT "order_lines_state" CHECK(state IN ('held', 'issued', 'lost', 'released', 'refunded')),
	CONSTRAINT "order_lines_quantity" CHECK(quantity > 0 AND refunded_quantity BETWEEN 0 AND quantity)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `order_lines_item` ON `order_lines` (`item_id`,`order_id`);--> statement-breakpoint
CREATE TABLE `orders` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`key` text NOT NULL,
	`request` text NOT NULL,
	`currency` text NOT NULL,
	`amount` integer NOT NULL,
	`status` text DEFAULT 'pending' NOT NULL,
	`pay_until` integer NOT NULL,
	`receipt` text,
	`settled_at` integer,
	`refunded_amount` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "orders_status" CHECK(status IN ('pending', 'paid', 'expired', 'cancelled', 'partially_refunded', 'refunded', 'refund_due')),
	CONSTRAINT "orders_amount" CHECK(amount > 0 AND refunded_amount >= 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `orders_key` ON `orders` (`user_id`,`key`);--> statement-breakpoint
CREATE INDEX `orders_user` ON `orders` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `orders_due` ON `orders` (`due_at`) WHERE due_at IS NOT NULL;
--> statement-breakpoint
CREATE TRIGGER `transfers_stay` BEFORE UPDATE ON `transfers` BEGIN SELECT RAISE(ABORT, 'transfers are never changed'); END;
--> statement-breakpoint
CREATE TRIGGER `transfers_remain` BEFORE DELETE ON `transfers` BEGIN SELECT RAISE(ABORT, 'transfers are never deleted'); END;
