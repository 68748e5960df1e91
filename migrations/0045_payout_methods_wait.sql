ALTER TABLE `payout_methods` ADD `bank` text;--> statement-breakpoint
ALTER TABLE `payout_methods` ADD `payable_from` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `payouts` ADD `method_id` text;--> statement-breakpoint
ALTER TABLE `payouts` ADD `payable_from` integer;--> statement-breakpoint
ALTER TABLE `payouts` ADD `stopped_at` integer;--> statement-breakpoint
CREATE INDEX `payouts_method` ON `payouts` (`method_id`) WHERE method_id IS NOT NULL;