CREATE TABLE `prize_seats` (
	`raffle_id` text NOT NULL,
	`unit` text NOT NULL,
	`ticket_type_id` text NOT NULL,
	`key` text NOT NULL,
	`state` text NOT NULL,
	`reservation_id` text,
	`number` integer,
	`winner_id` text,
	`issued_id` text,
	`due_at` integer,
	PRIMARY KEY(`raffle_id`, `unit`),
	CONSTRAINT "prize_seats_state" CHECK(state IN ('wanted', 'aside', 'issuing', 'issued', 'returning', 'returned', 'lost'))
);
--> statement-breakpoint
CREATE INDEX `prize_seats_due` ON `prize_seats` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `prize_seats_winner` ON `prize_seats` (`winner_id`) WHERE winner_id IS NOT NULL;