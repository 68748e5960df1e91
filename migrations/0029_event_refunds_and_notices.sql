CREATE TABLE `event_notices` (
	`ticket_type_id` text NOT NULL,
	`at` integer NOT NULL,
	`news` text NOT NULL,
	`cursor` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	PRIMARY KEY(`ticket_type_id`, `at`)
);
--> statement-breakpoint
CREATE INDEX `event_notices_due` ON `event_notices` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `events` ADD `online_url` text;--> statement-breakpoint
ALTER TABLE `events` ADD `refund_until` integer;