ALTER TABLE `payments` ADD `asked_at` integer;--> statement-breakpoint
ALTER TABLE `receipts` ADD `receipt_number` text;--> statement-breakpoint
CREATE UNIQUE INDEX `receipts_number` ON `receipts` (`provider`,`receipt_number`) WHERE receipt_number IS NOT NULL;--> statement-breakpoint
CREATE INDEX `webhooks_subject` ON `webhooks` (`subject_id`,`received_at`);