CREATE TABLE `ticket_returns` (
	`reservation_id` text NOT NULL,
	`id` text NOT NULL,
	`numbers` text NOT NULL,
	`due_at` integer,
	PRIMARY KEY(`reservation_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `ticket_returns_due` ON `ticket_returns` (`due_at`) WHERE due_at IS NOT NULL;