DROP INDEX `payments_reference`;--> statement-breakpoint
CREATE UNIQUE INDEX `payments_reference` ON `payments` (`provider`,`reference`) WHERE reference IS NOT NULL;