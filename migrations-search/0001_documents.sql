-- One row for each thing that was ever public. A row that is not listed stays, so that a late writer cannot bring it back.
CREATE TABLE `documents` (
  `number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
  `id` text NOT NULL UNIQUE,
  `type` text NOT NULL,
  -- The rebuild, and the state of the main database, that it was written from: an older writer changes nothing.
  `pass` integer NOT NULL,
  `version` integer NOT NULL,
  `is_listed` integer NOT NULL,
  -- What a search shows, as JSON.
  `hit` text NOT NULL,
  -- The status without the clock, and the instants at which the clock changes it.
  `status` text NOT NULL,
  `opens_at` integer,
  `closes_at` integer,
  `ends_at` integer,
  `date` integer,
  -- The lowest and the highest price by currency: {"KES":[0,5000]}
  `prices` text NOT NULL,
  `latitude` real,
  `longitude` real,
  `city` text,
  `folded_city` text,
  `category_slug` text,
  `category_name` text,
  -- Each tag as it is written, by its folded form.
  `tags` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `documents_pass` ON `documents` (`pass`);
--> statement-breakpoint
-- Text is folded before it comes here (src/core/fold.ts), and its words stand between spaces: all else is a letter.
CREATE VIRTUAL TABLE `texts` USING fts5(
  title, names, place, body, marks,
  content = '', contentless_delete = 1, prefix = '2 3',
  tokenize = "ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\]^_`{|}~'"
);
--> statement-breakpoint
-- The words that a misspelt one may have meant.
CREATE TABLE `vocabulary` (
  `number` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
  `word` text NOT NULL UNIQUE,
  `pass` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `vocabulary_pass` ON `vocabulary` (`pass`);
--> statement-breakpoint
CREATE VIRTUAL TABLE `spellings` USING fts5(spelling, content = '', contentless_delete = 1, tokenize = 'trigram');
--> statement-breakpoint
CREATE TRIGGER `vocabulary_spelt` AFTER INSERT ON `vocabulary` BEGIN
  INSERT INTO spellings (rowid, spelling) VALUES (NEW.number, '··' || NEW.word || '··');
END;
--> statement-breakpoint
CREATE TRIGGER `vocabulary_forgotten` AFTER DELETE ON `vocabulary` BEGIN
  DELETE FROM spellings WHERE rowid = OLD.number;
END;
--> statement-breakpoint
-- How far the index is: one row.
CREATE TABLE `progress` (
  `only` integer PRIMARY KEY CHECK (`only` = 1),
  -- Grows with each rebuild.
  `pass` integer NOT NULL,
  -- The last change of the main database that is in the index; null: the index must be rebuilt.
  `clock` integer,
  -- Where the rebuild is: the last id, without its kind, that was read; null: no rebuild is under way.
  `walk` text,
  -- When a rebuild began last (ms).
  `began_at` integer
);
--> statement-breakpoint
-- A new index fills itself.
INSERT INTO `progress` (`only`, `pass`, `clock`, `walk`, `began_at`) VALUES (1, 0, NULL, NULL, NULL);
