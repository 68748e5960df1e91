DROP INDEX `payments_attention`;--> statement-breakpoint
CREATE INDEX `payments_attention` ON `payments` (`id`) WHERE attention IS NOT NULL;