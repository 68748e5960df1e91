CREATE TABLE `invitations` (
	`id` text PRIMARY KEY NOT NULL,
	`organisation_id` text NOT NULL,
	`role` text NOT NULL,
	`email` text,
	`email_hash` text NOT NULL,
	`invited_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`outcome` text,
	`ended_at` integer,
	`ended_by` text,
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "invitations_ended_without_address" CHECK((outcome IS NULL) = (email IS NOT NULL))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invitations_open` ON `invitations` (`organisation_id`,`email`) WHERE email IS NOT NULL;--> statement-breakpoint
CREATE INDEX `invitations_listed` ON `invitations` (`organisation_id`,`id`) WHERE outcome IS NULL;--> statement-breakpoint
CREATE INDEX `invitations_address` ON `invitations` (`organisation_id`,`email_hash`);--> statement-breakpoint
CREATE INDEX `invitations_mine` ON `invitations` (`email`,`id`) WHERE email IS NOT NULL;--> statement-breakpoint
CREATE INDEX `invitations_inviter` ON `invitations` (`invited_by`) WHERE outcome IS NULL;--> statement-breakpoint
CREATE INDEX `invitations_expiry` ON `invitations` (`expires_at`) WHERE outcome IS NULL;--> statement-breakpoint
CREATE INDEX `invitations_ended` ON `invitations` (`ended_at`) WHERE outcome IS NOT NULL;--> statement-breakpoint
ALTER TABLE `email_tokens` ADD `invitation_id` text;