-- The journal. Times are microseconds UTC since 1970; numbers of deliveries and events are 16 bytes.
-- Unique keys are where promise P2 lands. Indexes on `due` hold unfinished rows only, so history does not slow the work.

CREATE TABLE delivery (
    seq         INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE,
    origin      TEXT NOT NULL,             -- storefront/kiwi-web, office/kiwi
    topic       TEXT NOT NULL,
    dedupe_key  TEXT NOT NULL,
    fold_key    TEXT,
    bytes       INTEGER NOT NULL,          -- length of the body as it came
    received_at INTEGER NOT NULL,
    state       TEXT NOT NULL,             -- new, handled, ignored, rejected, discarded
    reason      TEXT NOT NULL DEFAULT '',
    due         INTEGER,                   -- when it is to be taken (again); NULL when final
    fence       INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    duplicates  INTEGER NOT NULL DEFAULT 0,
    changed_at  INTEGER NOT NULL,
    UNIQUE (origin, dedupe_key)
) STRICT;
CREATE UNIQUE INDEX delivery_fold ON delivery (origin, fold_key) WHERE fold_key IS NOT NULL;
CREATE INDEX delivery_due ON delivery (due, seq) WHERE due IS NOT NULL;

-- What came, apart from its state: SQLite rewrites a whole row when one field of it changes.
CREATE TABLE delivery_content (
    delivery    INTEGER PRIMARY KEY,       -- delivery.seq
    headers     TEXT NOT NULL,
    body        BLOB NOT NULL              -- packed
) STRICT;

CREATE TABLE poll_cursor (
    task        TEXT PRIMARY KEY,
    position    TEXT NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    seq         INTEGER PRIMARY KEY,
    id          BLOB NOT NULL UNIQUE,
    delivery    BLOB NOT NULL,
    channel     TEXT NOT NULL,
    kind        TEXT NOT NULL,             -- sale.invoiced, stock.changed, …
    entity      TEXT NOT NULL,
    source_document TEXT NOT NULL,
    version     INTEGER NOT NULL,
    raised_at   INTEGER NOT NULL,
    body        BLOB NOT NULL,             -- CloudEvents JSON, packed
    UNIQUE (channel, kind, source_document)
) STRICT;
CREATE INDEX event_delivery ON event (delivery);
CREATE INDEX event_entity ON event (entity, seq);

CREATE TABLE handling (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    event       INTEGER NOT NULL,          -- event.seq
    handler     TEXT NOT NULL,
    channel     TEXT NOT NULL,
    entity      TEXT NOT NULL,
    state       TEXT NOT NULL,             -- ready, published, running, waiting, done, ignored, dead, discarded
    due         INTEGER,                   -- NULL when final
    fence       INTEGER NOT NULL DEFAULT 0,
    failures    INTEGER NOT NULL DEFAULT 0,
    turn        INTEGER,                   -- token of the turn it runs under
    waits_kind  TEXT,                      -- what wakes it: a link, or the entity's turn
    waits_key   TEXT,
    reason      TEXT NOT NULL DEFAULT '',
    action      TEXT NOT NULL DEFAULT '',
    raised_at   INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    UNIQUE (event, handler)
) STRICT;
CREATE INDEX handling_due ON handling (channel, due, id) WHERE due IS NOT NULL;
CREATE INDEX handling_waits ON handling (channel, waits_kind, waits_key) WHERE waits_key IS NOT NULL;

-- Who works on an entity. A row is there while somebody does.
CREATE TABLE turn (
    channel     TEXT NOT NULL,
    entity      TEXT NOT NULL,
    token       INTEGER NOT NULL,
    held        INTEGER NOT NULL,          -- handlings still running under it
    until       INTEGER NOT NULL,
    PRIMARY KEY (channel, entity)
) STRICT, WITHOUT ROWID;

CREATE TABLE effect (
    channel     TEXT NOT NULL,
    key         TEXT NOT NULL,
    handling    INTEGER NOT NULL,
    kind        TEXT NOT NULL DEFAULT '',
    state       TEXT NOT NULL,             -- intended, done
    result      TEXT NOT NULL DEFAULT '',
    times       INTEGER NOT NULL DEFAULT 0, -- how often it was recorded as done
    changed_at  INTEGER NOT NULL,
    PRIMARY KEY (channel, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX effect_handling ON effect (handling);

CREATE TABLE link (
    channel     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    key         TEXT NOT NULL,             -- ours
    other       TEXT NOT NULL,             -- theirs
    PRIMARY KEY (key, channel, kind),      -- what tells rows apart comes first: neither index serves the other's look-up
    UNIQUE (other, channel, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE written (
    channel     TEXT NOT NULL,
    entity      TEXT NOT NULL,
    version     INTEGER NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (channel, entity)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    handling    INTEGER UNIQUE,
    delivery    BLOB UNIQUE,
    since       INTEGER NOT NULL
) STRICT;

CREATE TABLE channel (
    name        TEXT PRIMARY KEY,
    paused      TEXT                       -- the reason, while it is paused
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    at          INTEGER NOT NULL,
    who         TEXT NOT NULL,
    what        TEXT NOT NULL,             -- pause, resume, retry, discard, replay
    subject     TEXT NOT NULL,
    why         TEXT NOT NULL
) STRICT;

-- Running totals, so that figures cost the same however long the history is.
CREATE TABLE tally (
    what        TEXT NOT NULL,
    name        TEXT NOT NULL,
    state       TEXT NOT NULL,
    shard       INTEGER NOT NULL,
    n           INTEGER NOT NULL,
    PRIMARY KEY (what, name, state, shard)
) STRICT, WITHOUT ROWID;

-- Written to find out whether writing works.
CREATE TABLE pulse (
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL
) STRICT;
