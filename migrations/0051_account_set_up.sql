ALTER TABLE `stripe_accounts` ADD `set_up_by` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `stripe_accounts` ADD `set_up_at` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `payouts_attention` ON `payouts` (`id`) WHERE attention IS NOT NULL;--> statement-breakpoint
-- Those who opened an organisation's account before this was recorded.
UPDATE `stripe_accounts` SET `set_up_by` = (
	SELECT json_group_array(DISTINCT actor) FROM audit
	WHERE action = 'organisation.stripe_account_opened' AND subject_id = stripe_accounts.owner_id
);
