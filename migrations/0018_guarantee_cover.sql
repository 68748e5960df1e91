CREATE TABLE `guarantee_limits` (
	`organisation_id` text NOT NULL,
	`currency` text NOT NULL,
	`amount` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`organisation_id`, `currency`),
	CONSTRAINT "guarantee_limits_amount" CHECK(amount >= 0)
);
--> statement-breakpoint
ALTER TABLE `raffles` ADD `cover` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `raffles_cover` ON `raffles` (`organisation_id`,`price_currency`) WHERE cover > 0;