CREATE TABLE `capacity_groups` (
	`id` text PRIMARY KEY NOT NULL,
	`pool` text NOT NULL,
	`event_id` text NOT NULL,
	`name` text NOT NULL,
	`capacity` integer NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`change` text,
	`terms_version` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`event_id`) REFERENCES `events`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `capacity_groups_pool` ON `capacity_groups` (`pool`);--> statement-breakpoint
CREATE INDEX `capacity_groups_event` ON `capacity_groups` (`event_id`,`id`);--> statement-breakpoint
CREATE INDEX `capacity_groups_due` ON `capacity_groups` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `ticket_types` ADD `capacity_group_id` text;