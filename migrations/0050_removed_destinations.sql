CREATE TABLE `removed_destinations` (
	`owner_id` text NOT NULL,
	`provider` text NOT NULL,
	`destination` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`owner_id`, `provider`, `destination`)
);
--> statement-breakpoint
ALTER TABLE `payments` ADD `failure` text;