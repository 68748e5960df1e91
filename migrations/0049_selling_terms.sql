CREATE TABLE `selling_terms` (
	`organisation_id` text PRIMARY KEY NOT NULL,
	`providers` text,
	`currencies` text,
	`countries` text,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE `events` ADD `countries` text;--> statement-breakpoint
ALTER TABLE `raffles` ADD `countries` text;