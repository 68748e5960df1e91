-- An order may cost nothing. SQLite cannot change a check of a table, so the table is made again. Every column stays as it was.
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
	CONSTRAINT "orders_amount" CHECK(amount >= 0 AND refunded_amount >= 0)
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
