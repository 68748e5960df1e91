CREATE TABLE `former_members` (
	`organisation_id` text NOT NULL,
	`user_id` text NOT NULL,
	`left_at` integer NOT NULL,
	PRIMARY KEY(`organisation_id`, `user_id`),
	FOREIGN KEY (`organisation_id`) REFERENCES `organisations`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `former_members_user` ON `former_members` (`user_id`);--> statement-breakpoint
CREATE TABLE `revocations` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`user_id` text NOT NULL,
	`session_id` text,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TRIGGER `sessions_revoke_tokens` AFTER UPDATE OF `revoked_at` ON `sessions` WHEN OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL BEGIN
  INSERT INTO revocations (user_id, session_id, at) VALUES (NEW.user_id, NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `users_revoke_tokens` AFTER UPDATE OF `email_verified_at`, `email` ON `users` WHEN (OLD.email_verified_at IS NULL) <> (NEW.email_verified_at IS NULL) OR OLD.email <> NEW.email BEGIN
  INSERT INTO revocations (user_id, at) VALUES (NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `members_revoke_tokens` AFTER INSERT ON `members` BEGIN
  INSERT INTO revocations (user_id, at) VALUES (NEW.user_id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `members_stay_known` AFTER DELETE ON `members` BEGIN
  INSERT INTO revocations (user_id, at) VALUES (OLD.user_id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
  INSERT OR REPLACE INTO former_members (organisation_id, user_id, left_at) VALUES (OLD.organisation_id, OLD.user_id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
