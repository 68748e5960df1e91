DROP INDEX `categories_name`;--> statement-breakpoint
ALTER TABLE `categories` ADD `folded` text;--> statement-breakpoint
ALTER TABLE `categories` ADD `sorted_by` text GENERATED ALWAYS AS (coalesce(folded, lower(name))) VIRTUAL;--> statement-breakpoint
CREATE INDEX `categories_sorted` ON `categories` (`sorted_by`,`id`);--> statement-breakpoint
CREATE INDEX `categories_unfolded` ON `categories` (`id`) WHERE folded IS NULL;--> statement-breakpoint
DROP INDEX `products_title`;--> statement-breakpoint
DROP INDEX `products_organisation_title`;--> statement-breakpoint
ALTER TABLE `products` ADD `folded` text;--> statement-breakpoint
ALTER TABLE `products` ADD `sorted_by` text GENERATED ALWAYS AS (substr(coalesce(folded, lower(title)), 1, 60)) VIRTUAL;--> statement-breakpoint
CREATE INDEX `products_sorted` ON `products` (`status`,`sorted_by`,`id`);--> statement-breakpoint
CREATE INDEX `products_organisation_sorted` ON `products` (`organisation_id`,`status`,`sorted_by`,`id`);--> statement-breakpoint
CREATE INDEX `products_unfolded` ON `products` (`id`) WHERE folded IS NULL;--> statement-breakpoint
ALTER TABLE `organisations` ADD `folded` text;--> statement-breakpoint
CREATE INDEX `organisations_unfolded` ON `organisations` (`id`) WHERE folded IS NULL;--> statement-breakpoint
ALTER TABLE `users` ADD `folded` text;--> statement-breakpoint
CREATE INDEX `users_unfolded` ON `users` (`id`) WHERE folded IS NULL;--> statement-breakpoint
ALTER TABLE `events` ADD `folded` text;--> statement-breakpoint
CREATE INDEX `events_unfolded` ON `events` (`id`) WHERE folded IS NULL;--> statement-breakpoint
ALTER TABLE `raffles` ADD `folded` text;--> statement-breakpoint
CREATE INDEX `raffles_unfolded` ON `raffles` (`id`) WHERE folded IS NULL;
--> statement-breakpoint
CREATE TRIGGER `products_folded` AFTER UPDATE OF `title`, `details`, `tags` ON `products` WHEN NEW.folded IS OLD.folded AND NEW.folded IS NOT NULL AND (NEW.title IS NOT OLD.title OR NEW.details IS NOT OLD.details OR NEW.tags IS NOT OLD.tags) BEGIN
  UPDATE products SET folded = NULL WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER `categories_folded` AFTER UPDATE OF `name` ON `categories` WHEN NEW.folded IS OLD.folded AND NEW.folded IS NOT NULL AND NEW.name IS NOT OLD.name BEGIN
  UPDATE categories SET folded = NULL WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER `organisations_folded` AFTER UPDATE OF `name` ON `organisations` WHEN NEW.folded IS OLD.folded AND NEW.folded IS NOT NULL AND NEW.name IS NOT OLD.name BEGIN
  UPDATE organisations SET folded = NULL WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER `users_folded` AFTER UPDATE OF `name` ON `users` WHEN NEW.folded IS OLD.folded AND NEW.folded IS NOT NULL AND NEW.name IS NOT OLD.name BEGIN
  UPDATE users SET folded = NULL WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER `raffles_folded` AFTER UPDATE OF `title` ON `raffles` WHEN NEW.folded IS OLD.folded AND NEW.folded IS NOT NULL AND NEW.title IS NOT OLD.title BEGIN
  UPDATE raffles SET folded = NULL WHERE id = NEW.id;
END;
--> statement-breakpoint
CREATE TRIGGER `events_folded` AFTER UPDATE OF `title` ON `events` WHEN NEW.folded IS OLD.folded AND NEW.folded IS NOT NULL AND NEW.title IS NOT OLD.title BEGIN
  UPDATE events SET folded = NULL WHERE id = NEW.id;
END;
