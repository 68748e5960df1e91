ALTER TABLE `lottery_draws` ADD `skipped_by` text;--> statement-breakpoint
ALTER TABLE `lottery_draws` ADD `skip_confirmed_by` text;