CREATE TABLE `lotteries` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`country` text NOT NULL,
	`cadence` text NOT NULL,
	`time` text NOT NULL,
	`time_zone` text NOT NULL,
	`numbers_per_draw` integer NOT NULL,
	`digits` integer NOT NULL,
	`results_url` text,
	`results_url_by` text,
	`status` text DEFAULT 'active' NOT NULL,
	`revision` integer DEFAULT 1 NOT NULL,
	`next_date` text,
	`next_draw_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "lotteries_status" CHECK(status IN ('active', 'archived')),
	CONSTRAINT "lotteries_numbers" CHECK(numbers_per_draw BETWEEN 1 AND 20 AND digits BETWEEN 1 AND 6)
);
--> statement-breakpoint
CREATE INDEX `lotteries_by_status` ON `lotteries` (`status`,`id`);--> statement-breakpoint
CREATE INDEX `lotteries_by_country` ON `lotteries` (`status`,`country`,`id`);--> statement-breakpoint
CREATE INDEX `lotteries_next_draw` ON `lotteries` (`next_draw_at`) WHERE next_draw_at IS NOT NULL;--> statement-breakpoint
CREATE TABLE `lottery_draws` (
	`lottery_id` text NOT NULL,
	`date` text NOT NULL,
	`draw_at` integer NOT NULL,
	`version` integer DEFAULT 1 NOT NULL,
	`results` integer DEFAULT 0 NOT NULL,
	`confirmed_at` integer,
	`attention` text,
	`due_at` integer,
	`fetches` integer DEFAULT 0 NOT NULL,
	`fetch_problem` text,
	`skip_reason` text,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`lottery_id`, `date`),
	FOREIGN KEY (`lottery_id`) REFERENCES `lotteries`(`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `lottery_draws_due` ON `lottery_draws` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `lottery_draws_awaited` ON `lottery_draws` (`draw_at`) WHERE results = 0 AND skip_reason IS NULL;--> statement-breakpoint
CREATE INDEX `lottery_draws_attention` ON `lottery_draws` (`draw_at`) WHERE attention IS NOT NULL;--> statement-breakpoint
CREATE TABLE `lottery_records` (
	`id` text PRIMARY KEY NOT NULL,
	`lottery_id` text NOT NULL,
	`date` text NOT NULL,
	`origin` text NOT NULL,
	`author` text NOT NULL,
	`numbers` text NOT NULL,
	`source` text NOT NULL,
	`reason` text,
	`status` text DEFAULT 'pending' NOT NULL,
	`recorded_at` integer NOT NULL,
	`decided_by` text,
	`decided_at` integer,
	CONSTRAINT "lottery_records_status" CHECK(status IN ('pending', 'confirmed', 'rejected', 'withdrawn')),
	CONSTRAINT "lottery_records_two_people" CHECK(status <> 'confirmed' OR coalesce(decided_by, author) <> author)
);
--> statement-breakpoint
CREATE INDEX `lottery_records_draw` ON `lottery_records` (`lottery_id`,`date`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `lottery_records_person` ON `lottery_records` (`lottery_id`,`date`,`author`) WHERE status = 'pending' AND origin = 'person';--> statement-breakpoint
CREATE UNIQUE INDEX `lottery_records_page` ON `lottery_records` (`lottery_id`,`date`) WHERE status = 'pending' AND origin = 'page';--> statement-breakpoint
CREATE TABLE `lottery_results` (
	`lottery_id` text NOT NULL,
	`date` text NOT NULL,
	`revision` integer NOT NULL,
	`record_id` text NOT NULL,
	`numbers` text NOT NULL,
	`source` text NOT NULL,
	`reason` text,
	`confirmed_at` integer NOT NULL,
	PRIMARY KEY(`lottery_id`, `date`, `revision`),
	CONSTRAINT "lottery_results_reason" CHECK((revision = 0) = (reason IS NULL))
) WITHOUT ROWID;
--> statement-breakpoint
-- By hand, with WITHOUT ROWID above. Keep everything from here on where this migration is generated again.
CREATE TRIGGER `lottery_results_stay` BEFORE UPDATE ON `lottery_results` BEGIN SELECT RAISE(ABORT, 'a result that counts is never changed'); END;
--> statement-breakpoint
CREATE TRIGGER `lottery_results_remain` BEFORE DELETE ON `lottery_results` BEGIN SELECT RAISE(ABORT, 'a result that counts is never deleted'); END;
--> statement-breakpoint
CREATE TRIGGER `lottery_results_have_two_people` BEFORE INSERT ON `lottery_results` WHEN NOT EXISTS (
	SELECT 1 FROM `lottery_records` WHERE `id` = NEW.`record_id` AND `status` = 'confirmed' AND `lottery_id` = NEW.`lottery_id`
		AND `date` = NEW.`date` AND `numbers` = NEW.`numbers`
) BEGIN SELECT RAISE(ABORT, 'a result needs a confirmed record'); END;
--> statement-breakpoint
CREATE TRIGGER `lottery_records_stay` BEFORE UPDATE ON `lottery_records` WHEN OLD.`status` <> 'pending' OR NEW.`numbers` <> OLD.`numbers`
	OR NEW.`author` <> OLD.`author` OR NEW.`origin` <> OLD.`origin` OR NEW.`source` <> OLD.`source` OR NEW.`date` <> OLD.`date`
	OR NEW.`lottery_id` <> OLD.`lottery_id`
BEGIN SELECT RAISE(ABORT, 'what a source said is never changed'); END;
--> statement-breakpoint
CREATE TRIGGER `lottery_records_remain` BEFORE DELETE ON `lottery_records` BEGIN SELECT RAISE(ABORT, 'what a source said is never deleted'); END;
