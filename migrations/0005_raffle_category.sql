ALTER TABLE `raffles` ADD `category_id` text;--> statement-breakpoint
CREATE INDEX `raffles_category` ON `raffles` (`category_id`,`created_at`) WHERE category_id IS NOT NULL;