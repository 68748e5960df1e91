CREATE TABLE `suspensions` (
	`user_id` text PRIMARY KEY NOT NULL,
	`started_at` integer NOT NULL,
	`passes` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `suspensions_due` ON `suspensions` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `grants` ADD `revoke_reason` text;--> statement-breakpoint
CREATE INDEX `grants_user` ON `grants` (`user_id`) WHERE user_id IS NOT NULL;