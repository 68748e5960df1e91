ALTER TABLE `products` ADD `sorted_title` text GENERATED ALWAYS AS (lower(substr(title, 1, 60))) VIRTUAL;--> statement-breakpoint
CREATE INDEX `products_organisation_created` ON `products` (`organisation_id`,`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `products_title` ON `products` (`status`,`sorted_title`,`id`);--> statement-breakpoint
CREATE INDEX `products_organisation_title` ON `products` (`organisation_id`,`status`,`sorted_title`,`id`);--> statement-breakpoint
CREATE INDEX `raffles_waiting` ON `raffles` (`draw_at`,`id`) WHERE status = 'scheduled';--> statement-breakpoint
CREATE INDEX `raffles_created` ON `raffles` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `raffles_organisation_draw` ON `raffles` (`organisation_id`,`draw_at`,`id`);--> statement-breakpoint
CREATE INDEX `raffles_series_created` ON `raffles` (`series_id`,`created_at`) WHERE series_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX `raffles_category_draw` ON `raffles` (`category_id`,`draw_at`) WHERE category_id IS NOT NULL;