CREATE TABLE `members` (
	`organisation_id` text NOT NULL,
	`user_id` text NOT NULL,
	`role` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`organisation_id`, `user_id`),
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `members_user` ON `members` (`user_id`);--> statement-breakpoint
CREATE TABLE `organisations` (
	`id` text PRIMARY KEY NOT NULL,
	`slug` text NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "organisations_name" CHECK(length(name) > 0)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `organisations_slug` ON `organisations` (`slug`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`family_hash` text NOT NULL,
	`refresh_hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`refreshed_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_family` ON `sessions` (`family_hash`);--> statement-breakpoint
CREATE INDEX `sessions_user` ON `sessions` (`user_id`);--> statement-breakpoint
CREATE INDEX `sessions_expiry` ON `sessions` (`expires_at`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`email` text NOT NULL,
	`name` text NOT NULL,
	`phone` text,
	`password_hash` text NOT NULL,
	`role` text DEFAULT 'user' NOT NULL,
	`status` text DEFAULT 'active' NOT NULL,
	`winner_display` text DEFAULT 'initials' NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "users_role" CHECK(role IN ('user', 'admin')),
	CONSTRAINT "users_status" CHECK(status IN ('active', 'suspended')),
	CONSTRAINT "users_winner_display" CHECK(winner_display IN ('name', 'initials', 'anonymous')),
	CONSTRAINT "users_email_form" CHECK(email = lower(trim(email)))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_email` ON `users` (`email`);--> statement-breakpoint
CREATE TABLE `winners` (
	`id` text PRIMARY KEY NOT NULL,
	`raffle_id` text NOT NULL,
	`attempt` integer NOT NULL,
	`unit` text NOT NULL,
	`number` integer NOT NULL,
	`user_id` text NOT NULL,
	`reservation_id` text NOT NULL,
	`status` text DEFAULT 'announced' NOT NULL,
	`announced_at` integer NOT NULL,
	`claim_by` integer NOT NULL,
	`claimed_at` integer,
	`delivery_address` text,
	`reason` text,
	`updated_at` integer NOT NULL,
	CONSTRAINT "winners_status" CHECK(status IN ('announced', 'claimed', 'paid', 'delivered', 'declined', 'expired', 'disqualified'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `winners_unit` ON `winners` (`raffle_id`,`attempt`,`unit`);--> statement-breakpoint
CREATE INDEX `winners_user` ON `winners` (`user_id`,`id`);--> statement-breakpoint
CREATE INDEX `winners_announced` ON `winners` (`announced_at`,`id`);--> statement-breakpoint
CREATE TABLE `sweeps` (
	`id` integer PRIMARY KEY NOT NULL,
	`started_at` integer NOT NULL,
	`finished_at` integer NOT NULL,
	`overdue` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `raffles` (
	`id` text PRIMARY KEY NOT NULL,
	`pool` text NOT NULL,
	`slug` text NOT NULL,
	`organisation_id` text NOT NULL,
	`status` text DEFAULT 'draft' NOT NULL,
	`terms_version` integer DEFAULT 0 NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`title` text NOT NULL,
	`description` text NOT NULL,
	`image_url` text,
	`tags` text NOT NULL,
	`location` text,
	`time_zone` text NOT NULL,
	`price_amount` integer NOT NULL,
	`price_currency` text NOT NULL,
	`total_tickets` integer NOT NULL,
	`max_per_user` integer,
	`numbering` text NOT NULL,
	`opens_at` integer NOT NULL,
	`closes_at` integer NOT NULL,
	`draw_at` integer NOT NULL,
	`prizes` text NOT NULL,
	`win_policy` text NOT NULL,
	`min_tickets` integer NOT NULL,
	`rake_bps` integer NOT NULL,
	`guaranteed` integer NOT NULL,
	`providers` text NOT NULL,
	`entry` text NOT NULL,
	`draw` text NOT NULL,
	`claim_days` integer NOT NULL,
	`on_unclaimed` text NOT NULL,
	`max_redraws` integer NOT NULL,
	`early_close` text NOT NULL,
	`close_note` text,
	`drawn_attempts` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "raffles_status" CHECK(status IN ('draft', 'scheduled', 'drawn', 'settled', 'cancelled'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `raffles_pool` ON `raffles` (`pool`);--> statement-breakpoint
CREATE UNIQUE INDEX `raffles_slug` ON `raffles` (`slug`);--> statement-breakpoint
CREATE INDEX `raffles_organisation` ON `raffles` (`organisation_id`,`created_at`);--> statement-breakpoint
CREATE INDEX `raffles_draw` ON `raffles` (`draw_at`,`id`);--> statement-breakpoint
CREATE INDEX `raffles_due` ON `raffles` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `attempts` (
	`pool` text NOT NULL,
	`attempt` integer NOT NULL,
	`seq` integer NOT NULL,
	`record` text NOT NULL,
	PRIMARY KEY(`pool`, `attempt`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `pools` (
	`pool` text PRIMARY KEY NOT NULL,
	`raffle_id` text NOT NULL,
	`seq` integer NOT NULL,
	`terms_version` integer NOT NULL,
	`terms` text NOT NULL,
	`total` integer NOT NULL,
	`sold` integer NOT NULL,
	`held` integer NOT NULL,
	`closed_at` integer,
	`close_reason` text,
	`freeze_at` integer NOT NULL,
	`effective_draw_at` integer NOT NULL,
	`log_size` integer NOT NULL,
	`log_root` text NOT NULL,
	`commitment` text,
	`cancellation` text,
	`due_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `pools_raffleId_unique` ON `pools` (`raffle_id`);--> statement-breakpoint
CREATE INDEX `pools_due` ON `pools` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `reservations` (
	`holder` text NOT NULL,
	`id` text NOT NULL,
	`pool` text NOT NULL,
	`seq` integer NOT NULL,
	`state` text NOT NULL,
	`numbers` text NOT NULL,
	`at` integer NOT NULL,
	`issued_at` integer,
	`held_until` integer,
	PRIMARY KEY(`holder`, `id`)
) WITHOUT ROWID;
