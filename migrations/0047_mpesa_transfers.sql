CREATE TABLE `mpesa_transfers` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`requests` integer NOT NULL,
	`requested_at` integer NOT NULL,
	`conversation` text,
	`refusal` text,
	`status_asked_at` integer
) WITHOUT ROWID;
