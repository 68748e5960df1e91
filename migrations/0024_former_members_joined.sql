ALTER TABLE `former_members` ADD `joined_at` integer;--> statement-breakpoint
DROP TRIGGER `members_stay_known`;
--> statement-breakpoint
CREATE TRIGGER `members_stay_known` AFTER DELETE ON `members` BEGIN
  INSERT INTO revocations (user_id, at) VALUES (OLD.user_id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
  INSERT INTO former_members (organisation_id, user_id, left_at, joined_at) VALUES (OLD.organisation_id, OLD.user_id, CAST(unixepoch('subsec') * 1000 AS INTEGER), OLD.created_at)
    ON CONFLICT (organisation_id, user_id) DO UPDATE SET left_at = excluded.left_at, joined_at = min(joined_at, excluded.joined_at);
END;
