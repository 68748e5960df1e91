ALTER TABLE `stock_holds` ADD `is_proved` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `stock_holds` ADD `unpaid_at` integer;--> statement-breakpoint
CREATE INDEX `stock_holds_held` ON `stock_holds` (`product_id`) WHERE state = 'held';