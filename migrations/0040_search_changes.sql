CREATE TABLE `search_changes` (
	`seq` integer PRIMARY KEY NOT NULL,
	`item_id` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE TRIGGER `events_searched_new` AFTER INSERT ON `events` WHEN NEW.status <> 'draft' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `events_searched` AFTER UPDATE OF `organisation_id`, `category_id`, `title`, `description`, `tags`, `status`, `slug`, `images`, `venue`, `address`, `city`, `country`, `latitude`, `longitude`, `starts_at`, `ends_at`, `postponed_at` ON `events` WHEN NEW.status <> 'draft' OR OLD.status <> 'draft' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `events_searched_no_more` AFTER DELETE ON `events` WHEN OLD.status <> 'draft' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (OLD.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `raffles_searched_new` AFTER INSERT ON `raffles` WHEN NEW.status <> 'draft' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `raffles_searched` AFTER UPDATE OF `organisation_id`, `category_id`, `title`, `description`, `tags`, `status`, `slug`, `image_url`, `location`, `price_amount`, `price_currency`, `opens_at`, `closes_at`, `draw_at` ON `raffles` WHEN NEW.status <> 'draft' OR OLD.status <> 'draft' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `raffles_searched_no_more` AFTER DELETE ON `raffles` WHEN OLD.status <> 'draft' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (OLD.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `products_searched_new` AFTER INSERT ON `products` WHEN NEW.status = 'active' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `products_searched` AFTER UPDATE OF `organisation_id`, `category_id`, `title`, `description`, `tags`, `status`, `images`, `details`, `price_amount`, `price_currency` ON `products` WHEN NEW.status = 'active' OR OLD.status = 'active' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (NEW.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `products_searched_no_more` AFTER DELETE ON `products` WHEN OLD.status = 'active' BEGIN
  INSERT INTO search_changes (item_id, at) VALUES (OLD.id, CAST(unixepoch('subsec') * 1000 AS INTEGER));
END;
--> statement-breakpoint
CREATE TRIGGER `pools_searched` AFTER UPDATE OF `closed_at`, `commitment`, `cancellation` ON `pools` WHEN NEW.closed_at IS NOT OLD.closed_at OR (NEW.commitment IS NULL) <> (OLD.commitment IS NULL) OR (NEW.cancellation IS NULL) <> (OLD.cancellation IS NULL) BEGIN
  INSERT INTO search_changes (item_id, at) SELECT id, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM raffles WHERE id = NEW.raffle_id;
END;
--> statement-breakpoint
CREATE TRIGGER `ticket_types_searched_new` AFTER INSERT ON `ticket_types` BEGIN
  INSERT INTO search_changes (item_id, at) SELECT id, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM events WHERE id = NEW.event_id AND status <> 'draft';
END;
--> statement-breakpoint
CREATE TRIGGER `ticket_types_searched` AFTER UPDATE OF `price_amount`, `price_currency`, `is_hidden` ON `ticket_types` BEGIN
  INSERT INTO search_changes (item_id, at) SELECT id, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM events WHERE id = NEW.event_id AND status <> 'draft';
END;
--> statement-breakpoint
CREATE TRIGGER `ticket_types_searched_no_more` AFTER DELETE ON `ticket_types` BEGIN
  INSERT INTO search_changes (item_id, at) SELECT id, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM events WHERE id = OLD.event_id AND status <> 'draft';
END;
--> statement-breakpoint
CREATE TRIGGER `categories_searched` AFTER UPDATE OF `name`, `slug` ON `categories` WHEN NEW.name <> OLD.name OR NEW.slug <> OLD.slug BEGIN
  INSERT INTO search_changes (item_id, at) SELECT id, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM (SELECT id FROM events WHERE category_id = NEW.id AND status <> 'draft' UNION ALL SELECT id FROM raffles WHERE category_id = NEW.id AND status <> 'draft' UNION ALL SELECT id FROM products WHERE category_id = NEW.id AND status = 'active');
END;
--> statement-breakpoint
CREATE TRIGGER `organisations_searched` AFTER UPDATE OF `name`, `slug` ON `organisations` WHEN NEW.name <> OLD.name OR NEW.slug <> OLD.slug BEGIN
  INSERT INTO search_changes (item_id, at) SELECT id, CAST(unixepoch('subsec') * 1000 AS INTEGER) FROM (SELECT id FROM events WHERE organisation_id = NEW.id AND status <> 'draft' UNION ALL SELECT id FROM raffles WHERE organisation_id = NEW.id AND status <> 'draft' UNION ALL SELECT id FROM products WHERE organisation_id = NEW.id AND status = 'active');
END;
