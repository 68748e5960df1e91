CREATE TABLE `disqualifications` (
	`winner_id` text NOT NULL,
	`proposed_by` text NOT NULL,
	`reason` text NOT NULL,
	`status` text NOT NULL,
	`proposed_at` integer NOT NULL,
	`lapses_at` integer NOT NULL,
	`decided_by` text,
	`decided_at` integer,
	PRIMARY KEY(`winner_id`, `proposed_by`),
	CONSTRAINT "disqualifications_status" CHECK(status IN ('proposed', 'confirmed', 'withdrawn')),
	CONSTRAINT "disqualifications_two_people" CHECK(status <> 'confirmed' OR decided_by <> proposed_by)
);
--> statement-breakpoint
CREATE INDEX `disqualifications_open` ON `disqualifications` (`lapses_at`) WHERE status = 'proposed';