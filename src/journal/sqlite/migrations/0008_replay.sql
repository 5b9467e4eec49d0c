-- Replays: who wanted what done again, when, and how far it has come.
CREATE TABLE replay (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    mode        TEXT NOT NULL,             -- handle, normalise
    selection   TEXT NOT NULL,             -- JSON
    who         TEXT NOT NULL,
    per_second  INTEGER NOT NULL,
    total       INTEGER NOT NULL,             -- counted when it was begun
    done        INTEGER NOT NULL DEFAULT 0,
    place       TEXT NOT NULL,             -- after this event or delivery it goes on
    stop        TEXT NOT NULL,             -- the last one it was begun for
    begun_at    INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;
