CREATE TABLE `api_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`name` text NOT NULL,
	`scopes` text NOT NULL,
	`secret_hash` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer,
	`revoked_at` integer,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `api_keys_organisation` ON `api_keys` (`organisation_id`,`id`);--> statement-breakpoint
CREATE TABLE `dev_mails` (
	`id` text PRIMARY KEY NOT NULL,
	`recipient` text NOT NULL,
	`title` text NOT NULL,
	`text` text NOT NULL,
	`html` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `email_tokens` (
	`hash` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`user_id` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `email_tokens_user` ON `email_tokens` (`user_id`,`kind`);--> statement-breakpoint
CREATE INDEX `email_tokens_expiry` ON `email_tokens` (`expires_at`);--> statement-breakpoint
CREATE TABLE `mails` (
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
);
--> statement-breakpoint
CREATE UNIQUE INDEX `mails_cause` ON `mails` (`subject`,`kind`);--> statement-breakpoint
CREATE INDEX `mails_due` ON `mails` (`bulk`,`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `categories` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`name` text NOT NULL,
	`slug` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `categories_slug` ON `categories` (`organisation_id`,`slug`);--> statement-breakpoint
CREATE INDEX `categories_name` ON `categories` (`name`,`id`);--> statement-breakpoint
CREATE TABLE `products` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`category_id` text,
	`kind` text NOT NULL,
	`status` text NOT NULL,
	`title` text NOT NULL,
	`description` text NOT NULL,
	`details` text NOT NULL,
	`price_amount` integer NOT NULL,
	`price_currency` text NOT NULL,
	`stock` integer NOT NULL,
	`images` text NOT NULL,
	`tags` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "products_status" CHECK(status IN ('draft', 'active', 'archived')),
	CONSTRAINT "products_stock" CHECK(stock >= 0),
	CONSTRAINT "products_price" CHECK(price_amount > 0)
);
--> statement-breakpoint
CREATE INDEX `products_organisation` ON `products` (`organisation_id`,`id`);--> statement-breakpoint
CREATE INDEX `products_category` ON `products` (`category_id`);--> statement-breakpoint
CREATE INDEX `products_created` ON `products` (`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `products_price_order` ON `products` (`status`,`price_amount`,`id`);--> statement-breakpoint
CREATE TABLE `stock_holds` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`key` text NOT NULL,
	`product_id` text NOT NULL,
	`request` text NOT NULL,
	`organisation_id` text NOT NULL,
	`title` text NOT NULL,
	`unit_amount` integer NOT NULL,
	`currency` text NOT NULL,
	`quantity` integer NOT NULL,
	`state` text NOT NULL,
	`held_until` integer NOT NULL,
	`returned` text NOT NULL,
	`fulfilment` text NOT NULL,
	`reference` text,
	`created_at` integer NOT NULL,
	CONSTRAINT "stock_holds_state" CHECK(state IN ('held', 'sold', 'released', 'returned', 'lost')),
	CONSTRAINT "stock_holds_fulfilment" CHECK(fulfilment IN ('none', 'packed', 'shipped', 'delivered')),
	CONSTRAINT "stock_holds_quantity" CHECK(quantity > 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stock_holds_key` ON `stock_holds` (`user_id`,`key`,`product_id`);--> statement-breakpoint
CREATE INDEX `stock_holds_product` ON `stock_holds` (`product_id`);--> statement-breakpoint
CREATE INDEX `stock_holds_until` ON `stock_holds` (`held_until`) WHERE state = 'held';--> statement-breakpoint
CREATE TABLE `notices` (
	`raffle_id` text NOT NULL,
	`kind` text NOT NULL,
	`cursor` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`raffle_id`, `kind`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `notices_due` ON `notices` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `grants` (
	`raffle_id` text NOT NULL,
	`order_ref` text NOT NULL,
	`organisation_id` text NOT NULL,
	`user_id` text,
	`email_hash` text,
	`email` text,
	`amount` integer NOT NULL,
	`entries` integer DEFAULT 0 NOT NULL,
	`once` text,
	`reservation_id` text,
	`status` text DEFAULT 'waiting' NOT NULL,
	`reason` text,
	`revoke_asked_at` integer,
	`key` text,
	`due_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`raffle_id`, `order_ref`),
	CONSTRAINT "grants_status" CHECK(status IN ('waiting', 'granted', 'revoked', 'refused')),
	CONSTRAINT "grants_amount" CHECK(amount > 0 AND entries >= 0),
	CONSTRAINT "grants_person" CHECK(user_id IS NOT NULL OR email_hash IS NOT NULL)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `grants_once` ON `grants` (`raffle_id`,`once`) WHERE once IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `grants_key` ON `grants` (`raffle_id`,`key`) WHERE "key" IS NOT NULL;--> statement-breakpoint
CREATE INDEX `grants_order` ON `grants` (`order_ref`);--> statement-breakpoint
CREATE INDEX `grants_email` ON `grants` (`email`) WHERE email IS NOT NULL;--> statement-breakpoint
CREATE INDEX `grants_due` ON `grants` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `raffle_templates` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`name` text NOT NULL,
	`colour` text NOT NULL,
	`terms` text NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `raffle_templates_organisation` ON `raffle_templates` (`organisation_id`,`id`);--> statement-breakpoint
CREATE TABLE `series` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`title` text NOT NULL,
	`terms` text NOT NULL,
	`cadence` text NOT NULL,
	`time` text NOT NULL,
	`time_zone` text NOT NULL,
	`opens_before` integer NOT NULL,
	`closes_before` integer NOT NULL,
	`starts_on` text NOT NULL,
	`ends_on` text,
	`status` text DEFAULT 'active' NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`due_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "series_status" CHECK(status IN ('active', 'paused', 'ended'))
);
--> statement-breakpoint
CREATE INDEX `series_organisation` ON `series` (`organisation_id`,`id`);--> statement-breakpoint
CREATE INDEX `series_due` ON `series` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `series_occurrences` (
	`series_id` text NOT NULL,
	`date` text NOT NULL,
	`raffle_id` text NOT NULL,
	`problem` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`series_id`, `date`),
	FOREIGN KEY (`series_id`) REFERENCES `series`(`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `series_occurrences_raffle` ON `series_occurrences` (`raffle_id`);--> statement-breakpoint
CREATE TABLE `series_rewards` (
	`series_id` text NOT NULL,
	`date` text NOT NULL,
	`prizes` text NOT NULL,
	`image_url` text,
	PRIMARY KEY(`series_id`, `date`),
	FOREIGN KEY (`series_id`) REFERENCES `series`(`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `series_skips` (
	`series_id` text NOT NULL,
	`date` text NOT NULL,
	PRIMARY KEY(`series_id`, `date`),
	FOREIGN KEY (`series_id`) REFERENCES `series`(`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `users` ADD `language` text;--> statement-breakpoint
ALTER TABLE `users` ADD `email_verified_at` integer;--> statement-breakpoint
ALTER TABLE `raffles` ADD `series_id` text REFERENCES series(id);--> statement-breakpoint
ALTER TABLE `raffles` ADD `earning` text;--> statement-breakpoint
CREATE INDEX `raffles_series` ON `raffles` (`series_id`,`draw_at`) WHERE series_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `winners_claim` ON `winners` (`claim_by`) WHERE status = 'announced';--> statement-breakpoint
CREATE INDEX `order_lines_organisation` ON `order_lines` (`organisation_id`,`order_id`);--> statement-breakpoint
CREATE INDEX `order_lines_hold` ON `order_lines` (`reservation_id`) WHERE kind = 'product';