CREATE TABLE `events` (
	`id` text PRIMARY KEY NOT NULL,
	`slug` text NOT NULL,
	`organisation_id` text NOT NULL,
	`category_id` text,
	`status` text DEFAULT 'draft' NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`title` text NOT NULL,
	`description` text NOT NULL,
	`images` text NOT NULL,
	`tags` text NOT NULL,
	`venue` text,
	`address` text,
	`city` text,
	`country` text,
	`latitude` real,
	`longitude` real,
	`starts_at` integer NOT NULL,
	`ends_at` integer NOT NULL,
	`time_zone` text NOT NULL,
	`first_starts_at` integer,
	`first_ends_at` integer,
	`postponed_at` integer,
	`postpone_reason` text,
	`published_at` integer,
	`providers` text NOT NULL,
	`cancelled_at` integer,
	`cancel_reason` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "events_times" CHECK(ends_at > starts_at),
	CONSTRAINT "events_point" CHECK((latitude IS NULL) = (longitude IS NULL))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_slug` ON `events` (`slug`);--> statement-breakpoint
CREATE INDEX `events_organisation` ON `events` (`organisation_id`,`starts_at`,`id`);--> statement-breakpoint
CREATE INDEX `events_by_start` ON `events` (`starts_at`,`id`) WHERE status <> 'draft';--> statement-breakpoint
CREATE INDEX `events_by_country` ON `events` (`country`,`starts_at`,`id`) WHERE status <> 'draft';--> statement-breakpoint
CREATE INDEX `events_by_city` ON `events` (`city`,`country`,`starts_at`,`id`) WHERE status <> 'draft';--> statement-breakpoint
CREATE INDEX `events_category` ON `events` (`category_id`,`starts_at`,`id`);--> statement-breakpoint
CREATE TABLE `ticket_types` (
	`id` text PRIMARY KEY NOT NULL,
	`pool` text NOT NULL,
	`event_id` text NOT NULL,
	`position` integer NOT NULL,
	`name` text NOT NULL,
	`description` text NOT NULL,
	`price_amount` integer NOT NULL,
	`price_currency` text NOT NULL,
	`capacity` integer NOT NULL,
	`max_per_user` integer,
	`opens_at` integer,
	`closes_at` integer,
	`is_hidden` integer NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`change` text,
	`terms_version` integer DEFAULT 0 NOT NULL,
	`due_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`event_id`) REFERENCES `events`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `ticket_types_pool` ON `ticket_types` (`pool`);--> statement-breakpoint
CREATE INDEX `ticket_types_event` ON `ticket_types` (`event_id`);--> statement-breakpoint
CREATE INDEX `ticket_types_due` ON `ticket_types` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
ALTER TABLE `organisations` ADD `priced_sales_since` integer DEFAULT 0;--> statement-breakpoint
ALTER TABLE `organisations` ADD `opened_by` text;--> statement-breakpoint
CREATE INDEX `organisations_opened_by` ON `organisations` (`opened_by`) WHERE opened_by IS NOT NULL;