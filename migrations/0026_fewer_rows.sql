-- These tables get no rowid, so that a row with a text key is written once and not twice. Every column stays as it was.
CREATE TABLE `__new_orders` (
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
	`delivery_address` text,
	CONSTRAINT "orders_status" CHECK(status IN ('pending', 'paid', 'expired', 'cancelled', 'partially_refunded', 'refunded', 'refund_due')),
	CONSTRAINT "orders_amount" CHECK(amount > 0 AND refunded_amount >= 0)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_orders` (`id`, `user_id`, `key`, `request`, `currency`, `amount`, `status`, `pay_until`, `receipt`, `settled_at`, `refunded_amount`, `due_at`, `created_at`, `updated_at`, `delivery_address`)
SELECT `id`, `user_id`, `key`, `request`, `currency`, `amount`, `status`, `pay_until`, `receipt`, `settled_at`, `refunded_amount`, `due_at`, `created_at`, `updated_at`, `delivery_address` FROM `orders` ORDER BY `id`;
--> statement-breakpoint
DROP TABLE `orders`;
--> statement-breakpoint
ALTER TABLE `__new_orders` RENAME TO `orders`;
--> statement-breakpoint
CREATE UNIQUE INDEX `orders_key` ON `orders` (`user_id`,`key`);
--> statement-breakpoint
CREATE INDEX `orders_due` ON `orders` (`due_at`) WHERE due_at IS NOT NULL;
--> statement-breakpoint
CREATE TABLE `__new_payments` (
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
	`asked_at` integer,
	`dismissal` text,
	CONSTRAINT "payments_status" CHECK(status IN ('starting', 'pending', 'succeeded', 'failed', 'expired')),
	CONSTRAINT "payments_amount" CHECK(amount > 0)
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_payments` (`id`, `order_id`, `key`, `provider`, `amount`, `currency`, `status`, `reference`, `action`, `phone`, `return_url`, `checks`, `due_at`, `attention`, `created_at`, `updated_at`, `asked_at`, `dismissal`)
SELECT `id`, `order_id`, `key`, `provider`, `amount`, `currency`, `status`, `reference`, `action`, `phone`, `return_url`, `checks`, `due_at`, `attention`, `created_at`, `updated_at`, `asked_at`, `dismissal` FROM `payments` ORDER BY `id`;
--> statement-breakpoint
DROP TABLE `payments`;
--> statement-breakpoint
ALTER TABLE `__new_payments` RENAME TO `payments`;
--> statement-breakpoint
CREATE UNIQUE INDEX `payments_key` ON `payments` (`order_id`,`key`);
--> statement-breakpoint
CREATE UNIQUE INDEX `payments_reference` ON `payments` (`provider`,`reference`) WHERE reference <> id;
--> statement-breakpoint
CREATE INDEX `payments_due` ON `payments` (`due_at`) WHERE due_at IS NOT NULL;
--> statement-breakpoint
CREATE INDEX `payments_attention` ON `payments` (`id`) WHERE attention IS NOT NULL;
--> statement-breakpoint
CREATE TABLE `__new_mails` (
	`id` text PRIMARY KEY NOT NULL,
	`subject` text NOT NULL,
	`kind` text NOT NULL,
	`user_id` text,
	`data` text NOT NULL,
	`bulk` integer NOT NULL,
	`due_at` integer,
	`tries` integer DEFAULT 0 NOT NULL,
	`sent_at` integer,
	`failure` text,
	`created_at` integer NOT NULL
) WITHOUT ROWID;
--> statement-breakpoint
INSERT INTO `__new_mails` (`id`, `subject`, `kind`, `user_id`, `data`, `bulk`, `due_at`, `tries`, `sent_at`, `failure`, `created_at`)
SELECT `id`, `subject`, `kind`, `user_id`, `data`, `bulk`, `due_at`, `tries`, `sent_at`, `failure`, `created_at` FROM `mails` ORDER BY `id`;
--> statement-breakpoint
DROP TABLE `mails`;
--> statement-breakpoint
ALTER TABLE `__new_mails` RENAME TO `mails`;
--> statement-breakpoint
CREATE UNIQUE INDEX `mails_cause` ON `mails` (`subject`,`kind`);
--> statement-breakpoint
CREATE INDEX `mails_due` ON `mails` (`bulk`,`due_at`) WHERE due_at IS NOT NULL;
--> statement-breakpoint
DROP INDEX `transfers_claims`;
--> statement-breakpoint
CREATE INDEX `transfers_claims` ON `transfers` (`organisation_id`,`provider`,`currency`) WHERE organisation_id IS NOT NULL AND raffle_id IS NULL;
