-- What has ended long ago loses its contents. An empty body says so, for a packed one is never empty. What still has its contents is
-- found by indexes of those alone; a delivery enters when it ends, so that taking it in costs the same.
CREATE INDEX event_kept ON event (raised_at, seq) WHERE length(body) > 0;
CREATE INDEX delivery_kept ON delivery (received_at, id) WHERE due IS NULL AND state <> 'rejected' AND length(body) > 0;

-- Tasks that one process at a time is to do.
CREATE TABLE lease (
    task        TEXT COLLATE "C" PRIMARY KEY,
    owner       BYTEA NOT NULL,
    until       BIGINT NOT NULL
);

-- Open requests about personal data, by what they came with.
CREATE INDEX privacy_open ON privacy (delivery) WHERE finished_at IS NULL;
