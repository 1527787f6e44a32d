-- The shop's only table; made on the primary before the application starts, replicated to every standby.
CREATE TABLE IF NOT EXISTS orders (
  id text PRIMARY KEY,
  item text NOT NULL,
  region text NOT NULL,
  placed_at timestamptz NOT NULL DEFAULT now()
);
