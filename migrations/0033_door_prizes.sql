CREATE TABLE `admission_cursors` (
	`raffle_id` text NOT NULL,
	`pool` text NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`raffle_id`, `pool`)
);
--> statement-breakpoint
CREATE INDEX `raffles_earned_by_admissions` ON `raffles` (`id`) WHERE status = 'scheduled' AND earning->>'per' = 'admission';