CREATE TABLE `audit` (
	`id` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`organisation_id` text,
	`action` text NOT NULL,
	`subject_kind` text NOT NULL,
	`subject_id` text NOT NULL,
	`fields` text NOT NULL,
	`request_id` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_subject` ON `audit` (`subject_id`);
--> statement-breakpoint
-- By hand: what is written stays as it is. Keep everything from here on where this migration is generated again.
CREATE TRIGGER `audit_stays` BEFORE UPDATE ON `audit` BEGIN SELECT RAISE(ABORT, 'the audit is never changed'); END;
--> statement-breakpoint
CREATE TRIGGER `audit_remains` BEFORE DELETE ON `audit` BEGIN SELECT RAISE(ABORT, 'the audit is never deleted'); END;
