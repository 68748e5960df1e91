DROP INDEX `products_price_order`;--> statement-breakpoint
CREATE INDEX `products_organisation_price` ON `products` (`organisation_id`,`status`,`price_currency`,`price_amount`,`id`);--> statement-breakpoint
CREATE INDEX `products_price_order` ON `products` (`status`,`price_currency`,`price_amount`,`id`);