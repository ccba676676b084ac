-- The archive of the event log. It belongs to the database's administrator, who runs this once (it may run again):
-- the role of the archive can add events and read them, and neither change nor remove one, not even its own.

CREATE SCHEMA IF NOT EXISTS archive;

CREATE TABLE IF NOT EXISTS archive.event (
    sequence bigint PRIMARY KEY CHECK (sequence > 0),
    subject text NOT NULL,
    id text,
    time timestamptz,
    data bytea NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);

GRANT USAGE ON SCHEMA archive TO archive;
GRANT SELECT, INSERT ON archive.event TO archive;
