CREATE TABLE `ticket_transfers` (
	`id` text PRIMARY KEY NOT NULL,
	`event_id` text NOT NULL,
	`ticket_type_id` text NOT NULL,
	`reservation_id` text NOT NULL,
	`number` integer NOT NULL,
	`from_user` text NOT NULL,
	`email` text,
	`state` text NOT NULL,
	`to_user` text,
	`new_reservation_id` text,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`due_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `ticket_transfers_open` ON `ticket_transfers` (`reservation_id`,`number`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `ticket_transfers_made` ON `ticket_transfers` (`new_reservation_id`) WHERE new_reservation_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `ticket_transfers_out` ON `ticket_transfers` (`from_user`,`id`);--> statement-breakpoint
CREATE INDEX `ticket_transfers_in` ON `ticket_transfers` (`email`,`id`) WHERE email IS NOT NULL;--> statement-breakpoint
CREATE INDEX `ticket_transfers_due` ON `ticket_transfers` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `events` ADD `transferable` integer DEFAULT true NOT NULL;