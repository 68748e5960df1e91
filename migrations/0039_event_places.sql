DROP INDEX `events_by_city`;--> statement-breakpoint
ALTER TABLE `events` ADD `folded_city` text GENERATED ALWAYS AS (substr(folded, instr(folded, char(10)) + 1)) VIRTUAL;--> statement-breakpoint
CREATE INDEX `events_by_city` ON `events` (`folded_city`,`country`,`starts_at`,`id`) WHERE status <> 'draft';
--> statement-breakpoint
DROP TRIGGER `events_folded`;
--> statement-breakpoint
CREATE TRIGGER `events_folded` AFTER UPDATE OF `title`, `venue`, `city` ON `events` WHEN NEW.folded IS OLD.folded AND NEW.folded IS NOT NULL AND (NEW.title IS NOT OLD.title OR NEW.venue IS NOT OLD.venue OR NEW.city IS NOT OLD.city) BEGIN
  UPDATE events SET folded = NULL WHERE id = NEW.id;
END;
--> statement-breakpoint
UPDATE events SET folded = NULL;
