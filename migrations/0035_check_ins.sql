CREATE TABLE `attendees` (
	`reservation_id` text NOT NULL,
	`number` integer NOT NULL,
	`name` text NOT NULL,
	`folded` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`reservation_id`, `number`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `check_ins` (
	`event_id` text NOT NULL,
	`id` text NOT NULL,
	`ticket_type_id` text NOT NULL,
	`reservation_id` text NOT NULL,
	`number` integer NOT NULL,
	`first_seq` integer NOT NULL,
	`scanned_at` integer NOT NULL,
	`received_at` integer NOT NULL,
	`by` text NOT NULL,
	`gate` text,
	`scan_id` text,
	`conflict_with` text,
	`undone_at` integer,
	`undone_by` text,
	`undone_reason` text,
	PRIMARY KEY(`event_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE UNIQUE INDEX `check_ins_once` ON `check_ins` (`ticket_type_id`,`number`,`first_seq`) WHERE undone_at IS NULL AND conflict_with IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `check_ins_scan` ON `check_ins` (`event_id`,`scan_id`) WHERE scan_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `check_ins_conflicts` ON `check_ins` (`event_id`,`id`) WHERE conflict_with IS NOT NULL;--> statement-breakpoint
ALTER TABLE `events` ADD `attendee_names` text DEFAULT 'none' NOT NULL;