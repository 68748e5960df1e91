-- The peers' tables, for PostgreSQL and for SQLite. They hold the facts that our own tables hold about the same sale.

-- `page` is the raffle as the API shows it, without the counts. Numbers are given out by index: the next one is `taken`.
CREATE TABLE raffles (
  id TEXT PRIMARY KEY,
  organisation_id TEXT NOT NULL,
  title TEXT NOT NULL,
  price BIGINT NOT NULL,
  currency TEXT NOT NULL,
  total BIGINT NOT NULL,
  taken BIGINT NOT NULL CHECK (taken <= total),
  sold BIGINT NOT NULL CHECK (sold <= taken),
  opens_at BIGINT NOT NULL,
  closes_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  page TEXT NOT NULL
);
CREATE INDEX raffles_created ON raffles (created_at, id);

-- The tickets at `first_index` and the next ones, `quantity` in all.
CREATE TABLE reservations (
  id TEXT PRIMARY KEY,
  raffle_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'sold', 'released', 'voided')),
  first_index BIGINT NOT NULL,
  quantity BIGINT NOT NULL CHECK (quantity > 0),
  created_at BIGINT NOT NULL,
  held_until BIGINT,
  issued_at BIGINT,
  UNIQUE (user_id, key),
  UNIQUE (raffle_id, first_index)
);

CREATE TABLE orders (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  key TEXT NOT NULL,
  request TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  status TEXT NOT NULL CHECK (status IN ('pending', 'paid', 'expired', 'cancelled', 'refund_due')),
  pay_until BIGINT NOT NULL,
  receipt TEXT,
  settled_at BIGINT,
  due_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (user_id, key)
);
CREATE INDEX orders_due ON orders (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE order_lines (
  order_id TEXT NOT NULL,
  line BIGINT NOT NULL,
  raffle_id TEXT NOT NULL,
  organisation_id TEXT NOT NULL,
  title TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  unit_amount BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('held', 'issued', 'lost', 'released', 'refunded')),
  reservation_id TEXT NOT NULL,
  PRIMARY KEY (order_id, line)
);
CREATE INDEX order_lines_raffle ON order_lines (raffle_id, order_id);

CREATE TABLE payments (
  id TEXT PRIMARY KEY,
  order_id TEXT NOT NULL,
  key TEXT NOT NULL,
  provider TEXT NOT NULL,
  amount BIGINT NOT NULL,
  currency TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('starting', 'pending', 'succeeded', 'failed', 'expired')),
  reference TEXT NOT NULL,
  due_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (order_id, key),
  UNIQUE (provider, reference)
);
CREATE INDEX payments_due ON payments (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE receipts (
  provider TEXT NOT NULL,
  reference TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  order_id TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (provider, reference)
);
CREATE INDEX receipts_order ON receipts (order_id);

CREATE TABLE transfers (
  transaction_id TEXT NOT NULL,
  part BIGINT NOT NULL,
  debit TEXT NOT NULL,
  credit TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount BIGINT NOT NULL CHECK (amount > 0),
  order_id TEXT,
  raffle_id TEXT,
  at BIGINT NOT NULL,
  PRIMARY KEY (transaction_id, part)
);
CREATE INDEX transfers_raffle ON transfers (raffle_id) WHERE raffle_id IS NOT NULL;

CREATE TABLE order_events (
  order_id TEXT NOT NULL,
  key TEXT NOT NULL,
  at BIGINT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (order_id, key)
);

CREATE TABLE webhooks (
  provider TEXT NOT NULL,
  event_id TEXT NOT NULL,
  payment_id TEXT NOT NULL,
  body TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  done_at BIGINT,
  PRIMARY KEY (provider, event_id)
);
CREATE INDEX webhooks_open ON webhooks (received_at) WHERE done_at IS NULL;

CREATE TABLE mails (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  due_at BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
