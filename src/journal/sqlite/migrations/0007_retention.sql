-- What has ended long ago loses its contents: `delivery_content` loses rows, events lose their bodies or go. An empty body says so,
-- for a packed one is never empty. Events that still have theirs are found by an index of those alone.
CREATE INDEX event_kept ON event (raised_at, seq) WHERE length(body) > 0;

-- Tasks that one process at a time is to do.
CREATE TABLE lease (
    task        TEXT PRIMARY KEY,
    owner       BLOB NOT NULL,
    until       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Open requests about personal data, by what they came with.
CREATE INDEX privacy_open ON privacy (delivery) WHERE finished_at IS NULL;
