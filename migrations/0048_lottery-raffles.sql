-- A winner may be void, since a lottery may correct its result. SQLite cannot change a check of a table, so the table is made again. Every column stays as it was.
CREATE TABLE `__new_winners` (
	`id` text PRIMARY KEY NOT NULL,
	`raffle_id` text NOT NULL,
	`attempt` integer NOT NULL,
	`unit` text NOT NULL,
	`number` integer NOT NULL,
	`user_id` text NOT NULL,
	`reservation_id` text NOT NULL,
	`status` text DEFAULT 'announced' NOT NULL,
	`announced_at` integer NOT NULL,
	`claim_by` integer NOT NULL,
	`claimed_at` integer,
	`delivery_address` text,
	`reason` text,
	`updated_at` integer NOT NULL,
	CONSTRAINT "winners_status" CHECK(status IN ('announced', 'claimed', 'paid', 'delivered', 'declined', 'expired', 'disqualified', 'void'))
);
--> statement-breakpoint
INSERT INTO `__new_winners` (`id`, `raffle_id`, `attempt`, `unit`, `number`, `user_id`, `reservation_id`, `status`, `announced_at`, `claim_by`, `claimed_at`, `delivery_address`, `reason`, `updated_at`)
SELECT `id`, `raffle_id`, `attempt`, `unit`, `number`, `user_id`, `reservation_id`, `status`, `announced_at`, `claim_by`, `claimed_at`, `delivery_address`, `reason`, `updated_at` FROM `winners`;
--> statement-breakpoint
DROP TABLE `winners`;
--> statement-breakpoint
ALTER TABLE `__new_winners` RENAME TO `winners`;
--> statement-breakpoint
CREATE UNIQUE INDEX `winners_unit` ON `winners` (`raffle_id`,`attempt`,`unit`);
--> statement-breakpoint
CREATE INDEX `winners_user` ON `winners` (`user_id`,`id`);
--> statement-breakpoint
CREATE INDEX `winners_announced` ON `winners` (`announced_at`,`id`);
--> statement-breakpoint
CREATE INDEX `winners_claim` ON `winners` (`claim_by`) WHERE status = 'announced';
--> statement-breakpoint
ALTER TABLE `order_lines` ADD `digits` integer;
--> statement-breakpoint
ALTER TABLE `raffles` ADD `accepted_results` integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE `raffles` ADD `refused_results` integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
CREATE INDEX `raffles_by_lottery` ON `raffles` (`id`) WHERE status IN ('scheduled', 'drawn') AND draw->>'method' = 'lottery';
