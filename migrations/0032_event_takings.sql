ALTER TABLE `events` ADD `settled_at` integer;--> statement-breakpoint
CREATE INDEX `events_to_settle` ON `events` (`ends_at`) WHERE status = 'published' AND settled_at IS NULL;--> statement-breakpoint
ALTER TABLE `payouts` ADD `event_id` text;