-- The journal. Times are microseconds UTC since 1970; numbers of deliveries and events are 16 bytes.
-- Unique keys are where promise P2 lands. Indexes on `due` hold unfinished rows only, so history does not slow the work.
-- Keys are in byte order (COLLATE "C"): batches lock in the order this program sorts in.
-- There are no foreign keys: rows are never deleted while another needs them, and each would cost a lock per insert.

CREATE SEQUENCE event_seq;
CREATE SEQUENCE handling_id;

CREATE TABLE delivery (
    id          BYTEA PRIMARY KEY,
    origin      TEXT COLLATE "C" NOT NULL,           -- storefront/kiwi-web, office/kiwi
    topic       TEXT NOT NULL,
    dedupe_key  TEXT COLLATE "C" NOT NULL,
    fold_key    TEXT COLLATE "C",
    headers     TEXT NOT NULL,
    body        BYTEA NOT NULL,                      -- packed
    bytes       BIGINT NOT NULL,                     -- length of the body as it came
    received_at BIGINT NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,           -- new, handled, ignored, rejected, discarded
    reason      TEXT NOT NULL DEFAULT '',
    due         BIGINT,                              -- when it is to be taken (again); NULL when final
    fence       BIGINT NOT NULL DEFAULT 0,
    attempts    BIGINT NOT NULL DEFAULT 0,
    duplicates  BIGINT NOT NULL DEFAULT 0,
    changed_at  BIGINT NOT NULL,
    UNIQUE (origin, dedupe_key)
) WITH (fillfactor = 90);
-- Packed already: compressing again would only cost time.
ALTER TABLE delivery ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX delivery_fold ON delivery (origin, fold_key) WHERE fold_key IS NOT NULL;
CREATE INDEX delivery_due ON delivery (due, id) WHERE due IS NOT NULL;

CREATE TABLE poll_cursor (
    task        TEXT COLLATE "C" PRIMARY KEY,
    position    TEXT NOT NULL,
    changed_at  BIGINT NOT NULL
);

CREATE TABLE event (
    seq         BIGINT PRIMARY KEY DEFAULT nextval('event_seq'),
    id          BYTEA NOT NULL UNIQUE,
    delivery    BYTEA NOT NULL,
    channel     TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,           -- sale.invoiced, stock.changed, …
    entity      TEXT COLLATE "C" NOT NULL,
    source_document TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    raised_at   BIGINT NOT NULL,
    body        BYTEA NOT NULL,                      -- CloudEvents JSON, packed
    UNIQUE (channel, kind, source_document)
);
ALTER TABLE event ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX event_delivery ON event (delivery);
CREATE INDEX event_entity ON event (entity, seq);

CREATE TABLE handling (
    id          BIGINT PRIMARY KEY DEFAULT nextval('handling_id'),
    event       BIGINT NOT NULL,                     -- event.seq
    handler     TEXT COLLATE "C" NOT NULL,
    channel     TEXT COLLATE "C" NOT NULL,
    entity      TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,           -- ready, published, running, waiting, done, ignored, dead, discarded
    due         BIGINT,                              -- NULL when final
    fence       BIGINT NOT NULL DEFAULT 0,
    failures    BIGINT NOT NULL DEFAULT 0,
    turn        BIGINT,                              -- token of the turn it runs under
    waits_kind  TEXT COLLATE "C",                    -- what wakes it: a link, or the entity's turn
    waits_key   TEXT COLLATE "C",
    reason      TEXT NOT NULL DEFAULT '',
    action      TEXT NOT NULL DEFAULT '',
    raised_at   BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL,
    UNIQUE (event, handler)
)
-- Each row is rewritten three times in its life: room on its page for the next version, and early vacuuming by count
-- rather than by share, which would come ever later as history grows.
WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 50000);
CREATE INDEX handling_due ON handling (channel, due, id) WHERE due IS NOT NULL;
CREATE INDEX handling_waits ON handling (channel, waits_kind, waits_key) WHERE waits_key IS NOT NULL;

-- Who works on an entity. A row is there while somebody does.
CREATE TABLE turn (
    channel     TEXT COLLATE "C" NOT NULL,
    entity      TEXT COLLATE "C" NOT NULL,
    token       BIGINT NOT NULL,
    held        BIGINT NOT NULL,                     -- handlings still running under it
    until       BIGINT NOT NULL,
    PRIMARY KEY (channel, entity)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE TABLE effect (
    channel     TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    handling    BIGINT NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL DEFAULT '',
    state       TEXT COLLATE "C" NOT NULL,           -- intended, done
    result      TEXT NOT NULL DEFAULT '',
    times       BIGINT NOT NULL DEFAULT 0,           -- how often it was recorded as done
    changed_at  BIGINT NOT NULL,
    PRIMARY KEY (channel, key)
) WITH (fillfactor = 85);
CREATE INDEX effect_handling ON effect (handling);

CREATE TABLE link (
    channel     TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,           -- ours
    other       TEXT COLLATE "C" NOT NULL,           -- theirs
    PRIMARY KEY (key, channel, kind),                -- what tells rows apart comes first: neither index serves the other's look-up
    UNIQUE (other, channel, kind)
);

CREATE TABLE written (
    channel     TEXT COLLATE "C" NOT NULL,
    entity      TEXT COLLATE "C" NOT NULL,
    version     BIGINT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (channel, entity)
);

CREATE TABLE dead (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handling    BIGINT UNIQUE,
    delivery    BYTEA UNIQUE,
    since       BIGINT NOT NULL
);

CREATE TABLE channel (
    name        TEXT COLLATE "C" PRIMARY KEY,
    paused      TEXT                                 -- the reason, while it is paused
);

CREATE TABLE audit (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          BIGINT NOT NULL,
    who         TEXT NOT NULL,
    what        TEXT COLLATE "C" NOT NULL,           -- pause, resume, retry, discard, replay
    subject     TEXT NOT NULL,
    why         TEXT NOT NULL
);

-- Running totals, so that figures cost the same however long the history is. Each connection adds to one shard.
CREATE TABLE tally (
    what        TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    state       TEXT COLLATE "C" NOT NULL,
    shard       INT NOT NULL,
    n           BIGINT NOT NULL,
    PRIMARY KEY (what, name, state, shard)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- Written to find out whether writing works.
CREATE TABLE pulse (
    id          BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL
);
