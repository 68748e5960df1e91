ALTER TABLE `raffles` ADD `entrants` text DEFAULT 'anyone' NOT NULL;--> statement-breakpoint
ALTER TABLE `raffles` ADD `staff_may_enter` integer DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE `raffles` ADD `challenge` text DEFAULT 'none' NOT NULL;