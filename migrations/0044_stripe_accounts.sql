CREATE TABLE `stripe_accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`owner_id` text NOT NULL,
	`country` text NOT NULL,
	`is_ready` integer NOT NULL,
	`problem` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stripe_accounts_owner` ON `stripe_accounts` (`owner_id`);