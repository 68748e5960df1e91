ALTER TABLE `ticket_returns` ADD `settled_at` integer;--> statement-breakpoint
UPDATE `ticket_returns` SET `settled_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER) WHERE `due_at` IS NULL;--> statement-breakpoint
CREATE INDEX `ticket_returns_settled` ON `ticket_returns` (`settled_at`) WHERE settled_at IS NOT NULL;